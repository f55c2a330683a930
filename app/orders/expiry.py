"""Expiry of unpaid orders, and the time that a payment under way adds.

``REELRIGHT_UNPAID_ORDER_DAYS`` says how long a new order lives; ``placement`` sets it.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.orders import order_emails
from app.orders.cancellation import OPEN_ORDER_ISSUES, resolve_duplicate_po
from app.orders.fulfillment import transition_order
from app.orders.issues import resolve_issues
from app.orders.models import Order
from app.orders.queries import lock_order
from app.orders.states import OrderState, PaymentState

# A bank debit may take a week to settle or fail; the order does not expire in that time.
PENDING_EXTENSION = timedelta(days=21)
# How long a buyer may take to pay after a bank debit failed.
FAILED_EXTENSION = timedelta(days=14)


def expire_unpaid(session: Session, *, on: datetime | None = None, limit: int = 100) -> list[str]:
    """Expire unpaid orders whose time is over, at most ``limit``; return their numbers.

    Each row is locked and checked again, because its payment may come at the same moment. A
    payment of an expired order reopens it (see ``payment_recording``).
    """
    now = on or clock.now()
    due = session.scalars(
        select(Order.number)
        .where(
            Order.state == OrderState.SUBMITTED,
            Order.payment_state == PaymentState.UNPAID,
            Order.expires_at <= now,
        )
        .order_by(Order.expires_at, Order.id)
        .limit(limit)
    ).all()
    actor = Actor.system("expire unpaid orders")
    expired = []
    for number in due:
        order = lock_order(session, number)
        late = order.expires_at is not None and order.expires_at <= now
        waiting = (order.state, order.payment_state) == (OrderState.SUBMITTED, PaymentState.UNPAID)
        if not late or not waiting:
            continue  # paid, accepted or given more time since it was listed
        transition_order(session, order, OrderState.EXPIRED, actor=actor, reason="not paid in time")
        resolve_issues(session, order, *OPEN_ORDER_ISSUES, actor=actor)
        resolve_duplicate_po(session, order, actor=actor)
        order_emails.queue_order_expired(session, order)
        expired.append(number)
    return expired


def extend_expiry(order: Order, extension: timedelta) -> None:
    """Extend the expiry of an order that awaits payment; an accepted one does not expire."""
    if order.state is OrderState.SUBMITTED:
        order.expires_at = clock.now() + extension
