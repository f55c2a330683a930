"""API schemas of invoices and credit notes."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from app.billing.invoice_emails import credit_note_url, invoice_url
from app.billing.models import CreditNote, Invoice
from app.billing.states import InvoiceState
from app.core.money import Money, MoneyOut


class CreditNoteOut(BaseModel):
    """A credit note, which takes back an invoice or a part of it."""

    number: str = Field(examples=["CN-2026-00003"])
    issued_on: date
    is_void: bool = Field(description="Whether its cause was undone, so that it counts no more")
    reason: str
    subtotal: MoneyOut
    tax: MoneyOut
    total: MoneyOut
    url: str = Field(description="Its page; the link includes the access token")
    pdf_url: str

    @classmethod
    def of(cls, note: CreditNote) -> Self:
        """Return the credit note in its API shape."""
        return cls(
            number=note.number,
            issued_on=note.issued_on,
            is_void=note.is_void,
            reason=note.reason,
            subtotal=MoneyOut.of(Money(note.subtotal_amount, note.currency)),
            tax=MoneyOut.of(Money(note.tax_amount, note.currency)),
            total=MoneyOut.of(note.total),
            url=credit_note_url(note),
            pdf_url=credit_note_url(note, pdf=True),
        )


class InvoiceOut(BaseModel):
    """An invoice, and what is paid of it now."""

    number: str = Field(examples=["INV-2026-00012"])
    state: InvoiceState
    issued_on: date
    due_on: date
    subtotal: MoneyOut = Field(description="Everything before tax")
    tax: MoneyOut
    total: MoneyOut
    paid: MoneyOut = Field(description="Payments, less what was refunded")
    credited: MoneyOut = Field(description="Credit notes that count")
    balance: MoneyOut = Field(description="The amount due; zero for a void invoice")
    url: str = Field(description="Its page; the link includes the access token")
    pdf_url: str
    replaces: str | None = Field(description="The void invoice that it replaces")
    credit_notes: list[CreditNoteOut]

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        """Return the invoice in its API shape."""
        return cls(**cls._fields(invoice))

    @classmethod
    def _fields(cls, invoice: Invoice) -> dict[str, Any]:
        def money(amount: int) -> MoneyOut:
            return MoneyOut.of(Money(amount, invoice.currency))

        return {
            "number": invoice.number,
            "state": invoice.state,
            "issued_on": invoice.issued_on,
            "due_on": invoice.due_on,
            "subtotal": money(invoice.subtotal_amount),
            "tax": money(invoice.tax_amount),
            "total": money(invoice.total_amount),
            "paid": money(invoice.paid_amount),
            "credited": money(invoice.credited_amount),
            "balance": MoneyOut.of(invoice.balance),
            "url": invoice_url(invoice),
            "pdf_url": invoice_url(invoice, pdf=True),
            "replaces": invoice.replaces,
            "credit_notes": [CreditNoteOut.of(note) for note in invoice.credit_notes],
        }


class StaffInvoiceOut(InvoiceOut):
    """An invoice with all that staff know of it."""

    order_number: str
    bill_to: str
    po_number: str | None
    email: str = Field(description="Where it was sent")
    written_off: MoneyOut
    sha256: str = Field(description="Of its content in canonical JSON")
    pdf_sha256: str = Field(description="Empty until the PDF is drawn")
    voided_at: datetime | None
    void_reason: str

    @classmethod
    def _fields(cls, invoice: Invoice) -> dict[str, Any]:
        return super()._fields(invoice) | {
            "order_number": invoice.order_number,
            "bill_to": invoice.bill_to,
            "po_number": invoice.po_number,
            "email": invoice.email,
            "written_off": MoneyOut.of(Money(invoice.written_off_amount, invoice.currency)),
            "sha256": invoice.sha256,
            "pdf_sha256": invoice.pdf_sha256,
            "voided_at": invoice.voided_at,
            "void_reason": invoice.void_reason,
        }
