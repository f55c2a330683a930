"""The purchase order of an order, as its buyer sees it.

A blanket purchase order is the institution's. Someone who types its number into an order learns
nothing of it until staff accept that order.
"""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.billing.models import PurchaseOrder, PurchaseOrderFile, PurchaseOrderReview
from app.billing.purchase_order_comparison import Difference
from app.billing.purchase_orders import find_use
from app.billing.states import PurchaseOrderDecision, PurchaseOrderKind, PurchaseOrderState
from app.core.errors import NotFoundError
from app.core.money import MoneyOut
from app.orders import links
from app.orders.models import Order
from app.orders.purchase_order_schemas import OrderPurchaseOrderOut, PurchaseOrderFileOut
from app.orders.states import OrderState

CLOSED_ORDERS = frozenset({OrderState.CANCELED, OrderState.EXPIRED})
_STATES = {
    PurchaseOrderDecision.COUNTERED: PurchaseOrderState.COUNTERED,
    PurchaseOrderDecision.REJECTED: PurchaseOrderState.REJECTED,
}


def purchase_order_out(
    session: Session, order: Order, *, is_staff: bool = False
) -> OrderPurchaseOrderOut | None:
    """Return the purchase order of ``order``; None if it has none.

    Staff see of a blanket purchase order what its buyer sees after acceptance.
    """
    if order.purchase_order is None:
        return None
    return get_purchase_order_out(session, order, is_staff=is_staff)


def get_purchase_order_out(
    session: Session, order: Order, *, is_staff: bool = False
) -> OrderPurchaseOrderOut:
    """Return the purchase order of an order that has one; see ``purchase_order_out``.

    Raises:
        NotFoundError: it has none.
    """
    purchase_order = order.purchase_order
    if purchase_order is None:
        detail = f"Order {order.number} has no purchase order."
        raise NotFoundError(detail)
    use = find_use(session, purchase_order.id, order.number)
    files = find_files(session, order)
    review = find_open_review(session, order, files)
    state = PurchaseOrderState.RECEIVED
    if use is not None:
        state = PurchaseOrderState.ACCEPTED
    elif order.state in CLOSED_ORDERS:
        state = PurchaseOrderState.CLOSED
    elif review is not None:
        state = _STATES.get(review.decision, state)
    is_told = state in _STATES.values() and review is not None
    is_accepted = use is not None or is_staff
    is_shown = is_accepted or _is_first(session, order, purchase_order)
    limit = purchase_order.limit if is_shown else None
    balance = purchase_order.balance if is_accepted and purchase_order.is_blanket else None
    return OrderPurchaseOrderOut(
        number=order.po_number or purchase_order.number,
        state=state,
        kind=purchase_order.kind if is_shown else PurchaseOrderKind.SINGLE,
        issued_on=purchase_order.issued_on if is_shown else None,
        expires_on=purchase_order.expires_on if is_shown else None,
        limit=MoneyOut.of(limit) if limit else None,
        balance=MoneyOut.of(balance) if balance else None,
        ap_name=order.ap_name,
        ap_email=order.ap_email,
        reason=review.reason if is_told and review else "",
        differences=differences_of(review) if is_told and review else [],
        files=[_file(order, file) for file in files],
        can_be_uploaded=can_be_uploaded(order),
    )


def can_be_uploaded(order: Order) -> bool:
    """Return whether a PDF of a purchase order can be added to the order."""
    return order.state not in CLOSED_ORDERS


def find_files(session: Session, order: Order) -> Sequence[PurchaseOrderFile]:
    """Return the PDFs of the order's purchase order, newest first."""
    return session.scalars(
        select(PurchaseOrderFile)
        .where(PurchaseOrderFile.order_number == order.number)
        .order_by(PurchaseOrderFile.id.desc())
    ).all()


def find_reviews(session: Session, order: Order) -> Sequence[PurchaseOrderReview]:
    """Return what staff decided about the order's purchase order, newest first."""
    return session.scalars(
        select(PurchaseOrderReview)
        .where(PurchaseOrderReview.order_number == order.number)
        .order_by(PurchaseOrderReview.id.desc())
    ).all()


def find_open_review(
    session: Session, order: Order, files: Sequence[PurchaseOrderFile]
) -> PurchaseOrderReview | None:
    """Return the last review, unless a PDF or another purchase order has come since."""
    reviews = find_reviews(session, order)
    if not reviews or reviews[0].purchase_order_id != order.purchase_order_id:
        return None
    newest = files[0].id if files else None
    return reviews[0] if reviews[0].file_id == newest else None


def differences_of(review: PurchaseOrderReview) -> list[Difference]:
    """Return the differences that staff found in a review."""
    return [Difference.model_validate(row) for row in review.differences]


def _is_first(session: Session, order: Order, purchase_order: PurchaseOrder) -> bool:
    """Return whether the order is the one that brought the purchase order."""
    first = select(func.min(Order.id)).where(Order.purchase_order_id == purchase_order.id)
    return session.scalar(first) == order.id


def _file(order: Order, file: PurchaseOrderFile) -> PurchaseOrderFileOut:
    return PurchaseOrderFileOut(
        name=file.original_name or f"{order.number}.pdf",
        url=links.purchase_order_file_url(order, file.sha256),
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        pages=file.pages,
        uploaded_at=file.created_at,
    )
