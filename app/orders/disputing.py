"""Buyers' banks asking for money back, and how that ends."""

import logging
from typing import Literal

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import insert_ignore
from app.core.money import Money
from app.licenses.service import reinstate, suspend
from app.orders.concerns import clear_all, raise_concern
from app.orders.errors import OrderClosedError
from app.orders.holds import suspended
from app.orders.models import Order, Payment, Refund
from app.orders.paying import settle_payment_state
from app.orders.queries import locked, order_of_payment
from app.orders.states import (
    ConcernCode,
    LicenseEffect,
    RefundOrigin,
    RefundStatus,
)

log = logging.getLogger(__name__)
DisputeOutcome = Literal["open", "won", "lost"]


def record_dispute(
    session: Session,
    *,
    payment_reference: str,
    dispute: str,
    amount: Money,
    outcome: DisputeOutcome,
    actor: Actor,
    reason: str = "",
) -> Order:
    """Take over how a dispute stands. Safe to repeat, and in any order: an end is an end.

    While it is open the order is ``disputed`` and staff are told; licenses stay, for the buyer may
    know nothing of it. Won: all is as before. Lost: the money is gone, which is booked as a refund
    that nobody allocated, and the licenses are suspended until a person decides: to put them back
    in force (``forgive``), or to end them.

    Raises:
        NotFoundError: no payment has this reference (yet).
    """
    order = locked(session, order_of_payment(session, payment_reference))
    known = order.disputes.get(dispute)
    if known == outcome or known in {"won", "lost"}:
        return order
    order.disputes = {**order.disputes, dispute: outcome}
    audit.record(
        session,
        actor=actor,
        action=f"order.dispute_{outcome}",
        object_type="order",
        object_ref=order.number,
        after={"amount": amount.amount, "currency": amount.currency},
        reason=f"{dispute} {reason}".strip(),
    )
    log.warning("order.dispute", extra={"order": order.number, "outcome": outcome})
    if outcome == "open":
        detail = f"The buyer's bank disputes {amount.words()} ({reason or 'no reason given'})."
        raise_concern(session, order, ConcernCode.DISPUTE_OPEN, detail, about=dispute)
    elif outcome == "lost":
        _lose(session, order, payment_reference, dispute, amount, actor=actor)
    if "open" not in order.disputes.values():
        clear_all(session, order, ConcernCode.DISPUTE_OPEN, actor=actor)
    settle_payment_state(session, order, actor=actor, reason=f"dispute {dispute} {outcome}")
    return order


def forgive(session: Session, order: Order, *, actor: Actor, reason: str) -> Order:
    """Put licenses that a lost dispute suspended back in force: a person decided so.

    Asked again, nothing more happens.

    Raises:
        OrderClosedError: none of its licenses was suspended, by a lost dispute or a voided payment.
    """
    order = locked(session, order.number)
    if "lost" not in order.disputes.values() and not suspended(order):
        detail = f"no license of order {order.number} is suspended"
        raise OrderClosedError(detail)
    for license_ in suspended(order):
        reinstate(session, license_, actor=actor, reason=reason)
    note_decision(session, order, actor=actor)
    return order


def note_decision(session: Session, order: Order, *, actor: Actor) -> None:
    """Take a lost dispute off the queue once none of the order's licenses waits for a decision."""
    if not suspended(order):
        clear_all(session, order, ConcernCode.DISPUTE_LOST, actor=actor)


def _lose(
    session: Session,
    order: Order,
    payment_reference: str,
    dispute: str,
    amount: Money,
    *,
    actor: Actor,
) -> None:
    payment = next(p for p in order.payments if p.reference == payment_reference)
    gone = min(amount.amount, _left_of(order, payment))
    if gone:
        values = {
            "order_id": order.id,
            "payment_id": payment.id,
            "origin": RefundOrigin.DISPUTE,
            "status": RefundStatus.SUCCEEDED,
            "amount": gone,
            "currency": payment.currency,
            "reference": dispute,
            "reason": "Lost dispute",
            "license_effect": LicenseEffect.KEEP,
            "allocations": [],
            "requested_by": actor.label[:200],
            "settled_at": clock.now(),
        }
        if insert_ignore(session, Refund, values, index_elements=["reference"]):
            # Money in another currency never entered the sums.
            if payment.currency == order.currency:
                order.refunded_amount += gone
            session.flush()
            session.expire(order, ["refunds"])
    for line in order.lines:
        if line.license is not None:
            suspend(session, line.license, actor=actor, reason=f"dispute {dispute} was lost")
    detail = f"{amount.words()} was lost in a dispute. The licenses are suspended: decide on them."
    raise_concern(session, order, ConcernCode.DISPUTE_LOST, detail, about=dispute)


def _left_of(order: Order, payment: Payment) -> int:
    gone = sum(
        refund.amount
        for refund in order.refunds
        if refund.payment_id == payment.id and refund.status is RefundStatus.SUCCEEDED
    )
    return max(payment.amount - gone, 0)
