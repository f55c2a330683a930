"""Cancellation of orders."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.billing.purchase_orders import release_uses
from app.core import clock
from app.orders import order_emails
from app.orders.errors import OrderClosedError, RefundFirstError
from app.orders.fulfillment import transition_order, withdraw_lines
from app.orders.invoicing import sync_invoice
from app.orders.issues import resolve_issues
from app.orders.models import Order, OrderIssue
from app.orders.queries import lock_order, sent_shipments
from app.orders.states import IssueCode, OrderState, PaymentState

OPEN_ORDER_ISSUES = (
    IssueCode.PO_REVIEW,
    IssueCode.DUPLICATE_PO,
    IssueCode.PAYMENT_REFUSED,
    IssueCode.TAX_UNRESOLVED,
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
    release_uses(session, order.number, actor=actor, reason=f"order canceled: {reason}")
    resolve_issues(session, order, *OPEN_ORDER_ISSUES, actor=actor)
    resolve_duplicate_po(session, order, actor=actor)
    sync_invoice(session, order, actor=actor, reason=reason)
    order_emails.queue_order_canceled(session, order, reason=reason)
    return order


def resolve_duplicate_po(session: Session, order: Order, *, actor: Actor) -> None:
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
