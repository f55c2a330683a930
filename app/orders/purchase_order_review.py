"""Review of the purchase order of an order by staff."""

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.billing.models import PurchaseOrder
from app.billing.purchase_orders import take_use, transition_purchase_order
from app.billing.states import PurchaseOrderSource, PurchaseOrderState
from app.core import clock
from app.orders.models import Order
from app.orders.next_steps import local_date
from app.orders.purchase_order_intake import attach_purchase_order


def accept_purchase_order(
    session: Session, order: Order, *, actor: Actor, reason: str
) -> PurchaseOrder:
    """Accept the purchase order of an order, which uses its total of it. Safe to repeat.

    Raises:
        PurchaseOrderLimitError: the order is more than what is left of it.
        PurchaseOrderExpiredError: it has expired where the institution is.
        PurchaseOrderClosedError: it was rejected or closed.
    """
    purchase_order = order.purchase_order or attach_purchase_order(
        session, order, source=PurchaseOrderSource.STAFF, actor=actor
    )
    take_use(
        session,
        purchase_order,
        order_number=order.number,
        amount=order.total_amount,
        on=local_date(order, clock.now()),
        actor=actor,
    )
    transition_purchase_order(
        session,
        purchase_order,
        PurchaseOrderState.ACCEPTED,
        actor=actor,
        reason=reason or f"order {order.number}",
    )
    return purchase_order
