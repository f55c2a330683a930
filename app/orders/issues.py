"""Reasons why a person should look at an order: raised once, cleared with a name."""

import logging

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import insert_ignore
from app.orders.models import Order, OrderIssue
from app.orders.states import IssueCode

log = logging.getLogger(__name__)
DETAIL_LENGTH = 500


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
        "detail": detail[:DETAIL_LENGTH],
    }
    new = insert_ignore(session, OrderIssue, values, index_elements=["order_id", "code", "about"])
    if new:
        session.expire(order, ["issues"])
        log.warning("order.concern", extra={"order": order.number, "code": code})
    return new


def reopen_concern(session: Session, order: Order, code: IssueCode, detail: str) -> None:
    """Put ``order`` in the queue for ``code``, again if the same was cleared before."""
    if raise_issue(session, order, code, detail):
        return
    session.execute(
        update(OrderIssue)
        .where(OrderIssue.order_id == order.id, OrderIssue.code == code, OrderIssue.about == "")
        .values(
            cleared_at=None,
            cleared_by="",
            detail=detail[:DETAIL_LENGTH],
            updated_at=clock.now(),
        )
    )
    session.expire(order, ["issues"])


def resolve_issue(session: Session, order: Order, *, concern_id: int, actor: Actor) -> bool:
    """Note that ``actor`` has dealt with it. False: no such concern, or it was cleared before."""
    cleared = session.execute(
        update(OrderIssue)
        .where(
            OrderIssue.id == concern_id,
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


def clear_one(session: Session, order: Order, concern: OrderIssue, *, actor: Actor) -> None:
    """Clear a concern that does not hold any more."""
    concern.cleared_at, concern.cleared_by = clock.now(), actor.label[:200]
    session.flush()
    log.info("order.concern_over", extra={"order": order.number, "code": concern.code})


def clear_about(
    session: Session, order: Order, code: IssueCode, about: str, *, actor: Actor
) -> None:
    """Clear the concern with ``code`` about one thing, if it is open."""
    for concern in order.issues:
        if concern.code is code and concern.about == about and concern.cleared_at is None:
            clear_one(session, order, concern, actor=actor)


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
