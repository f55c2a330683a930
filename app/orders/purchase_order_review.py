"""Review of the purchase order of an order: PDFs, comparison, and what staff decide.

Text on a purchase order changes no rights: a comparison changes neither the order nor a license.
"""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor, ActorKind
from app.billing.models import PurchaseOrder, PurchaseOrderReview
from app.billing.purchase_order_comparison import (
    ComparedLine,
    ComparedOrder,
    find_differences,
)
from app.billing.purchase_order_errors import (
    PurchaseOrderClosedError,
    PurchaseOrderDiffersError,
)
from app.billing.purchase_order_files import add_file
from app.billing.purchase_orders import OPEN_STATES, take_use, transition_purchase_order
from app.billing.states import (
    PurchaseOrderDecision,
    PurchaseOrderSource,
    PurchaseOrderState,
)
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.media.uploads import Upload
from app.orders.errors import OrderClosedError
from app.orders.issues import reopen_issue, resolve_issues
from app.orders.models import Order, OrderLine
from app.orders.next_steps import local_date
from app.orders.purchase_order_emails import (
    PurchaseOrderCountered,
    PurchaseOrderRejected,
    queue_purchase_order_decision,
    queue_purchase_order_uploaded,
)
from app.orders.purchase_order_intake import attach_purchase_order, po_key, set_po_number
from app.orders.purchase_order_view import (
    can_be_uploaded,
    differences_of,
    find_files,
    find_open_review,
)
from app.orders.queries import lock_order
from app.orders.states import IssueCode, OrderState

# How long the buyer has at least to send a corrected purchase order.
CORRECTION_TIME = timedelta(days=30)
RETURNED = frozenset({PurchaseOrderDecision.COUNTERED, PurchaseOrderDecision.REJECTED})
_RETURNED_STATES = frozenset({PurchaseOrderState.COUNTERED, PurchaseOrderState.REJECTED})


def ordered_facts(order: Order) -> ComparedOrder:
    """Return the order as a purchase order is compared with it."""
    return ComparedOrder(
        currency=order.currency,
        lines=tuple(
            ComparedLine(
                line=line.number,
                title=line.film_title,
                rights=_rights_text(line),
                quantity=line.quantity,
                unit_amount=line.unit_amount,
                total_amount=line.total_amount,
            )
            for line in order.lines
        ),
        total_amount=order.total_amount,
    )


def _rights_text(line: OrderLine) -> str:
    """Return what was ordered of the film, with its term unless the title ends with it."""
    term = str(line.snapshot["term"]["words"])
    return line.title if line.title.endswith(term) else f"{line.title}, {term}"


def receive_file(
    session: Session, order: Order, upload: Upload, *, po_number: str | None, actor: Actor
) -> bool:
    """Add a PDF of the purchase order, for staff to compare. Return False if it is there already.

    ``po_number`` is needed if the order has none; another one replaces it until the order is
    accepted. A PDF after a counter or a rejection opens the review again.

    Raises:
        InvalidInputError: the order has no purchase order number, or was accepted with another.
        OrderClosedError: the order is canceled or has expired.
        PurchaseOrderFileLimitError: the order has too many files.
    """
    order = lock_order(session, order.number)
    if not can_be_uploaded(order):
        detail = f"Order {order.number} is {order.state}, so it takes no purchase order."
        raise OrderClosedError(detail)
    is_open = order.state is OrderState.SUBMITTED
    source = PurchaseOrderSource.UPLOAD
    if actor.kind in {ActorKind.STAFF, ActorKind.API_KEY}:
        source = PurchaseOrderSource.STAFF
    if not (po_number or order.po_number):
        raise InvalidInputError.of(FieldProblem("#/po_number", "Enter the purchase order number."))
    if po_number and order.po_number and not is_open and po_key(po_number) != order.po_key:
        detail = (
            f"The order is accepted on purchase order {order.po_number}. Email us to change it."
        )
        raise InvalidInputError.of(FieldProblem("#/po_number", detail))
    if po_number and (is_open or not order.po_number):
        purchase_order = set_po_number(session, order, po_number, source=source, actor=actor)
    else:
        purchase_order = order.purchase_order or attach_purchase_order(
            session, order, source=source, actor=actor
        )
    if not add_file(session, purchase_order, upload, order_number=order.number, actor=actor):
        return False
    _record(session, order, "uploaded", actor, reason=upload.original_name)
    if is_open:
        _open_review(session, order, purchase_order, actor=actor, once=upload.sha256[:16])
    return True


def compare_purchase_order(
    session: Session, order: Order, stated: ComparedOrder, *, actor: Actor
) -> PurchaseOrderReview:
    """Record what the purchase order says, and where it differs from the order.

    Raises:
        OrderClosedError: the order no longer waits for its acceptance.
        InvalidInputError: the order has no purchase order.
    """
    order = lock_order(session, order.number)
    purchase_order = _get_open(order)
    differences = find_differences(ordered_facts(order), stated)
    review = _add_review(
        session,
        order,
        purchase_order,
        PurchaseOrderDecision.COMPARED,
        actor=actor,
        stated=stated.model_dump(mode="json"),
        differences=[each.model_dump(mode="json") for each in differences],
    )
    _record(session, order, "compared", actor, after={"differences": len(differences)})
    return review


def compare_again(session: Session, order: Order, *, actor: Actor) -> None:
    """Compare a corrected order with what its purchase order says, if staff have read it."""
    review = find_open_review(session, order, find_files(session, order))
    if review is None or review.stated is None or order.purchase_order is None:
        return
    stated = ComparedOrder.model_validate(review.stated)
    differences = find_differences(ordered_facts(order), stated)
    _add_review(
        session,
        order,
        order.purchase_order,
        PurchaseOrderDecision.COMPARED,
        actor=actor,
        reason="The items of the order were corrected.",
        stated=review.stated,
        differences=[each.model_dump(mode="json") for each in differences],
    )


def accept_purchase_order(
    session: Session, order: Order, *, actor: Actor, reason: str
) -> PurchaseOrder:
    """Accept the purchase order of an order, which uses its total of it. Safe to repeat.

    Raises:
        PurchaseOrderDiffersError: it differs from the order, or its PDF was not compared, and no
            reason is given.
        PurchaseOrderLimitError: the order is more than what is left of it.
        PurchaseOrderExpiredError: it has expired where the institution is.
        PurchaseOrderClosedError: it was rejected or closed.
    """
    purchase_order = order.purchase_order or attach_purchase_order(
        session, order, source=PurchaseOrderSource.STAFF, actor=actor
    )
    files = find_files(session, order)
    review = find_open_review(session, order, files)
    if not reason:
        _refuse_open_differences(purchase_order, review, has_files=bool(files))
    is_new = take_use(
        session,
        purchase_order,
        order_number=order.number,
        amount=order.total_amount,
        on=local_date(order, clock.now()),
        actor=actor,
    )
    if not is_new:
        return purchase_order
    _add_review(
        session,
        order,
        purchase_order,
        PurchaseOrderDecision.ACCEPTED,
        actor=actor,
        reason=reason,
        stated=review.stated if review else None,
        differences=review.differences if review else [],
    )
    transition_purchase_order(
        session,
        purchase_order,
        PurchaseOrderState.ACCEPTED,
        actor=actor,
        reason=reason or f"order {order.number}",
    )
    return purchase_order


def counter_purchase_order(
    session: Session, order: Order, *, actor: Actor, reason: str
) -> PurchaseOrder:
    """Ask the buyer for a corrected purchase order; they read ``reason``. Safe to repeat.

    Raises:
        OrderClosedError: the order no longer waits for its acceptance.
        InvalidInputError: the order has no purchase order.
        PurchaseOrderClosedError: it was rejected or closed.
    """
    return _return_to_buyer(
        session, order, PurchaseOrderDecision.COUNTERED, actor=actor, reason=reason
    )


def reject_purchase_order(
    session: Session, order: Order, *, actor: Actor, reason: str
) -> PurchaseOrder:
    """Reject the purchase order; the buyer reads ``reason``, and may send another. Safe to repeat.

    Raises:
        OrderClosedError: the order no longer waits for its acceptance.
        InvalidInputError: the order has no purchase order.
        PurchaseOrderClosedError: it is closed.
    """
    return _return_to_buyer(
        session, order, PurchaseOrderDecision.REJECTED, actor=actor, reason=reason
    )


def _return_to_buyer(
    session: Session,
    order: Order,
    decision: PurchaseOrderDecision,
    *,
    actor: Actor,
    reason: str,
) -> PurchaseOrder:
    order = lock_order(session, order.number)
    purchase_order = _get_open(order)
    review = find_open_review(session, order, find_files(session, order))
    if review is not None and (review.decision, review.reason) == (decision, reason):
        return purchase_order
    # A blanket purchase order that was accepted before stays so for its other orders.
    if purchase_order.state is not PurchaseOrderState.ACCEPTED:
        target = PurchaseOrderState(decision)
        if purchase_order.state not in OPEN_STATES:
            detail = f"Purchase order {purchase_order.number} is {purchase_order.state}."
            raise PurchaseOrderClosedError(detail)
        transition_purchase_order(session, purchase_order, target, actor=actor, reason=reason)
        purchase_order.decision_reason = reason
    added = _add_review(
        session,
        order,
        purchase_order,
        decision,
        actor=actor,
        reason=reason,
        stated=review.stated if review else None,
        differences=review.differences if review else [],
    )
    is_counter = decision is PurchaseOrderDecision.COUNTERED
    _record(session, order, decision, actor, reason=reason)
    if order.expires_at is not None:
        order.expires_at = max(order.expires_at, clock.now() + CORRECTION_TIME)
    session.flush()
    resolve_issues(session, order, IssueCode.PO_REVIEW, actor=actor)
    queue_purchase_order_decision(
        session,
        order,
        PurchaseOrderCountered if is_counter else PurchaseOrderRejected,
        reason=reason,
        differences=tuple(differences_of(added)),
        once=f"{order.number}:{added.id}",
    )
    return purchase_order


def _get_open(order: Order) -> PurchaseOrder:
    if order.state is not OrderState.SUBMITTED:
        detail = f"Order {order.number} is {order.state}, so its purchase order is not in review."
        raise OrderClosedError(detail)
    if order.purchase_order is None:
        detail = f"Order {order.number} has no purchase order."
        raise InvalidInputError.of(FieldProblem("#/po_number", detail))
    return order.purchase_order


def _open_review(
    session: Session, order: Order, purchase_order: PurchaseOrder, *, actor: Actor, once: str
) -> None:
    is_correction = purchase_order.state in _RETURNED_STATES
    if is_correction:
        transition_purchase_order(
            session,
            purchase_order,
            PurchaseOrderState.RECEIVED,
            actor=actor,
            reason=f"another PDF for order {order.number}",
        )
    detail = f"Compare purchase order {order.po_number} with the order, then decide."
    reopen_issue(session, order, IssueCode.PO_REVIEW, detail)
    if actor.kind is not ActorKind.STAFF:
        queue_purchase_order_uploaded(
            session, order, is_correction=is_correction, once=f"{order.number}:{once}"
        )


def _refuse_open_differences(
    purchase_order: PurchaseOrder, review: PurchaseOrderReview | None, *, has_files: bool
) -> None:
    number = purchase_order.number
    if review is None:
        if has_files:
            detail = f"Compare purchase order {number} with the order first, or give a reason."
            raise PurchaseOrderDiffersError(detail)
        return
    if review.differences:
        count = len(review.differences)
        found = "1 difference" if count == 1 else f"{count} differences"
        detail = f"Purchase order {number} has {found} from the order. Give a reason to accept it."
        raise PurchaseOrderDiffersError(detail)
    if review.decision in RETURNED:
        detail = f"Purchase order {number} was {review.decision}. Give a reason to accept it."
        raise PurchaseOrderDiffersError(detail)


def _add_review(
    session: Session,
    order: Order,
    purchase_order: PurchaseOrder,
    decision: PurchaseOrderDecision,
    *,
    actor: Actor,
    reason: str = "",
    stated: dict[str, object] | None,
    differences: list[dict[str, object]],
) -> PurchaseOrderReview:
    files = find_files(session, order)
    review = PurchaseOrderReview(
        purchase_order_id=purchase_order.id,
        order_number=order.number,
        file_id=files[0].id if files else None,
        decision=decision,
        reason=reason[:1000],
        stated=stated,
        differences=differences,
        decided_by=actor.label[:200],
    )
    session.add(review)
    session.flush()
    return review


def _record(
    session: Session,
    order: Order,
    verb: str,
    actor: Actor,
    *,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        session,
        actor=actor,
        action=f"order.purchase_order_{verb}",
        object_type="order",
        object_ref=order.number,
        after={"po_number": order.po_number, **(after or {})},
        reason=reason,
    )
