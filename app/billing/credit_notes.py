"""Credit notes: what refunds and cancellations take back of an invoice, with its share of tax."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.invoice_content import (
    CreditLine,
    CreditNoteContent,
    InvoiceContent,
    hash_content,
)
from app.billing.models import CreditNote, Invoice
from app.billing.numbering import CREDIT_NOTE_SERIES, take_number
from app.core import clock
from app.core.numbers import new_token

log = logging.getLogger(__name__)
# The part of an amount that belongs to no line, such as a lost dispute.
BALANCE = "balance"
CHARGES, SHIPPING = "charges", "shipping"


@dataclass(frozen=True, slots=True)
class CreditPart:
    """What is to be taken back of a part of an invoice, tax included."""

    part: int | str
    description: str
    amount: int


def split_tax(amount: int, *, net_left: int, tax_left: int) -> int:
    """Return the tax in ``amount``, of something with this net and tax left.

    It is proportional, halves rounded up. The last credit takes what is left, so that all credits
    of an invoice together are its net and its tax to the cent.

    >>> split_tax(5450, net_left=10000, tax_left=900)
    450
    """
    left = net_left + tax_left
    share = (2 * amount * tax_left + left) // (2 * left) if left > 0 else 0
    return max(min(share, tax_left, amount), amount - net_left, 0)


def issue_credit_note(
    session: Session,
    invoice: Invoice,
    parts: Sequence[CreditPart],
    *,
    issued_for: str,
    reason: str,
    is_refund: bool,
    actor: Actor,
) -> CreditNote | None:
    """Issue a credit note for ``parts``, as far as the invoice is not credited yet.

    None: nothing of it is left to credit.
    """
    content = InvoiceContent.model_validate(invoice.content)
    lines = _credit_lines(invoice, content, parts)
    if not lines:
        return None
    today = clock.today(content.seller.time_zone)
    prefix = content.seller.credit_note_prefix
    number, sequence = take_number(session, CREDIT_NOTE_SERIES, prefix=prefix, year=today.year)
    net = sum(line.net_amount for line in lines)
    tax = sum(line.tax_amount for line in lines)
    printed = CreditNoteContent(
        number=number,
        issued_on=today,
        invoice_number=invoice.number,
        invoice_issued_on=invoice.issued_on,
        order_number=invoice.order_number,
        seller=content.seller,
        currency=invoice.currency,
        country=content.country,
        licensee=content.licensee,
        bill_to=content.bill_to,
        po_number=content.po_number,
        reason=reason[:500],
        is_refund=is_refund,
        lines=lines,
        subtotal_amount=net,
        tax_amount=tax,
        total_amount=net + tax,
    ).model_dump(mode="json")
    note = CreditNote(
        number=number,
        access_token=new_token(),
        invoice=invoice,
        issued_for=issued_for,
        seller_key=prefix,
        year=today.year,
        sequence=sequence,
        currency=invoice.currency,
        subtotal_amount=net,
        tax_amount=tax,
        total_amount=net + tax,
        reason=reason[:500],
        issued_on=today,
        content=printed,
        sha256=hash_content(printed),
    )
    session.add(note)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="credit_note.issued",
        object_type="credit_note",
        object_ref=number,
        after={"invoice": invoice.number, "total": net + tax, "sha256": note.sha256},
        reason=reason,
    )
    log.info("credit_note.issued", extra={"credit_note": number, "invoice": invoice.number})
    return note


def void_credit_note(session: Session, note: CreditNote, *, actor: Actor, reason: str) -> None:
    """Void a credit note because its cause was undone. Safe to repeat."""
    if note.is_void:
        return
    note.voided_at, note.void_reason = clock.now(), reason[:500]
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="credit_note.voided",
        object_type="credit_note",
        object_ref=note.number,
        reason=reason,
    )


def sum_credits(invoice: Invoice) -> int:
    """Return what the invoice's credit notes take back together."""
    return sum(note.total_amount for note in invoice.credit_notes if not note.is_void)


def _credit_lines(
    invoice: Invoice, content: InvoiceContent, parts: Sequence[CreditPart]
) -> tuple[CreditLine, ...]:
    """Split each part into net and tax, by what is left of the part and of the whole invoice."""
    net_of, tax_of = _amounts_of_parts(content)
    live = [note for note in invoice.credit_notes if not note.is_void]
    for note in live:
        for line in CreditNoteContent.model_validate(note.content).lines:
            net_of[line.part] -= line.net_amount
            tax_of[line.part] -= line.tax_amount
    net_left = invoice.subtotal_amount - sum(note.subtotal_amount for note in live)
    tax_left = invoice.tax_amount - sum(note.tax_amount for note in live)
    lines = []
    for part in parts:
        amount = min(part.amount, net_left + tax_left)
        if amount <= 0:
            continue
        has_own = net_of[part.part] + tax_of[part.part] >= amount
        own = (net_of[part.part], tax_of[part.part]) if has_own else (net_left, tax_left)
        share = split_tax(amount, net_left=own[0], tax_left=own[1])
        # A part never takes more than the invoice has left of either.
        tax = max(min(share, tax_left), amount - net_left)
        net_left, tax_left = net_left - (amount - tax), tax_left - tax
        net_of[part.part] -= amount - tax
        tax_of[part.part] -= tax
        lines.append(
            CreditLine(
                part=part.part,
                description=part.description,
                net_amount=amount - tax,
                tax_amount=tax,
            )
        )
    return tuple(lines)


def _amounts_of_parts(
    content: InvoiceContent,
) -> tuple[Counter[int | str], Counter[int | str]]:
    """Return the net and the tax of each part. Tax that is on no line is on shipping or charges."""
    net: Counter[int | str] = Counter({line.number: line.amount for line in content.lines})
    tax: Counter[int | str] = Counter({line.number: line.tax_amount for line in content.lines})
    net[CHARGES] = sum(charge.amount for charge in content.charges)
    net[SHIPPING] = content.shipping_amount
    rest = content.tax_amount - sum(line.tax_amount for line in content.lines)
    both = net[CHARGES] + net[SHIPPING]
    if both:
        tax[SHIPPING] = rest * net[SHIPPING] // both
        tax[CHARGES] = rest - tax[SHIPPING]
    return net, tax
