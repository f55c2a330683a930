"""The job that reminds accounts payable, and pausing its reminders."""

import logging
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.email_outbox import queue_email
from app.orders.models import Order
from app.orders.states import PaymentState
from app.receivables.models import InvoiceReminderRow
from app.receivables.reminder_emails import InvoiceReminder
from app.receivables.reminders import MAX_DELAY, find_reminder
from app.receivables.write_offs import get_invoice

log = logging.getLogger(__name__)
# A bank has yet to say whether these are paid.
_UNDECIDED = (PaymentState.PENDING, PaymentState.DISPUTED)


def send_reminders(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
) -> int:
    """Queue the reminders that are due today, each once ever. Return how many are new."""
    steps = settings.reminder_steps
    if not steps:
        return 0
    today = clock.today(settings.seller_time_zone)
    with readers() as session:
        numbers = session.scalars(
            select(Invoice.number).where(
                *_may_be_reminded(),
                Invoice.due_on >= today - timedelta(days=max(steps)) - MAX_DELAY,
                Invoice.due_on <= today - timedelta(days=min(steps)),
            )
        ).all()
    sent = 0
    for number in numbers:
        with sessions.begin() as session:
            sent += _remind(session, number, steps=steps, today=today)
    return sent


def pause_reminders(session: Session, number: str, *, actor: Actor, reason: str) -> Invoice:
    """Stop the reminders of an invoice until they are resumed. Safe to repeat.

    Raises:
        NotFoundError: no invoice has this number.
    """
    return _set_pause(session, number, reason, actor=actor)


def resume_reminders(session: Session, number: str, *, actor: Actor) -> Invoice:
    """Send the reminders of an invoice again. Steps that were missed stay unsent for good."""
    return _set_pause(session, number, "", actor=actor)


def _set_pause(session: Session, number: str, reason: str, *, actor: Actor) -> Invoice:
    get_invoice(session, number)
    invoice = session.scalars(
        select(Invoice).where(Invoice.number == number).with_for_update()
    ).one()
    if bool(invoice.reminders_paused) != bool(reason):
        verb = "reminders_paused" if reason else "reminders_resumed"
        audit.record_action(session, "invoice", number, verb, actor, reason=reason)
        invoice.reminders_paused = reason
        session.flush()
    return invoice


def _may_be_reminded() -> tuple[ColumnElement[bool], ...]:
    return (Invoice.state == InvoiceState.OPEN, Invoice.reminders_paused == "")


def _remind(session: Session, number: str, *, steps: tuple[int, ...], today: date) -> int:
    """Queue the reminder that is due for one invoice, as it is now."""
    invoice = session.scalar(
        select(Invoice).where(Invoice.number == number, *_may_be_reminded()).with_for_update()
    )
    if invoice is None or not invoice.balance.amount or not invoice.email:
        return 0
    undecided = select(Order.id).where(
        Order.number == invoice.order_number, Order.payment_state.in_(_UNDECIDED)
    )
    if session.scalar(undecided) is not None:
        return 0
    known = session.scalars(
        select(InvoiceReminderRow.step).where(InvoiceReminderRow.invoice_id == invoice.id)
    )
    step = find_reminder(
        steps, issued_on=invoice.issued_on, due_on=invoice.due_on, today=today, sent=known
    )
    if step is None:
        return 0
    values = {
        "invoice_id": invoice.id,
        "step": step,
        "sent_to": invoice.email,
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    index = ["invoice_id", "step"]
    if not insert_ignore(session, InvoiceReminderRow, values, index_elements=index):
        return 0
    queue_email(
        session,
        InvoiceReminder.of(invoice, today=today),
        once=f"{number}:{step}",
        reference=invoice.order_number,
        to=invoice.email,
    )
    audit.record_action(
        session, "invoice", number, "reminded", Actor.system("reminders"), after={"step": step}
    )
    log.info("invoice.reminded", extra={"invoice": number, "step": step})
    return 1
