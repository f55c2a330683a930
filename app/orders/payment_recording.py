"""Money that reached us, or did not: recorded once, whoever tells us and however often."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.core import clock
from app.core.db import insert_ignore
from app.core.email_outbox import drop_email
from app.core.money import Money
from app.licenses.service import reinstate
from app.orders import payment_emails
from app.orders.amounts import settle_amount_concerns
from app.orders.errors import PaymentReferenceTakenError
from app.orders.fulfillment import fulfill, move_order, restore_lines, sync_fulfillment_state
from app.orders.holds import suspended
from app.orders.issues import raise_issue, resolve_issues
from app.orders.models import Order, Payment
from app.orders.order_emails import OrderReceived
from app.orders.queries import lock_order
from app.orders.states import (
    PAYMENT_TRANSITIONS,
    IssueCode,
    OrderState,
    PaymentMethod,
    PaymentState,
    payment_state_of,
)

log = logging.getLogger(__name__)
# What staff are asked about an order for want of its payment.
ASKED_OF_UNPAID = (IssueCode.PO_REVIEW, IssueCode.PAYMENT_REFUSED)
# A bank debit may take a week to settle or fail; the order does not expire meanwhile.
PENDING_EXTENSION = timedelta(days=21)
# After a bank debit failed the buyer has so long to pay otherwise.
FAILED_EXTENSION = timedelta(days=14)


def record_payment(
    session: Session,
    *,
    number: str,
    paid: Money,
    method: PaymentMethod,
    reference: str,
    actor: Actor,
    received_at: datetime | None = None,
    receipt_url: str | None = None,
) -> Order:
    """Record one payment, once per ``reference``, and do all that follows from it. Safe to repeat.

    When the order is then paid in full it is accepted, each line gets its license, and what must
    be sent is prepared. Too little, too much, another currency, or money for an order that was
    given up: the money is kept on record and a person is asked to look; nothing is ever lost.

    Raises:
        NotFoundError: no order has this number.
        PaymentReferenceTakenError: the reference is a payment of another order.
    """
    order = lock_order(session, number)
    values = {
        "order_id": order.id,
        "method": PaymentMethod(method),
        "reference": reference,
        "amount": paid.amount,
        "currency": paid.currency,
        "received_at": received_at or clock.now(),
        "recorded_by": actor.label[:200],
        "receipt_url": receipt_url,
    }
    if not insert_ignore(session, Payment, values, index_elements=["reference"]):
        _refuse_if_of_another(session, order, reference)
        _note_receipt(session, reference, receipt_url)
        return order
    session.expire(order, ["payments"])
    audit.record(
        session,
        actor=actor,
        action="order.payment_recorded",
        object_type="order",
        object_ref=order.number,
        after={"amount": paid.amount, "currency": paid.currency, "method": str(method)},
        reason=reference,
    )
    log.info("order.paid", extra={"order": number, "paid": str(paid), "reference": reference})
    if paid.currency != order.currency:
        detail = f"{paid} was paid, but the order is in {order.currency}."
        raise_issue(session, order, IssueCode.AMOUNT_MISMATCH, detail, about=reference)
        return order
    _apply(session, order, paid, reference=reference, actor=actor)
    return order


def is_recorded(
    session: Session, *, order_id: int, reference: str, receipt_url: str | None
) -> bool:
    """Whether ``record_payment`` has nothing left to do for this payment.

    Asked before the order is locked and read whole, as Stripe tells of each payment several times.
    A payment that was recorded stays, so whoever asks too early only does the work for nothing.
    """
    known = select(Payment.id).where(Payment.order_id == order_id, Payment.reference == reference)
    if receipt_url is not None:
        known = known.where(Payment.receipt_url.is_not(None))
    return session.scalar(known) is not None


def record_payment_pending(
    session: Session, *, number: str, actor: Actor, reference: str = ""
) -> Order:
    """Note that a bank debit is under way, which settles or fails days later. Safe to repeat.

    It may be for all of the order, or for what is left of it. Does nothing once that has arrived.

    Raises:
        NotFoundError: no order has this number.
    """
    order = lock_order(session, number)
    if order.payment_state not in {PaymentState.UNPAID, PaymentState.PARTIALLY_PAID}:
        return order
    move_payment(session, order, PaymentState.PENDING, actor=actor, reason=reference)
    _extend_expiry(order, PENDING_EXTENSION)
    session.flush()
    payment_emails.queue_payment_pending(session, order, reference=reference or actor.ref)
    return order


def record_payment_failure(
    session: Session, *, number: str, actor: Actor, reason: str, reference: str = ""
) -> Order:
    """Note that a bank debit failed: the order waits for payment again. Safe to repeat.

    Does nothing unless a payment was pending: a declined card never leaves the payment page.

    Raises:
        NotFoundError: no order has this number.
    """
    order = lock_order(session, number)
    if order.payment_state is not PaymentState.PENDING:
        return order
    sync_payment_state(session, order, actor=actor, reason=reason)
    _extend_expiry(order, FAILED_EXTENSION)
    session.flush()
    payment_emails.queue_payment_failed(
        session, order, reason=reason, reference=reference or actor.ref
    )
    return order


def complete_free_order(session: Session, order: Order, *, actor: Actor) -> None:
    """Serve an order that costs nothing: there is no payment to wait for."""
    sync_payment_state(session, order, actor=actor, reason="nothing to pay")
    move_order(session, order, OrderState.ACCEPTED, actor=actor, reason="nothing to pay")
    resolve_issues(session, order, *ASKED_OF_UNPAID, actor=actor)
    drop_email(session, OrderReceived, once=order.number)  # that of the license says all of it
    fulfill(session, order, actor=actor, reason="nothing to pay")


def move_payment(
    session: Session, order: Order, target: PaymentState, *, actor: Actor, reason: str
) -> bool:
    """Move where the money is to ``target``; see ``accounts.moves.move``."""
    return transition(
        session,
        order,
        "payment_state",
        target,
        table=PAYMENT_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="order",
        object_ref=order.number,
    )


def sync_payment_state(session: Session, order: Order, *, actor: Actor, reason: str) -> bool:
    """Bring the payment axis to what the order's sums say; return whether it moved."""
    session.flush()
    target = payment_state_of(
        total=order.total_amount,
        paid=order.paid_amount,
        refunded=order.refunded_amount,
        disputed=order.has_open_dispute,
    )
    return move_payment(session, order, target, actor=actor, reason=reason)


def _apply(session: Session, order: Order, paid: Money, *, reference: str, actor: Actor) -> None:
    was_paid = order.paid_amount >= order.total_amount
    order.paid_amount += paid.amount
    over = order.paid_amount - order.total_amount
    # A debit for the rest is under way until the bank says how it ended.
    if over >= 0 or order.payment_state is not PaymentState.PENDING:
        sync_payment_state(session, order, actor=actor, reason=reference)
    session.flush()
    if was_paid:
        detail = f"Paid twice: {paid.words()} was received after the order was paid. Refund it."
        raise_issue(session, order, IssueCode.PAID_TWICE, detail, about=reference)
        return
    settle_amount_concerns(session, order, about=reference, actor=actor)
    if over < 0:
        payment_emails.queue_payment_in_part(session, order, paid, reference=reference)
        return
    closed, why = order.state in {OrderState.CANCELED, OrderState.EXPIRED}, f"paid: {reference}"
    _accept(session, order, reference=reference, actor=actor)
    resolve_issues(session, order, *ASKED_OF_UNPAID, actor=actor)
    if closed:
        restore_lines(session, order, order.lines, actor=actor, reason=why, tells_buyer=False)
    else:
        fulfill(session, order, actor=actor, reason=why, tells_buyer=False)
    on_hold = suspended(order)
    if on_hold and not order.has_lost_dispute:
        # A payment was voided: now the order is paid.
        for license_ in on_hold:
            reinstate(session, license_, actor=actor, reason=f"paid: {reference}")
    payment_emails.queue_payment_received(session, order, paid, reference=reference)
    sync_fulfillment_state(session, order, actor=actor, reason=f"paid: {reference}")


def _accept(session: Session, order: Order, *, reference: str, actor: Actor) -> None:
    closed = order.state if order.state in {OrderState.CANCELED, OrderState.EXPIRED} else None
    if order.state not in {OrderState.ACCEPTED, OrderState.COMPLETED}:
        move_order(session, order, OrderState.ACCEPTED, actor=actor, reason=f"paid: {reference}")
    if closed is not None:
        detail = (
            f"Paid after it was {closed}. The order was accepted again. Check that this is right."
        )
        raise_issue(session, order, IssueCode.PAID_AFTER_CLOSE, detail, about=reference)


def _extend_expiry(order: Order, patience: timedelta) -> None:
    """Hold an order that waits for its payment; one that was accepted does not expire anyway."""
    if order.state is OrderState.SUBMITTED:
        order.expires_at = clock.now() + patience


def _note_receipt(session: Session, reference: str, receipt_url: str | None) -> None:
    """Add the receipt to a payment that was recorded before there was one to link to."""
    if receipt_url is not None:
        session.execute(
            update(Payment)
            .where(Payment.reference == reference, Payment.receipt_url.is_(None))
            .values(receipt_url=receipt_url)
        )


def _refuse_if_of_another(session: Session, order: Order, reference: str) -> None:
    owner = session.scalar(select(Payment.order_id).where(Payment.reference == reference))
    if owner != order.id:
        detail = f"Payment {reference} is recorded for another order, not {order.number}."
        raise PaymentReferenceTakenError(detail)
