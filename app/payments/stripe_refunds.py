"""Refunds through Stripe, in three steps: record the request, send it, and apply the result.

After a crash between two steps the worker continues, and Stripe makes each refund once.
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
from app.payments.facts import RefundFacts
from app.payments.gateway import StripeGateway

log = logging.getLogger(__name__)

# A request advances its own refund; the worker takes over after this.
WORKER_TAKEOVER_AFTER = timedelta(minutes=1)
# A bank takes days; Stripe sends an event, and this finds out if it is lost.
PENDING_CHECK = timedelta(hours=6)
STRIPE_PAYMENT_PREFIX = "pi_"


def refund_order(
    sessions: sessionmaker[Session],
    gateway: StripeGateway,
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
    payment that did not come through Stripe is refunded by hand, and only recorded here.

    Raises:
        NotFoundError: no such order.
        InvalidInputError: an allocation is more than there is.
        OrderClosedError: the payment is in dispute.
    """
    with sessions.begin() as session:
        requested = request_refund(
            session,
            get_order_by_number(session, number),
            allocations=allocations,
            effect=effect,
            reason=reason,
            actor=actor,
            payment_id=payment_id,
        )
        refund_id = requested.id
    return try_advance_refund(sessions, gateway, refund_id=refund_id, actor=actor)


def allocate_rest(order: Order) -> list[Allocation]:
    """Return allocations that give back all that is left of what was paid for ``order``."""
    allocations, left = [], refundable_total(order).amount
    for part, rest in refundable(order).items():
        amount = min(rest, left)
        if amount > 0:
            allocations.append(Allocation(line=part, amount=amount))
            left -= amount
    return allocations


def try_advance_refund(
    sessions: sessionmaker[Session], gateway: StripeGateway, *, refund_id: int, actor: Actor
) -> Refund:
    """Try ``advance_refund``; return the refund as it is now, even if Stripe did not answer."""
    try:
        advance_refund(sessions, gateway, refund_id=refund_id, actor=actor)
    except GatewayError as error:
        log.warning("refund.waits", extra={"refund": refund_id, "error": str(error)})
    with sessions() as session:
        return session.get_one(Refund, refund_id)


def advance_refund(
    sessions: sessionmaker[Session], gateway: StripeGateway, *, refund_id: int, actor: Actor
) -> None:
    """Advance one refund: request it from Stripe, or fetch its state. Safe to repeat.

    It fails only if Stripe refuses that very refund. Whatever else goes wrong, it waits, with the
    reason in it, and is tried again.

    Raises:
        GatewayError: Stripe did not answer, or would not say; nothing is lost.
    """
    try:
        _advance(sessions, gateway, refund_id=refund_id, actor=actor)
    except GatewayError as error:
        with sessions.begin() as session:
            record_refund_delay(session, refund_id=refund_id, why=_describe_delay(error))
        raise


def _advance(
    sessions: sessionmaker[Session], gateway: StripeGateway, *, refund_id: int, actor: Actor
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
    # A refund that Stripe does not show, such as to a revoked key, has not failed.
    facts = gateway.fetch_refund(reference) if reference else None
    if facts is None:
        # Asked before, perhaps longer ago than Stripe remembers the idempotency key.
        existing = [item for item in gateway.list_refunds(paid_by) if item.refund_id == refund_id]
        facts = existing[0] if existing else None
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


def _describe_delay(error: GatewayError) -> str:
    """Return why a refund is delayed, for staff."""
    if isinstance(error, GatewayUnavailableError):
        return "Stripe could not be reached."
    if isinstance(error, GatewayDeniedError):
        return f"Stripe did not accept the store's API key: {error}"
    return f"Stripe did not confirm the result: {error}"


def sync_refund(session: Session, facts: RefundFacts, *, actor: Actor) -> None:
    """Sync one refund with Stripe, whether ours or made elsewhere. Safe to repeat.

    Raises:
        NotFoundError: its payment is not recorded yet.
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


def _is_due(at: datetime) -> ColumnElement[bool]:
    requested = and_(
        Refund.status == RefundStatus.REQUESTED, Refund.updated_at <= at - WORKER_TAKEOVER_AFTER
    )
    pending = and_(Refund.status == RefundStatus.PENDING, Refund.updated_at <= at - PENDING_CHECK)
    return or_(requested, pending)


# A refund is due by how long it has been left alone.
WORK_QUEUE = WorkQueue(Refund.id, Refund.updated_at, _is_due, retry_after=timedelta(0))
