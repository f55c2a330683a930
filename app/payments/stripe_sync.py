"""Sync orders with facts from Stripe.

Webhook, return page, sweep and reconciliation all end here, each in a transaction of its own, with
facts that were fetched before it opened. Every function is safe to call again with the same facts.
"""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.billing.tax import LineKey
from app.core import clock
from app.orders import payment_recording
from app.orders.models import Order
from app.orders.queries import lock_order
from app.orders.states import PaymentMethod
from app.orders.taxes import record_stripe_tax
from app.payments.errors import NotReadyError
from app.payments.facts import CheckoutSession, PaymentFacts
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus, CheckoutStatus, PaymentProgress

# When to check an open page again: often at first, then as it closes.
OPEN_CHECKS = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 30))
# A bank debit settles after days. This check covers a lost event.
PENDING_CHECK = timedelta(hours=1)
AFTER_CLOSING = timedelta(seconds=30)


def sync_checkout(session: Session, checkout: CheckoutSession, *, actor: Actor) -> None:
    """Bring the attempt and its order to what ``checkout`` says.

    Raises:
        NotReadyError: we have no such order, or not yet.
    """
    order_id, attempt_id, checks = _attempt(session, checkout)
    status = _status(checkout)
    # Facts that were fetched before a failure and applied after it must not undo it; a payment
    # that arrived always counts.
    can_change = CheckoutAttempt.status.in_(
        [AttemptStatus.OPENING, AttemptStatus.OPEN, AttemptStatus.COMPLETE]
    )
    attempt = session.scalar(
        update(CheckoutAttempt)
        .where(
            CheckoutAttempt.id == attempt_id,
            can_change if not checkout.is_paid else CheckoutAttempt.id.is_not(None),
        )
        .values(
            status=status,
            session_id=checkout.id,
            url=checkout.url,
            expires_at=checkout.expires_at,
            next_check_at=_next_check(checks, checkout, status),
            last_error=(checkout.payment.failure or None) if checkout.payment else None,
        )
        .returning(CheckoutAttempt.id)
    )
    if checkout.status is CheckoutStatus.COMPLETE and checkout.tax is not None:
        _record_tax(session, checkout, actor=actor)
    if checkout.payment and checkout.is_paid:
        _record(session, order_id, checkout.payment, actor=actor)
    elif attempt is not None and status is AttemptStatus.FAILED:
        reason = checkout.payment.failure if checkout.payment else ""
        payment_recording.record_payment_failure(
            session,
            number=str(checkout.order_number),
            actor=actor,
            reason=reason or "The bank gave no reason.",
            reference=checkout.id,
        )
    elif attempt is not None and status is AttemptStatus.COMPLETE:
        payment_recording.record_payment_pending(
            session, number=str(checkout.order_number), actor=actor, reference=checkout.id
        )


def sync_payment(session: Session, payment: PaymentFacts, *, actor: Actor) -> None:
    """Record ``payment`` with its order if the money has arrived; otherwise do nothing.

    Raises:
        NotReadyError: we have no such order, or not yet; or its payment page, which knows the tax,
            was not read yet.
    """
    order = session.scalar(select(Order).where(Order.number == payment.order_number))
    if order is None:
        raise _not_ready(payment.order_number)
    if payment.progress is not PaymentProgress.PAID:
        return
    if order.waits_for_stripe_tax:
        msg = f"The tax of order {order.number} is not known yet."
        raise NotReadyError(msg)
    _record(session, order.id, payment, actor=actor)


def _record_tax(session: Session, checkout: CheckoutSession, *, actor: Actor) -> None:
    """Record the tax of a finished page with its order, before its payment."""
    order = lock_order(session, str(checkout.order_number))
    amounts: Counter[LineKey] = Counter()
    for key, amount in checkout.line_taxes:
        amounts[int(key) if key.isdigit() else key] += amount
    record_stripe_tax(session, order, line_amounts=amounts, actor=actor)


def _record(session: Session, order_id: int, payment: PaymentFacts, *, actor: Actor) -> None:
    if payment_recording.is_recorded(
        session,
        order_id=order_id,
        reference=payment.reference,
        receipt_url=payment.receipt_url,
    ):
        return
    payment_recording.record_payment(
        session,
        number=str(payment.order_number),
        paid=payment.received,
        method=PaymentMethod(payment.method),
        reference=payment.reference,
        actor=actor,
        received_at=payment.paid_at,
        receipt_url=payment.receipt_url,
    )


def _attempt(session: Session, checkout: CheckoutSession) -> tuple[int, int | None, int | None]:
    """Return the ids of the page's order and of its attempt, and the count of its checks."""
    mine = and_(CheckoutAttempt.order_id == Order.id, CheckoutAttempt.attempt == checkout.attempt)
    row = session.execute(
        select(Order.id, CheckoutAttempt.id, CheckoutAttempt.checks)
        .outerjoin(CheckoutAttempt, mine)
        .where(Order.number == checkout.order_number)
    ).one_or_none()
    if row is None:
        raise _not_ready(checkout.order_number)
    order_id, attempt_id, checks = row
    return order_id, attempt_id, checks


def _not_ready(number: str | None) -> NotReadyError:
    return NotReadyError(f"Order “{number}” not found in this store.")


def _status(checkout: CheckoutSession) -> AttemptStatus:
    if checkout.status is CheckoutStatus.COMPLETE:
        failed = checkout.progress is PaymentProgress.FAILED
        return AttemptStatus.FAILED if failed else AttemptStatus.COMPLETE
    return AttemptStatus(checkout.status.value)


def _next_check(
    checks: int | None, checkout: CheckoutSession, status: AttemptStatus
) -> datetime | None:
    now = clock.now()
    if status is AttemptStatus.COMPLETE and not checkout.is_paid:
        return now + PENDING_CHECK
    if status is not AttemptStatus.OPEN:
        return None
    closing = max(checkout.expires_at, now) + AFTER_CLOSING
    if checks is None or checks >= len(OPEN_CHECKS):
        return closing
    return min(now + OPEN_CHECKS[checks], closing)
