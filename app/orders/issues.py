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
    """Raise an issue, so that staff check ``order``. Return whether it is new.

    The same ``code`` and ``about``, such as a payment's reference, are raised once. A resolved
    issue stays resolved when an event arrives again.
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
        log.warning("order.issue_raised", extra={"order": order.number, "code": code})
    return new


def reopen_issue(session: Session, order: Order, code: IssueCode, detail: str) -> None:
    """Raise an issue, or open it again if it was resolved."""
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
    """Resolve an issue as ``actor``; return False if it is not open."""
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


def mark_resolved(session: Session, order: Order, issue: OrderIssue, *, actor: Actor) -> None:
    """Resolve an issue whose reason is gone."""
    issue.cleared_at, issue.cleared_by = clock.now(), actor.label[:200]
    session.flush()
    log.info("order.issue_resolved", extra={"order": order.number, "code": issue.code})


def resolve_issue_about(
    session: Session, order: Order, code: IssueCode, about: str, *, actor: Actor
) -> None:
    """Resolve the open issue with ``code`` about one thing, if any."""
    for issue in order.issues:
        if issue.code is code and issue.about == about and issue.cleared_at is None:
            mark_resolved(session, order, issue, actor=actor)


def resolve_issues(session: Session, order: Order, *codes: IssueCode, actor: Actor) -> None:
    """Resolve every open issue with one of ``codes``."""
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
    """Raise or resolve the issues about the order's sums, as the sums are now.

    ``about`` names what changed the sums, such as a payment's reference.
    """
    session.flush()
    over = _over(order)
    open_ = [issue for issue in order.issues if issue.cleared_at is None]
    open_overpayments = [issue for issue in open_ if issue.code is IssueCode.PAID_TWICE]
    if over and open_overpayments:
        return  # the issue says already what to refund
    detail = _detail(order, over)
    # Payments in another currency are not in the sums; staff resolve their issues.
    foreign = {p.reference for p in order.payments if p.currency != order.currency}
    open_mismatches = [
        issue
        for issue in open_
        if issue.code is IssueCode.AMOUNT_MISMATCH and issue.about not in foreign
    ]
    for issue in (*open_overpayments, *open_mismatches):
        if issue.detail != detail:
            mark_resolved(session, order, issue, actor=actor)
    if detail and all(issue.detail != detail for issue in open_mismatches):
        # With the sum, because a payment can be voided and recorded again.
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
    balance = order.paid_amount - order.refunded_amount
    over = order.paid_amount - order.total_amount - returned
    return over if over > 0 and balance > order.total_amount else 0
