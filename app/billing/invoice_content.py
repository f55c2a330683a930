"""What is printed on an invoice and on a credit note, as data. It never changes once it is issued.

The hash is that of the canonical JSON: sorted keys, no spaces, UTF-8.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.billing.sellers import LegalSeller
from app.billing.states import TaxState
from app.core.money import Money


class _Printed(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class InvoiceLine(_Printed):
    """One license, and what it costs."""

    number: int
    film: str
    offer: str
    sku: str
    term: str
    license_number: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    quantity: int
    list_unit_amount: int | None = None
    unit_amount: int
    amount: int
    tax_amount: int = 0


class InvoiceCharge(_Printed):
    """Something that is no license, such as captioning."""

    description: str
    amount: int


class InvoicePayment(_Printed):
    """A payment that came before the invoice. Later ones are on its page."""

    method: str
    number: str = ""
    received_on: date
    amount: int


class InvoiceTax(_Printed):
    """One tax, summed over the lines it is on."""

    label: str
    amount: int


class InvoiceFacts(_Printed):
    """What an order says for its invoice. All amounts are minor units of ``currency``."""

    seller: LegalSeller
    order_number: str
    institution_id: int | None = None
    institution_key: str
    currency: str
    country: str
    licensee: str
    bill_to: tuple[str, ...]
    ship_to: tuple[str, ...] = ()
    contact: str = ""
    ap_name: str = ""
    email: str
    is_ap_email: bool = False
    po_number: str | None = None
    quote_number: str | None = None
    due_on: date
    on_terms: bool
    lines: tuple[InvoiceLine, ...]
    charges: tuple[InvoiceCharge, ...] = ()
    charges_tax_amount: int = 0
    shipping_amount: int = 0
    shipping_tax_amount: int = 0
    ships: bool = False
    tax_state: TaxState = TaxState.NONE
    tax_words: str = ""
    taxes: tuple[InvoiceTax, ...] = ()
    tax_amount: int = 0
    payments: tuple[InvoicePayment, ...] = ()
    paid_amount: int = 0

    @property
    def subtotal_amount(self) -> int:
        """Everything before tax."""
        lines = sum(line.amount for line in self.lines)
        return lines + sum(charge.amount for charge in self.charges) + self.shipping_amount

    @property
    def total_amount(self) -> int:
        """What is owed, payments not counted."""
        return self.subtotal_amount + self.tax_amount

    @property
    def balance_amount(self) -> int:
        """What was due when it was issued."""
        return max(self.total_amount - self.paid_amount, 0)

    def money(self, amount: int) -> str:
        """Return an amount as the buyer reads it."""
        return Money(amount, self.currency).words_in(self.country)


class InvoiceContent(InvoiceFacts):
    """An invoice as it is printed."""

    number: str
    issued_on: date
    replaces: str | None = None
    replaced_because: str = ""


class CreditLine(_Printed):
    """A part of an invoice that is taken back: a line's number, or its name."""

    part: int | str
    description: str
    net_amount: int
    tax_amount: int

    @property
    def amount(self) -> int:
        """What it takes back, tax included."""
        return self.net_amount + self.tax_amount


class CreditNoteContent(_Printed):
    """A credit note as it is printed."""

    number: str
    issued_on: date
    invoice_number: str
    invoice_issued_on: date
    order_number: str
    seller: LegalSeller
    currency: str
    country: str
    licensee: str
    bill_to: tuple[str, ...]
    po_number: str | None = None
    reason: str
    is_refund: bool
    lines: tuple[CreditLine, ...]
    subtotal_amount: int
    tax_amount: int
    total_amount: int

    def money(self, amount: int) -> str:
        """Return an amount as the buyer reads it."""
        return Money(amount, self.currency).words_in(self.country)


def hash_content(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of the content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sum_taxes(tax_lines: Sequence[dict[str, Any]]) -> tuple[InvoiceTax, ...]:
    """Return each tax of an order by its name and rate, in the order in which they come."""
    sums: dict[str, int] = {}
    for entry in tax_lines:
        if entry.get("amount"):
            percent = f" {entry['percent']}%" if entry.get("percent") else ""
            label = f"{entry.get('name') or 'Tax'}{percent}"
            sums[label] = sums.get(label, 0) + entry["amount"]
    return tuple(InvoiceTax(label=label, amount=amount) for label, amount in sums.items())
