"""Invoices: issued once for an order, kept in step with its money, voided, and replaced.

``orders`` calls these in the transactions that change an order, with the order locked.
"""

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.billing.invoice_content import InvoiceContent, InvoiceFacts, hash_content
from app.billing.models import Invoice
from app.billing.numbering import INVOICE_SERIES, take_number
from app.billing.states import INVOICE_TRANSITIONS, InvoiceState, TaxState
from app.core import clock
from app.core.numbers import new_token

log = logging.getLogger(__name__)
MAX_REASON_LENGTH = 500
# What the audit log calls a change of what is written off, with the amounts before and after.
WRITE_OFF_ACTIONS = ("invoice.written_off", "invoice.write_off_undone", "invoice.write_off_lowered")


def find_live_invoice(session: Session, order_number: str) -> Invoice | None:
    """Return the invoice of the order that is not void."""
    return session.scalar(
        select(Invoice).where(
            Invoice.order_number == order_number, Invoice.state != InvoiceState.VOID
        )
    )


def issue_invoice(
    session: Session,
    facts: InvoiceFacts,
    *,
    actor: Actor,
    replaces: Invoice | None = None,
) -> Invoice:
    """Issue an invoice with the next number; one that is covered by payments is paid.

    ``replaces`` is a void invoice that it corrects.

    Raises:
        ValueError: the tax is not known yet, or the sums do not add up.
    """
    if facts.tax_state is TaxState.UNRESOLVED:
        msg = f"the tax of order {facts.order_number} is not resolved"
        raise ValueError(msg)
    if facts.tax_amount != sum(tax.amount for tax in facts.taxes):
        msg = f"the taxes of order {facts.order_number} do not add up"
        raise ValueError(msg)
    today = clock.today(facts.seller.time_zone)
    prefix = facts.seller.invoice_prefix
    number, sequence = take_number(session, INVOICE_SERIES, prefix=prefix, year=today.year)
    content = InvoiceContent(
        **dict(facts),
        number=number,
        issued_on=today,
        replaces=replaces.number if replaces else None,
        replaced_because=replaces.void_reason if replaces else "",
    ).model_dump(mode="json")
    is_paid = facts.paid_amount >= facts.total_amount
    invoice = Invoice(
        number=number,
        access_token=new_token(),
        seller_key=prefix,
        year=today.year,
        sequence=sequence,
        order_number=facts.order_number,
        institution_id=facts.institution_id,
        institution_key=facts.institution_key,
        state=InvoiceState.PAID if is_paid else InvoiceState.OPEN,
        currency=facts.currency,
        subtotal_amount=facts.subtotal_amount,
        tax_amount=facts.tax_amount,
        total_amount=facts.total_amount,
        paid_amount=facts.paid_amount,
        credited_amount=0,
        written_off_amount=0,
        issued_on=today,
        due_on=facts.due_on,
        po_number=facts.po_number,
        bill_to=facts.bill_to[0][:200],
        email=facts.email,
        content=content,
        sha256=hash_content(content),
        replaces=replaces.number if replaces else None,
        credit_notes=[],
    )
    session.add(invoice)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="invoice.issued",
        object_type="invoice",
        object_ref=number,
        after={
            "order": facts.order_number,
            "total": facts.total_amount,
            "currency": facts.currency,
            "sha256": invoice.sha256,
        },
        reason=f"replaces {replaces.number}: {replaces.void_reason}" if replaces else "",
    )
    log.info("invoice.issued", extra={"invoice": number, "order": facts.order_number})
    return invoice


def sync_amounts(session: Session, invoice: Invoice, *, paid: int, actor: Actor, why: str) -> None:
    """Bring what is paid and credited, and so the state, in step with the order's money.

    ``paid`` is payments less refunds. A written-off invoice opens again when it is paid in part,
    or when more is owed than was written off.
    """
    written_off = invoice.written_off_amount
    if paid > invoice.paid_amount:
        invoice.written_off_amount = 0
    credited = sum(note.total_amount for note in invoice.credit_notes if not note.is_void)
    if (invoice.paid_amount, invoice.credited_amount) != (paid, credited):
        invoice.paid_amount, invoice.credited_amount = paid, credited
    owed = invoice.total_amount - paid - credited
    invoice.written_off_amount = min(invoice.written_off_amount, max(owed, 0))
    session.flush()
    if invoice.written_off_amount != written_off:
        audit.record_action(
            session,
            "invoice",
            invoice.number,
            "write_off_lowered",
            actor,
            before={"amount": written_off, "currency": invoice.currency},
            after={"amount": invoice.written_off_amount, "currency": invoice.currency},
            reason=why,
        )
    if owed <= 0:
        target = InvoiceState.PAID
    elif invoice.written_off_amount >= owed:
        target = InvoiceState.WRITTEN_OFF
    else:
        target = InvoiceState.OPEN
    if target is not invoice.state:
        transition_invoice(session, invoice, target, actor=actor, reason=why)


def void_invoice(session: Session, invoice: Invoice, *, actor: Actor, reason: str) -> None:
    """Void the invoice: nothing is owed for it any more. Its number is never used again.

    Raises:
        InvalidTransitionError: it is void or written off.
    """
    invoice.void_reason, invoice.voided_at = reason[:MAX_REASON_LENGTH], clock.now()
    session.flush()
    transition_invoice(session, invoice, InvoiceState.VOID, actor=actor, reason=reason)


def transition_invoice(
    session: Session, invoice: Invoice, target: InvoiceState, *, actor: Actor, reason: str
) -> bool:
    """Change the state of the invoice; return whether this call did."""
    return transition(
        session,
        invoice,
        "state",
        target,
        table=INVOICE_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="invoice",
        object_ref=invoice.number,
    )
