"""Checks and transfers: how they are recorded by staff, and taken back when that was a mistake."""

import logging
from datetime import UTC, date, datetime, time

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money
from app.licenses.service import suspend
from app.orders.amounts import settle_amount_concerns
from app.orders.errors import PaymentNotVoidableError
from app.orders.issues import clear_about
from app.orders.models import Order, Payment
from app.orders.payment_emails import queue_payment_voided
from app.orders.payment_recording import record_payment, sync_payment_state
from app.orders.queries import lock_order
from app.orders.states import IssueCode, PaymentMethod

log = logging.getLogger(__name__)
# Only these make sense for money that did not come through the payment page.
OFFLINE_METHODS = (PaymentMethod.CHECK, PaymentMethod.BANK_TRANSFER, PaymentMethod.OTHER)


def record_offline(
    session: Session,
    order: Order,
    *,
    paid: Money,
    method: PaymentMethod,
    reference: str,
    actor: Actor,
    received_at: datetime | None = None,
) -> Order:
    """Record money that came by check or transfer; ``reference`` is the number printed on it.

    The same number of the same institution is one payment, however often it is recorded.

    Raises:
        InvalidInputError: it is a card or a debit, in another currency, or nothing.
        PaymentReferenceTakenError: the check is recorded for another order.
    """
    if method not in OFFLINE_METHODS:
        detail = "Choose check or transfer. Card and debit payments are recorded automatically."
        raise InvalidInputError.of(FieldProblem("#/method", detail))
    if paid.currency != order.currency:
        detail = f"Enter an amount in {order.currency}."
        raise InvalidInputError.of(FieldProblem("#/amount/currency", detail))
    if paid.amount <= 0:
        raise InvalidInputError.of(
            FieldProblem("#/amount/amount", ("Enter an amount greater than 0."))
        )
    return record_payment(
        session,
        number=order.number,
        paid=paid,
        method=method,
        # Check 1234 of one institution is not another's.
        reference=f"{method} {reference} of {order.institution_key}"[:255],
        actor=actor,
        received_at=received_at,
    )


def void_payment(
    session: Session, order: Order, *, payment_id: int, actor: Actor, reason: str
) -> Order:
    """Take back a check or transfer that was recorded by mistake. Its number is free again.

    If the order is not paid without it, and was not accepted on terms, its licenses are suspended
    until it is paid, or a person puts them back in force; the buyer is told.

    Raises:
        NotFoundError: the order has no such payment: it may be voided already.
        PaymentNotVoidableError: it came through Stripe, or some of it was refunded.
    """
    order = lock_order(session, order.number)
    payment = next((each for each in order.payments if each.id == payment_id), None)
    if payment is None:
        detail = f"Order {order.number} has no payment {payment_id}."
        raise NotFoundError(detail)
    if payment.method not in OFFLINE_METHODS:
        detail = "A payment made through Stripe can't be voided. Refund it instead."
        raise PaymentNotVoidableError(detail)
    if any(refund.payment_id == payment.id for refund in order.refunds):
        detail = "This payment was refunded, so it can't be voided."
        raise PaymentNotVoidableError(detail)
    audit.record(
        session,
        actor=actor,
        action="order.payment_voided",
        object_type="order",
        object_ref=order.number,
        before=_facts(payment),
        reason=reason,
    )
    money, reference = payment.money, payment.reference
    session.delete(payment)
    session.flush()
    session.expire(order, ["payments"])
    clear_about(session, order, IssueCode.AMOUNT_MISMATCH, reference, actor=actor)
    if money.currency == order.currency:
        order.paid_amount -= money.amount
        sync_payment_state(session, order, actor=actor, reason=f"voided: {reason}")
        settle_amount_concerns(session, order, about=f"void {payment_id}", actor=actor)
    if order.balance.amount and not order.on_terms:
        for line in order.lines:
            if line.license is not None:
                suspend(session, line.license, actor=actor, reason=f"payment voided: {reason}")
    session.flush()
    log.warning("order.payment_voided", extra={"order": order.number, "payment": payment_id})
    queue_payment_voided(session, order, money, payment_id=payment_id)
    return order


def noon_of(day: date | None) -> datetime | None:
    """Return the noon of the day on which a check came; None for now.

    Raises:
        InvalidInputError: the day is still to come.
    """
    if day is None:
        return None
    if day > clock.today():
        raise InvalidInputError.of(FieldProblem("#/received_on", "Enter today or an earlier date."))
    return datetime.combine(day, time(12), UTC)


def number_on(order: Order, payment: Payment) -> str | None:
    """Return the number printed on a check or transfer; None for what came through Stripe."""
    if payment.method not in OFFLINE_METHODS:
        return None
    number = payment.reference.removeprefix(f"{payment.method} ")
    return number.removesuffix(f" of {order.institution_key}")


def _facts(payment: Payment) -> dict[str, object]:
    return {
        "amount": payment.amount,
        "currency": payment.currency,
        "method": str(payment.method),
        "reference": payment.reference,
        "received_at": payment.received_at.isoformat(),
        "recorded_by": payment.recorded_by,
    }
