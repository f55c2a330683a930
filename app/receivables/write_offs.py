"""Write-offs: what staff give up of an invoice, until it is paid after all or they undo it."""

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.invoices import transition_invoice
from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core.errors import NotFoundError
from app.orders.fulfillment import transition_order
from app.orders.issues import resolve_issues, sync_amount_issues
from app.orders.payment_recording import sync_payment_state
from app.orders.queries import lock_order
from app.orders.states import IssueCode, PaymentState
from app.receivables.errors import InvoiceNotOpenError

log = logging.getLogger(__name__)
# A bank has yet to say how these end.
_UNDECIDED = (PaymentState.PENDING, PaymentState.DISPUTED)
_UNPAID = (PaymentState.UNPAID, PaymentState.PARTIALLY_PAID)


def write_off(session: Session, number: str, *, actor: Actor, reason: str) -> Invoice:
    """Give up what the invoice still asks for. Safe to repeat. Its licenses stay as they are.

    A later payment opens it again.

    Raises:
        NotFoundError: no invoice has this number.
        InvoiceNotOpenError: nothing is owed, or a bank has yet to decide.
    """
    invoice = get_invoice(session, number)
    order = lock_order(session, invoice.order_number)
    session.refresh(invoice)
    if invoice.state is InvoiceState.WRITTEN_OFF:
        return invoice
    if invoice.state is not InvoiceState.OPEN or order.payment_state in _UNDECIDED:
        state = order.payment_state if order.payment_state in _UNDECIDED else invoice.state
        detail = f"Invoice {number} is {state}. Only an open invoice can be written off."
        raise InvoiceNotOpenError(detail)
    # A part may be given up already, if more is owed since.
    amount, given_up = invoice.balance.amount, invoice.written_off_amount
    invoice.written_off_amount = given_up + amount
    session.flush()
    transition_invoice(session, invoice, InvoiceState.WRITTEN_OFF, actor=actor, reason=reason)
    if order.payment_state in _UNPAID:
        transition_order(session, order, PaymentState.WRITTEN_OFF, actor=actor, reason=reason)
    resolve_issues(session, order, IssueCode.AMOUNT_MISMATCH, actor=actor)
    before = {"amount": given_up, "currency": invoice.currency}
    facts = {"amount": invoice.written_off_amount, "currency": invoice.currency}
    audit.record_action(
        session, "invoice", number, "written_off", actor, before=before, after=facts, reason=reason
    )
    log.warning("invoice.written_off", extra={"invoice": number, "amount": amount})
    return invoice


def undo_write_off(session: Session, number: str, *, actor: Actor, reason: str) -> Invoice:
    """Open a written-off invoice again. Safe to repeat.

    Raises:
        NotFoundError: no invoice has this number.
        InvoiceNotOpenError: it is void or paid.
    """
    invoice = get_invoice(session, number)
    order = lock_order(session, invoice.order_number)
    session.refresh(invoice)
    if invoice.state is InvoiceState.OPEN:
        return invoice
    if invoice.state is not InvoiceState.WRITTEN_OFF:
        detail = f"Invoice {number} is {invoice.state}, not written off."
        raise InvoiceNotOpenError(detail)
    facts = {"amount": invoice.written_off_amount, "currency": invoice.currency}
    invoice.written_off_amount = 0
    session.flush()
    transition_invoice(session, invoice, InvoiceState.OPEN, actor=actor, reason=reason)
    if order.payment_state is PaymentState.WRITTEN_OFF:
        sync_payment_state(session, order, actor=actor, reason=reason)
        sync_amount_issues(session, order, about=f"write-off {number}", actor=actor)
    audit.record_action(
        session, "invoice", number, "write_off_undone", actor, before=facts, reason=reason
    )
    return invoice


def get_invoice(session: Session, number: str) -> Invoice:
    """Return the invoice.

    Raises:
        NotFoundError: no invoice has this number.
    """
    invoice = session.scalar(select(Invoice).where(Invoice.number == number))
    if invoice is None:
        detail = f"Invoice “{number[:40]}” not found."
        raise NotFoundError(detail)
    return invoice
