"""The one path by which facts from Stripe reach an order.

Webhook, return page, sweep and reconciliation all end here, each in a transaction of its own, with
facts that were fetched before it opened. Every function is safe to call again with the same facts.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.orders import paying
from app.orders.models import Order
from app.orders.states import PaymentMethod
from app.payments.errors import NotReadyError
from app.payments.facts import CheckoutSession, PaymentFacts
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus, CheckoutStatus, PaymentProgress

# When to look at an open page again, if no event comes: often at first, then as it closes.
OPEN_CHECKS = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 30))
# A bank debit settles after days; Stripe sends an event, and this finds out if it is lost.
PENDING_CHECK = timedelta(hours=1)
AFTER_CLOSING = timedelta(seconds=30)


def settle_checkout(session: Session, checkout: CheckoutSession, *, actor: Actor) -> None:
    """Bring the attempt and its order to what ``checkout`` says.

    Raises:
        NotReadyError: we have no such order, or not yet.
    """
    order_id = _order_id(session, checkout.order_number)
    status = _status(checkout)
    # Facts that were fetched before a failure and applied after it must not undo it; a payment
    # that arrived always counts.
    moves = CheckoutAttempt.status.in_(
        [AttemptStatus.OPENING, AttemptStatus.OPEN, AttemptStatus.COMPLETE]
    )
    attempt = session.execute(
        update(CheckoutAttempt)
        .where(
            CheckoutAttempt.order_id == order_id,
            CheckoutAttempt.attempt == checkout.attempt,
            moves if not checkout.is_paid else CheckoutAttempt.id.is_not(None),
        )
        .values(
            status=status,
            session_id=checkout.id,
            url=checkout.url,
            expires_at=checkout.expires_at,
            next_check_at=_next_check(session, order_id, checkout, status),
            last_error=(checkout.payment.failure or None) if checkout.payment else None,
        )
        .returning(CheckoutAttempt.id)
    ).scalar_one_or_none()
    if checkout.payment and checkout.is_paid:
        settle_payment(session, checkout.payment, actor=actor)
    elif attempt is not None and status is AttemptStatus.FAILED:
        reason = checkout.payment.failure if checkout.payment else ""
        paying.record_failure(
            session,
            number=str(checkout.order_number),
            actor=actor,
            reason=reason or "The bank did not say why.",
            reference=checkout.id,
        )
    elif attempt is not None and status is AttemptStatus.COMPLETE:
        paying.record_pending(
            session, number=str(checkout.order_number), actor=actor, reference=checkout.id
        )


def settle_payment(session: Session, payment: PaymentFacts, *, actor: Actor) -> None:
    """Record ``payment`` with its order if the money has arrived; otherwise do nothing.

    Raises:
        NotReadyError: we have no such order, or not yet.
    """
    order_id = _order_id(session, payment.order_number)
    if payment.progress is not PaymentProgress.PAID or paying.is_recorded(
        session,
        order_id=order_id,
        reference=payment.reference,
        receipt_url=payment.receipt_url,
    ):
        return
    paying.record_payment(
        session,
        number=str(payment.order_number),
        paid=payment.received,
        method=PaymentMethod(payment.method),
        reference=payment.reference,
        actor=actor,
        received_at=payment.paid_at,
        receipt_url=payment.receipt_url,
    )


def _order_id(session: Session, number: str | None) -> int:
    order_id = session.scalar(select(Order.id).where(Order.number == number))
    if order_id is None:
        msg = f"no order {number!r} in this store"
        raise NotReadyError(msg)
    return order_id


def _status(checkout: CheckoutSession) -> AttemptStatus:
    if checkout.status is CheckoutStatus.COMPLETE:
        failed = checkout.progress is PaymentProgress.FAILED
        return AttemptStatus.FAILED if failed else AttemptStatus.COMPLETE
    return AttemptStatus(checkout.status.value)


def _next_check(
    session: Session, order_id: int, checkout: CheckoutSession, status: AttemptStatus
) -> datetime | None:
    now = clock.now()
    if status is AttemptStatus.COMPLETE and not checkout.is_paid:
        return now + PENDING_CHECK
    if status is not AttemptStatus.OPEN:
        return None
    checks = session.scalar(
        select(CheckoutAttempt.checks).where(
            CheckoutAttempt.order_id == order_id, CheckoutAttempt.attempt == checkout.attempt
        )
    )
    closing = max(checkout.expires_at, now) + AFTER_CLOSING
    if checks is None or checks >= len(OPEN_CHECKS):
        return closing
    return min(now + OPEN_CHECKS[checks], closing)
