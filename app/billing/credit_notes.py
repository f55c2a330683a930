"""Credit notes: what refunds and cancellations take back of an invoice, with its share of tax."""

import logging
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
from app.billing.tax import split_refund
from app.core import clock
from app.core.numbers import new_token

log = logging.getLogger(__name__)
# The part of an amount that belongs to no line, such as a lost dispute.
BALANCE = "balance"


@dataclass(frozen=True, slots=True)
class CreditPart:
    """What is to be taken back of a part of an invoice: ``tax`` of ``amount``, if it is known."""

    part: int | str
    description: str
    amount: int
    tax: int | None = None


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
    lines = _credit_lines(invoice, parts)
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
        after={
            "invoice": invoice.number,
            "total": net + tax,
            "currency": invoice.currency,
            "sha256": note.sha256,
        },
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


def _credit_lines(invoice: Invoice, parts: Sequence[CreditPart]) -> tuple[CreditLine, ...]:
    """Split each part into net and tax.

    The last credit takes what is left of the invoice, so all of them add up to its net and tax.
    """
    live = [note for note in invoice.credit_notes if not note.is_void]
    net_left = invoice.subtotal_amount - sum(note.subtotal_amount for note in live)
    tax_left = invoice.tax_amount - sum(note.tax_amount for note in live)
    lines = []
    for part in parts:
        amount = min(part.amount, net_left + tax_left)
        if amount <= 0:
            continue
        share = part.tax
        if share is None:
            share = split_refund(amount, net_left=net_left, tax_left=tax_left)
        # A credit never takes more net or tax than the invoice has left.
        tax = max(min(share, tax_left, amount), amount - net_left)
        net_left, tax_left = net_left - (amount - tax), tax_left - tax
        lines.append(
            CreditLine(
                part=part.part,
                description=part.description,
                net_amount=amount - tax,
                tax_amount=tax,
            )
        )
    return tuple(lines)
