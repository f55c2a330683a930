"""Cancellation of orders, and expiry of unpaid ones."""

import logging
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.orders import order_emails
from app.orders.errors import OrderClosedError, RefundFirstError
from app.orders.fulfillment import transition_order, withdraw_lines
from app.orders.issues import resolve_issues
from app.orders.models import Order, OrderIssue
from app.orders.queries import lock_order, sent_shipments
from app.orders.states import IssueCode, OrderState, PaymentState

log = logging.getLogger(__name__)
OPEN_ORDER_ISSUES = (
    IssueCode.PO_REVIEW,
    IssueCode.DUPLICATE_PO,
    IssueCode.PAYMENT_REFUSED,
)


def cancel(session: Session, order: Order, *, actor: Actor, reason: str) -> Order:
    """Cancel an order that holds no money: its licenses end, and nothing more is sent.

    Safe to repeat.

    Raises:
        RefundFirstError: money is here, or a bank debit is under way.
        OrderClosedError: something was sent already, or the order has expired.
    """
    order = lock_order(session, order.number)
    if order.state is OrderState.CANCELED:
        return order
    if order.payment_state is PaymentState.PENDING:
        detail = f"A bank debit for order {order.number} is processing. Wait until it settles."
        raise RefundFirstError(detail)
    if order.paid_amount > order.refunded_amount:
        detail = f"Refund order {order.number} first, then cancel it."
        raise RefundFirstError(detail)
    if sent_shipments(order):
        detail = f"Part of order {order.number} has been sent, so it can't be canceled."
        raise OrderClosedError(detail)
    transition_order(session, order, OrderState.CANCELED, actor=actor, reason=reason)
    withdraw_lines(session, order, order.lines, actor=actor, reason=f"order canceled: {reason}")
    resolve_issues(session, order, *OPEN_ORDER_ISSUES, actor=actor)
    _resolve_duplicate_po(session, order, actor=actor)
    order_emails.queue_order_canceled(session, order, reason=reason)
    return order


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
        _resolve_duplicate_po(session, order, actor=actor)
        order_emails.queue_order_expired(session, order)
        expired.append(number)
    return expired


def _resolve_duplicate_po(session: Session, order: Order, *, actor: Actor) -> None:
    """Resolve other orders' issues about this order having the same purchase order."""
    session.execute(
        update(OrderIssue)
        .where(
            OrderIssue.code == IssueCode.DUPLICATE_PO,
            OrderIssue.about == order.number,
            OrderIssue.cleared_at.is_(None),
        )
        .values(cleared_at=clock.now(), cleared_by=actor.label[:200], updated_at=clock.now())
    )
