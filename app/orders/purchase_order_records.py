"""Purchase orders for staff: found, shown, changed, and closed."""

from collections.abc import Sequence

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.billing.models import PurchaseOrder, PurchaseOrderReview
from app.billing.purchase_orders import change_purchase_order, transition_purchase_order
from app.billing.states import PurchaseOrderKind, PurchaseOrderState
from app.core.errors import FieldProblem, InvalidInputError
from app.core.fields import SearchText
from app.core.money import Money, MoneyOut
from app.core.pagination import PageParams, id_of
from app.core.text import normalize_key
from app.orders.models import Order
from app.orders.purchase_order_intake import MAX_LIMIT, details_of, po_key
from app.orders.purchase_order_schemas import (
    OrderPurchaseOrderReviewOut,
    PurchaseOrderChangeIn,
    PurchaseOrderDetailOut,
    PurchaseOrderOut,
    PurchaseOrderReviewOut,
    PurchaseOrderUseOut,
)
from app.orders.purchase_order_view import differences_of, find_reviews, get_purchase_order_out


class PurchaseOrderFilters(BaseModel, frozen=True):
    """The parameters of a list of purchase orders; what is None does not matter."""

    state: PurchaseOrderState | None = None
    kind: PurchaseOrderKind | None = None
    q: SearchText | None = Field(default=None, description="A number or an institution")


def build_conditions(filters: PurchaseOrderFilters) -> list[ColumnElement[bool]]:
    """Return the conditions of ``filters``."""
    conditions: list[ColumnElement[bool]] = []
    if filters.state is not None:
        conditions.append(PurchaseOrder.state == filters.state)
    if filters.kind is not None:
        conditions.append(PurchaseOrder.kind == filters.kind)
    if filters.q and (key := normalize_key(filters.q)):
        conditions.append(
            or_(
                PurchaseOrder.key.contains(key, autoescape=True),
                PurchaseOrder.institution_key.contains(key, autoescape=True),
            )
        )
    return conditions


def find_purchase_orders(
    session: Session, filters: PurchaseOrderFilters, page: PageParams
) -> Sequence[PurchaseOrder]:
    """Return up to ``limit + 1`` purchase orders, newest first; the last says if more follow."""
    statement = (
        select(PurchaseOrder).where(*build_conditions(filters)).order_by(PurchaseOrder.id.desc())
    )
    keys = page.keys(1)
    if keys is not None:
        statement = statement.where(PurchaseOrder.id < id_of(keys[0]))
    return session.scalars(statement.limit(page.limit + 1)).all()


def purchase_order_keys(purchase_order: PurchaseOrder) -> tuple[int]:
    """Return the sort keys of a purchase order in the list, for its cursor."""
    return (purchase_order.id,)


def change(
    session: Session, purchase_order: PurchaseOrder, body: PurchaseOrderChangeIn, *, actor: Actor
) -> None:
    """Correct what a purchase order says, on its orders too.

    Raises:
        InvalidInputError: the limit, the expiry, or the kind cannot be as asked.
        PurchaseOrderClosedError: it is closed.
    """
    problems = []
    if body.limit is not None and body.limit.currency != purchase_order.currency:
        problems.append(FieldProblem("#/limit", f"Enter it in {purchase_order.currency}."))
    elif body.limit is not None and not 0 <= body.limit.amount <= MAX_LIMIT:
        most = Money(MAX_LIMIT, purchase_order.currency).words()
        problems.append(FieldProblem("#/limit", f"Enter an amount of up to {most}."))
    if body.kind is PurchaseOrderKind.BLANKET and body.limit is None:
        problems.append(FieldProblem("#/limit", "Enter the limit of the blanket purchase order."))
    if body.kind is PurchaseOrderKind.BLANKET and body.expires_on is None:
        problems.append(FieldProblem("#/expires_on", "Enter the last day on which it can be used."))
    if body.expires_on and body.issued_on and body.expires_on < body.issued_on:
        problems.append(FieldProblem("#/expires_on", "Enter an expiry on or after its date."))
    if problems:
        raise InvalidInputError.of(*problems)
    key = po_key(body.number)
    change_purchase_order(
        session,
        purchase_order,
        number=body.number,
        key=key,
        details=details_of(body),
        actor=actor,
        reason=body.reason,
    )
    orders = session.scalars(select(Order).where(Order.purchase_order_id == purchase_order.id))
    for order in orders:
        if order.po_key != key:
            order.po_number, order.po_key = body.number, key
        if not purchase_order.is_blanket:
            order.ap_name, order.ap_email = body.ap_name, body.ap_email or ""
    session.flush()


def close(session: Session, purchase_order: PurchaseOrder, *, actor: Actor, reason: str) -> None:
    """Close a purchase order: no further order can use it. Safe to repeat.

    Raises:
        InvalidTransitionError: it was rejected.
    """
    transition_purchase_order(
        session, purchase_order, PurchaseOrderState.CLOSED, actor=actor, reason=reason
    )


def review_out(session: Session, order: Order) -> OrderPurchaseOrderReviewOut:
    """Return the purchase order of an order, as staff review it.

    Raises:
        NotFoundError: the order has none.
    """
    shown = get_purchase_order_out(session, order, is_staff=True)
    purchase_order = order.purchase_order
    assert purchase_order is not None  # noqa: S101 - or the line above had raised
    return OrderPurchaseOrderReviewOut(
        purchase_order=shown,
        record=record_out(purchase_order),
        reviews=[_review(row) for row in find_reviews(session, order)],
    )


def record_out(purchase_order: PurchaseOrder) -> PurchaseOrderOut:
    """Return a purchase order in its API shape."""
    return PurchaseOrderOut(**_record(purchase_order))


def detail_out(purchase_order: PurchaseOrder) -> PurchaseOrderDetailOut:
    """Return a purchase order with the orders that use it."""
    return PurchaseOrderDetailOut(
        **_record(purchase_order),
        uses=[
            PurchaseOrderUseOut(
                order=use.order_number,
                amount=MoneyOut.of(Money(use.amount, purchase_order.currency)),
                used_at=use.created_at,
                released_at=use.released_at,
            )
            for use in purchase_order.uses
        ],
    )


def _record(purchase_order: PurchaseOrder) -> dict[str, object]:
    limit, balance = purchase_order.limit, purchase_order.balance
    return {
        "id": purchase_order.id,
        "institution_key": purchase_order.institution_key,
        "number": purchase_order.number,
        "kind": purchase_order.kind,
        "state": purchase_order.state,
        "source": purchase_order.source,
        "issued_on": purchase_order.issued_on,
        "expires_on": purchase_order.expires_on,
        "limit": MoneyOut.of(limit) if limit is not None else None,
        "used": MoneyOut.of(purchase_order.used),
        "balance": MoneyOut.of(balance) if balance is not None else None,
        "ap_name": purchase_order.ap_name,
        "ap_email": purchase_order.ap_email,
        "received_at": purchase_order.created_at,
    }


def _review(review: PurchaseOrderReview) -> PurchaseOrderReviewOut:
    return PurchaseOrderReviewOut(
        decision=review.decision,
        reason=review.reason,
        differences=differences_of(review),
        decided_by=review.decided_by,
        decided_at=review.created_at,
    )
