"""Giving money back through Stripe: promised in our books, asked of Stripe, settled in our books.

Each of the three is a step of its own. A crash between two of them leaves a refund from which the
worker goes on, and Stripe is asked once for each, however often we try.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.core.work_queue import WorkQueue
from app.orders.allocations import Allocation
from app.orders.models import Order, Refund
from app.orders.queries import get_order_by_number
from app.orders.refunds import (
    apply_refund_result,
    record_external_refund,
    record_refund_delay,
    refundable,
    refundable_total,
    request_refund,
)
from app.orders.states import LicenseEffect, RefundStatus
from app.payments.errors import (
    GatewayDeniedError,
    GatewayError,
    GatewayRefusedError,
    GatewayUnavailableError,
)
from app.payments.facts import Gateway, RefundFacts

log = logging.getLogger(__name__)

# Whoever asked for a refund also pushes it; the worker takes over what is older than this.
WORKER_TAKEOVER_AFTER = timedelta(minutes=1)
# A bank takes days; Stripe sends an event, and this finds out if it is lost.
PENDING_CHECK = timedelta(hours=6)
STRIPE_PAYMENT_PREFIX = "pi_"


def refund_order(
    sessions: sessionmaker[Session],
    gateway: Gateway,
    *,
    number: str,
    allocations: Sequence[Allocation],
    effect: LicenseEffect,
    reason: str,
    actor: Actor,
    payment_id: int | None = None,
) -> Refund:
    """Refund parts of an order and return how far that has come.

    If Stripe cannot be reached the refund stays ``requested`` and the worker sees it through. A
    payment that did not come through Stripe is refunded by hand: our books only take note.

    Raises:
        NotFoundError: no such order.
        InvalidInputError: an allocation is more than there is.
        OrderClosedError: the payment is in dispute.
    """
    with sessions.begin() as session:
        promised = request_refund(
            session,
            get_order_by_number(session, number),
            allocations=allocations,
            effect=effect,
            reason=reason,
            actor=actor,
            payment_id=payment_id,
        )
        refund_id = promised.id
    return try_advance_refund(sessions, gateway, refund_id=refund_id, actor=actor)


def allocate_rest(order: Order) -> list[Allocation]:
    """Return allocations that give back all that is left of what was paid for ``order``."""
    found, left = [], refundable_total(order).amount
    for part, rest in refundable(order).items():
        amount = min(rest, left)
        if amount > 0:
            found.append(Allocation(line=part, amount=amount))
            left -= amount
    return found


def try_advance_refund(
    sessions: sessionmaker[Session], gateway: Gateway, *, refund_id: int, actor: Actor
) -> Refund:
    """Try ``advance_refund``; return the refund as it is now, even if Stripe did not answer."""
    try:
        advance_refund(sessions, gateway, refund_id=refund_id, actor=actor)
    except GatewayError as error:
        log.warning("refund.waits", extra={"refund": refund_id, "error": str(error)})
    with sessions() as session:
        return session.get_one(Refund, refund_id)


def advance_refund(
    sessions: sessionmaker[Session], gateway: Gateway, *, refund_id: int, actor: Actor
) -> None:
    """Bring one refund forward: ask Stripe for it, or what became of it. Safe to repeat.

    It fails only if Stripe refuses that very refund. Whatever else goes wrong, it waits, with the
    reason in it, and is tried again.

    Raises:
        GatewayError: Stripe did not answer, or would not say; nothing is lost.
    """
    try:
        _push(sessions, gateway, refund_id=refund_id, actor=actor)
    except GatewayError as error:
        with sessions.begin() as session:
            record_refund_delay(session, refund_id=refund_id, why=_words(error))
        raise


def _push(
    sessions: sessionmaker[Session], gateway: Gateway, *, refund_id: int, actor: Actor
) -> None:
    with sessions() as session:
        row = session.get_one(Refund, refund_id)
        number = session.scalars(select(Order.number).where(Order.id == row.order_id)).one()
        status, reference, amount = row.status, row.reference, row.money
        paid_by = row.payment.reference
    if status not in {RefundStatus.REQUESTED, RefundStatus.PENDING}:
        return
    if not paid_by.startswith(STRIPE_PAYMENT_PREFIX):
        with sessions.begin() as session:
            apply_refund_result(
                session, refund_id=refund_id, status=RefundStatus.SUCCEEDED, actor=actor
            )
        return
    # If Stripe will not show a refund that it made, as to a revoked key, that is no failure of it.
    facts = gateway.fetch_refund(reference) if reference else None
    if facts is None:
        # Asked before, perhaps longer ago than Stripe remembers the idempotency key.
        made = [one for one in gateway.list_refunds(paid_by) if one.refund_id == refund_id]
        facts = made[0] if made else None
    try:
        if facts is None:
            facts = gateway.refund(
                payment_reference=paid_by, amount=amount, refund_id=refund_id, order_number=number
            )
    except GatewayRefusedError as error:
        with sessions.begin() as session:
            apply_refund_result(
                session,
                refund_id=refund_id,
                status=RefundStatus.FAILED,
                actor=actor,
                failure=f"Stripe rejected the refund: {error}",
            )
        return
    with sessions.begin() as session:
        sync_refund(session, facts, actor=actor)


def _words(error: GatewayError) -> str:
    """Say to staff why a refund waits."""
    if isinstance(error, GatewayUnavailableError):
        return "Stripe could not be reached."
    if isinstance(error, GatewayDeniedError):
        return f"Stripe did not accept the store's API key: {error}"
    return f"Stripe did not confirm the result: {error}"


def sync_refund(session: Session, facts: RefundFacts, *, actor: Actor) -> None:
    """Bring our books to what Stripe says about one refund, ours or made elsewhere. Safe to repeat.

    Raises:
        NotFoundError: the payment that it gives back is not in our books yet.
    """
    known = session.scalar(
        select(Refund)
        .where(
            or_(
                Refund.reference == facts.reference,
                # Ours, and its id has not been noted yet: the event was quicker.
                and_(Refund.id == facts.refund_id, Refund.reference.is_(None)),
            )
        )
        .where(Refund.payment.has(reference=facts.payment_reference))
    )
    status = RefundStatus(facts.progress.value)
    if known is None:
        record_external_refund(
            session,
            payment_reference=str(facts.payment_reference),
            reference=facts.reference,
            amount=facts.amount,
            status=status,
            actor=actor,
            failure=facts.failure,
        )
        return
    if known.status is RefundStatus.FAILED:
        return  # a failure is final at Stripe; other facts are older
    apply_refund_result(
        session,
        refund_id=known.id,
        status=status,
        actor=actor,
        reference=facts.reference,
        failure=facts.failure,
    )


def _to_push(at: datetime) -> ColumnElement[bool]:
    requested = and_(
        Refund.status == RefundStatus.REQUESTED, Refund.updated_at <= at - WORKER_TAKEOVER_AFTER
    )
    pending = and_(Refund.status == RefundStatus.PENDING, Refund.updated_at <= at - PENDING_CHECK)
    return or_(requested, pending)


# A refund is due by how long it has been left alone.
WORK_QUEUE = WorkQueue(Refund.id, Refund.updated_at, _to_push, retry_after=timedelta(0))
