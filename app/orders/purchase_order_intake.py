"""The purchase order of an order: checked and recorded when it reaches us."""

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.models import PurchaseOrder
from app.billing.purchase_orders import (
    OPEN_STATES,
    PurchaseOrderDetails,
    PurchaseOrderFacts,
    close_unused,
    record_purchase_order,
    same_number,
)
from app.billing.states import PurchaseOrderKind, PurchaseOrderSource
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.text import normalize_key
from app.offers.window_rules import format_day
from app.orders.drafts import DraftPurchaseOrder, OptionalLine
from app.orders.errors import OrderClosedError
from app.orders.issues import raise_issue, resolve_issues
from app.orders.models import Order
from app.orders.states import IssueCode, OrderState

MAX_PO_NUMBER_LENGTH = 60
_PO_NUMBER = TypeAdapter[str](OptionalLine)


def po_key(number: str) -> str:
    """Return a purchase order's number without case, spaces, and signs, for comparison."""
    # One character may fold into many.
    return normalize_key(number)[:MAX_PO_NUMBER_LENGTH]


def parse_po_number(text: str) -> str | None:
    """Return the purchase order number that a form with a file has; None if it is empty.

    Raises:
        InvalidInputError: it is too long, or no text of one line.
    """
    try:
        return _PO_NUMBER.validate_python(text) or None
    except ValidationError as error:
        detail = f"Enter up to {MAX_PO_NUMBER_LENGTH} characters on one line."
        raise InvalidInputError.of(FieldProblem("#/po_number", detail)) from error


def find_purchase_order_problems(
    po_number: str | None, draft: DraftPurchaseOrder | None, total: Money
) -> list[FieldProblem]:
    """Return what is wrong with the details of a purchase order for an order of ``total``."""
    if draft is None:
        return []
    problems = []
    if not po_number:
        problems.append(FieldProblem("#/po_number", "Enter the purchase order number."))
    is_blanket = draft.kind is PurchaseOrderKind.BLANKET
    if draft.limit is None and is_blanket:
        detail = "Enter the limit of the blanket purchase order."
        problems.append(FieldProblem("#/purchase_order/limit", detail))
    elif draft.limit is not None and draft.limit.currency != total.currency:
        problems.append(FieldProblem("#/purchase_order/limit", f"Enter it in {total.currency}."))
    elif draft.limit is not None and draft.limit.amount < total.amount:
        limit = Money(draft.limit.amount, draft.limit.currency).words()
        detail = f"The purchase order's limit is {limit}, but the order is {total.words()}."
        problems.append(FieldProblem("#/purchase_order/limit", detail))
    elif draft.limit is not None and draft.limit.amount > MAX_LIMIT:
        detail = f"Enter at most {Money(MAX_LIMIT, total.currency).words()}."
        problems.append(FieldProblem("#/purchase_order/limit", detail))
    if draft.expires_on is None and is_blanket:
        detail = "Enter the last day on which the blanket purchase order can be used."
        problems.append(FieldProblem("#/purchase_order/expires_on", detail))
    elif draft.expires_on is not None and draft.expires_on < clock.today():
        detail = f"The purchase order expired on {format_day(draft.expires_on)}."
        problems.append(FieldProblem("#/purchase_order/expires_on", detail))
    elif draft.expires_on and draft.issued_on and draft.expires_on < draft.issued_on:
        detail = "Enter an expiry on or after the date of the purchase order."
        problems.append(FieldProblem("#/purchase_order/expires_on", detail))
    return problems


# A column of the database holds no more.
MAX_LIMIT = 2**31 - 1


def details_of(draft: DraftPurchaseOrder) -> PurchaseOrderDetails:
    """Return the details of a draft, as they are recorded."""
    return PurchaseOrderDetails(
        kind=draft.kind,
        issued_on=draft.issued_on,
        expires_on=draft.expires_on,
        limit_amount=draft.limit.amount if draft.limit else None,
        ap_name=draft.ap_name,
        ap_email=draft.ap_email or "",
    )


def receive_purchase_order(
    session: Session,
    order: Order,
    *,
    source: PurchaseOrderSource,
    details: PurchaseOrderDetails | None = None,
    actor: Actor,
) -> PurchaseOrder | None:
    """Record the purchase order in the number of a new order, for staff to review.

    Does nothing for an order without a purchase order number.
    """
    if order.po_number is None:
        return None
    purchase_order = attach_purchase_order(
        session, order, source=source, details=details, actor=actor
    )
    detail = f"Check purchase order {order.po_number} and accept it, or wait for payment."
    raise_issue(session, order, IssueCode.PO_REVIEW, detail)
    raise_duplicate_po(session, order)
    return purchase_order


def attach_purchase_order(
    session: Session,
    order: Order,
    *,
    source: PurchaseOrderSource,
    details: PurchaseOrderDetails | None = None,
    actor: Actor,
) -> PurchaseOrder:
    """Point the order at the purchase order in its number, which is recorded if it is new."""
    if not order.po_number:
        msg = f"order {order.number} has no purchase order number"
        raise ValueError(msg)
    facts = PurchaseOrderFacts(
        institution_id=order.institution_id,
        institution_key=order.institution_key,
        number=order.po_number,
        key=order.po_key or po_key(order.po_number),
        currency=order.currency,
        source=source,
        details=details or PurchaseOrderDetails(ap_name=order.ap_name, ap_email=order.ap_email),
    )
    purchase_order = record_purchase_order(session, facts, actor=actor)
    order.purchase_order_id = purchase_order.id
    session.flush()
    session.expire(order, ["purchase_order"])
    return purchase_order


def set_po_number(
    session: Session,
    order: Order,
    po_number: str,
    *,
    source: PurchaseOrderSource,
    details: PurchaseOrderDetails | None = None,
    actor: Actor,
    reason: str = "",
) -> PurchaseOrder:
    """Give the order this purchase order number, in place of the one that it has.

    Raises:
        InvalidInputError: the number is too long.
    """
    if len(po_number) > MAX_PO_NUMBER_LENGTH:
        detail = f"Enter up to {MAX_PO_NUMBER_LENGTH} characters."
        raise InvalidInputError.of(FieldProblem("#/po_number", detail))
    before, has_same_key = order.po_number, order.po_key == po_key(po_number)
    if order.purchase_order is not None and has_same_key and before == po_number:
        return order.purchase_order
    order.po_number, order.po_key = po_number, po_key(po_number)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="order.po_number_changed" if before else "order.po_number_added",
        object_type="order",
        object_ref=order.number,
        before={"po_number": before} if before else None,
        after={"po_number": po_number},
        reason=reason,
    )
    if order.purchase_order is not None and has_same_key:
        return order.purchase_order  # the same number in another spelling
    replaced = order.purchase_order
    purchase_order = attach_purchase_order(
        session, order, source=source, details=details, actor=actor
    )
    if replaced is not None and not replaced.is_blanket:
        why = f"order {order.number} has purchase order {po_number} now"
        close_unused(session, replaced, actor=actor, reason=why)
    raise_duplicate_po(session, order)
    return purchase_order


def use_blanket(
    session: Session, order: Order, purchase_order: PurchaseOrder, *, actor: Actor
) -> None:
    """Point a waiting order at a blanket purchase order with its number, in place of its own.

    For a number that came with several orders before staff knew that it is a blanket one.

    Raises:
        InvalidInputError: it is no open blanket purchase order with the order's number.
        OrderClosedError: the order no longer waits for its acceptance.
    """
    if order.state is not OrderState.SUBMITTED:
        detail = f"Order {order.number} is {order.state}, so its purchase order stays."
        raise OrderClosedError(detail)
    own = order.purchase_order
    is_same = purchase_order.key == order.po_key and (
        purchase_order.institution_key == order.institution_key
        or purchase_order.institution_id == order.institution_id is not None
    )
    if not (is_same and purchase_order.is_blanket and purchase_order.state in OPEN_STATES):
        detail = f"Choose an open blanket purchase order with the number {order.po_number}."
        raise InvalidInputError.of(FieldProblem("#/id", detail))
    if own is purchase_order:
        return
    order.purchase_order_id = purchase_order.id
    session.flush()
    session.expire(order, ["purchase_order"])
    audit.record(
        session,
        actor=actor,
        action="order.purchase_order_attached",
        object_type="order",
        object_ref=order.number,
        after={"purchase_order": purchase_order.id},
    )
    if own is not None and not own.is_blanket:
        why = f"order {order.number} uses the blanket purchase order"
        close_unused(session, own, actor=actor, reason=why)
    resolve_issues(session, order, IssueCode.DUPLICATE_PO, actor=actor)


def raise_duplicate_po(session: Session, order: Order) -> None:
    """Put an order before staff if another purchase order of the institution has its number.

    Orders that use one blanket purchase order are no duplicates.
    """
    earlier = session.scalar(
        select(Order.number)
        .join(PurchaseOrder, PurchaseOrder.id == Order.purchase_order_id)
        .where(
            same_number(order.institution_id, order.institution_key, order.po_key or ""),
            PurchaseOrder.id != order.purchase_order_id,
            Order.id != order.id,
            Order.state.not_in([OrderState.CANCELED, OrderState.EXPIRED]),
        )
        .order_by(Order.id)
        .limit(1)
    )
    if earlier is not None:
        detail = f"{order.institution} also used purchase order {order.po_number} for {earlier}."
        raise_issue(session, order, IssueCode.DUPLICATE_PO, detail, about=earlier)
