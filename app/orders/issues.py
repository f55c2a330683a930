"""Order issues: reasons for staff to check an order, raised once and resolved by name."""

import logging

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import insert_ignore
from app.core.money import Money
from app.orders.models import Order, OrderIssue
from app.orders.states import COUNTED_REFUNDS, IssueCode

log = logging.getLogger(__name__)
MAX_DETAIL_LENGTH = 500


def raise_issue(
    session: Session, order: Order, code: IssueCode, detail: str, *, about: str = ""
) -> bool:
    """Put ``order`` in the queue of orders that need someone, and say why.

    The same ``code`` and ``about`` (a payment's reference, say) are raised once, ever: what was
    cleared stays cleared when an event arrives again. Return whether it was new.
    """
    values = {
        "order_id": order.id,
        "code": code,
        "about": about,
        "detail": detail[:MAX_DETAIL_LENGTH],
    }
    new = insert_ignore(session, OrderIssue, values, index_elements=["order_id", "code", "about"])
    if new:
        session.expire(order, ["issues"])
        log.warning("order.concern", extra={"order": order.number, "code": code})
    return new


def reopen_issue(session: Session, order: Order, code: IssueCode, detail: str) -> None:
    """Put ``order`` in the queue for ``code``, again if the same was cleared before."""
    if raise_issue(session, order, code, detail):
        return
    session.execute(
        update(OrderIssue)
        .where(OrderIssue.order_id == order.id, OrderIssue.code == code, OrderIssue.about == "")
        .values(
            cleared_at=None,
            cleared_by="",
            detail=detail[:MAX_DETAIL_LENGTH],
            updated_at=clock.now(),
        )
    )
    session.expire(order, ["issues"])


def resolve_issue(session: Session, order: Order, *, issue_id: int, actor: Actor) -> bool:
    """Note that ``actor`` has dealt with it. False: no such concern, or it was cleared before."""
    cleared = session.execute(
        update(OrderIssue)
        .where(
            OrderIssue.id == issue_id,
            OrderIssue.order_id == order.id,
            OrderIssue.cleared_at.is_(None),
        )
        .values(cleared_at=clock.now(), cleared_by=actor.label[:200], updated_at=clock.now())
        .returning(OrderIssue.code, OrderIssue.detail)
    ).one_or_none()
    if cleared is None:
        return False
    audit.record(
        session,
        actor=actor,
        action="order.concern_cleared",
        object_type="order",
        object_ref=order.number,
        after={"concern": cleared.code},
        reason=cleared.detail,
    )
    return True


def mark_resolved(session: Session, order: Order, concern: OrderIssue, *, actor: Actor) -> None:
    """Clear a concern that does not hold any more."""
    concern.cleared_at, concern.cleared_by = clock.now(), actor.label[:200]
    session.flush()
    log.info("order.concern_over", extra={"order": order.number, "code": concern.code})


def resolve_issue_about(
    session: Session, order: Order, code: IssueCode, about: str, *, actor: Actor
) -> None:
    """Clear the concern with ``code`` about one thing, if it is open."""
    for concern in order.issues:
        if concern.code is code and concern.about == about and concern.cleared_at is None:
            mark_resolved(session, order, concern, actor=actor)


def resolve_issues(session: Session, order: Order, *codes: IssueCode, actor: Actor) -> None:
    """Clear every open concern with one of ``codes``: what it asked for has come about."""
    session.execute(
        update(OrderIssue)
        .where(
            OrderIssue.order_id == order.id,
            OrderIssue.code.in_(codes),
            OrderIssue.cleared_at.is_(None),
        )
        .values(cleared_at=clock.now(), cleared_by=actor.label[:200], updated_at=clock.now())
    )


def sync_amount_issues(session: Session, order: Order, *, about: str, actor: Actor) -> None:
    """Bring the concerns about the order's sums to what the sums say now.

    ``about`` names what moved the sums, such as a payment's reference.
    """
    session.flush()
    over = _over(order)
    open_ = [concern for concern in order.issues if concern.cleared_at is None]
    twice = [concern for concern in open_ if concern.code is IssueCode.PAID_TWICE]
    if over and twice:
        return  # both say what to refund, and the sums are above the total as before
    detail = _detail(order, over)
    # A payment in another currency never entered the sums: a person settles what is said of it.
    foreign = {p.reference for p in order.payments if p.currency != order.currency}
    said = [
        concern
        for concern in open_
        if concern.code is IssueCode.AMOUNT_MISMATCH and concern.about not in foreign
    ]
    for concern in (*twice, *said):
        if concern.detail != detail:
            mark_resolved(session, order, concern, actor=actor)
    if detail and all(concern.detail != detail for concern in said):
        # Named with the sum: the same payment can be voided and recorded again.
        name = f"{about} {order.paid_amount}"[-255:]
        raise_issue(session, order, IssueCode.AMOUNT_MISMATCH, detail, about=name)


def _detail(order: Order, over: int) -> str:
    if over:
        excess = Money(over, order.currency)
        return (
            f"{order.paid.words()} was paid, an overpayment of {excess.words()}. Refund the "
            f"difference."
        )
    if order.refunded_amount >= order.paid_amount or order.paid_amount >= order.total_amount:
        return ""
    missing = order.balance.words()
    return f"{order.paid.words()} of {order.total.words()} was paid. {missing} is due."


def _over(order: Order) -> int:
    """Return what is still here of the money beyond the order's total."""
    returned = sum(
        entry["amount"]
        for refund in order.refunds
        if refund.status in COUNTED_REFUNDS
        for entry in refund.allocations
        if entry["line"] == "overpayment"
    )
    kept = order.paid_amount - order.refunded_amount
    over = order.paid_amount - order.total_amount - returned
    return over if over > 0 and kept > order.total_amount else 0
