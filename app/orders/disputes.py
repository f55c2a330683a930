"""Disputes: their effects on an order while they are open, and when they are won or lost."""

import logging
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.core import clock
from app.core.db import insert_ignore, insert_new
from app.core.money import Money
from app.licenses.lifecycle import reinstate, suspend
from app.orders.errors import OrderClosedError
from app.orders.holds import suspended_licenses
from app.orders.invoicing import sync_invoice
from app.orders.issues import raise_issue, resolve_issues
from app.orders.models import Dispute, Order, Payment, Refund
from app.orders.payment_recording import sync_payment_state
from app.orders.queries import get_number_of_payment, lock_order
from app.orders.states import (
    DISPUTE_TRANSITIONS,
    DisputeStatus,
    IssueCode,
    LicenseEffect,
    RefundOrigin,
    RefundStatus,
)

log = logging.getLogger(__name__)


def record_dispute(
    session: Session,
    *,
    reference: str,
    payment_reference: str,
    amount: Money,
    status: DisputeStatus,
    actor: Actor,
    reason: str = "",
    due_by: datetime | None = None,
) -> Order:
    """Record where a dispute stands at Stripe. Safe to repeat, and in any order.

    While it is open, the order is ``disputed`` and staff are notified; licenses stay active, for
    the buyer may not know about it. If it is won, or ends otherwise without a loss, everything is
    as before. If it is lost, the amount is recorded as a refund without allocations, and the
    licenses are suspended until a person decides to reinstate them (``reinstate_suspended``) or
    to end them.

    Raises:
        NotFoundError: no payment has this reference (yet).
    """
    order = lock_order(session, get_number_of_payment(session, payment_reference))
    values = {
        "id": reference,
        "order_id": order.id,
        "payment_reference": payment_reference,
        "amount": amount.amount,
        "currency": amount.currency,
        "reason": reason,
        "status": status,
        "due_by": due_by,
    }
    dispute = insert_new(session, Dispute, values)
    if dispute is None:
        dispute = session.get_one(Dispute, reference, populate_existing=True)
        if not _update_status(session, dispute, status, due_by=due_by, actor=actor):
            return order
    session.expire(order, ["disputes"])
    label = reason.replace("_", " ")
    audit.record(
        session,
        actor=actor,
        action=f"order.dispute_{dispute.outcome}",
        object_type="order",
        object_ref=order.number,
        after={"amount": amount.amount, "currency": amount.currency},
        reason=f"{reference} {label}".strip(),
    )
    log.warning("order.dispute", extra={"order": order.number, "outcome": dispute.outcome})
    if dispute.is_open:
        detail = f"The buyer's bank disputed {amount.words()} ({label or 'no reason given'})."
        raise_issue(session, order, IssueCode.DISPUTE_OPEN, detail, about=reference)
    elif dispute.is_lost:
        _apply_loss(session, order, dispute, actor=actor)
    disputed = order.has_open_dispute
    if not disputed:
        resolve_issues(session, order, IssueCode.DISPUTE_OPEN, actor=actor)
    why = f"dispute {reference} {dispute.outcome}"
    sync_payment_state(session, order, actor=actor, reason=why, disputed=disputed)
    if dispute.is_lost:
        sync_invoice(session, order, actor=actor, reason=why)
    return order


def _update_status(
    session: Session,
    dispute: Dispute,
    status: DisputeStatus,
    *,
    due_by: datetime | None,
    actor: Actor,
) -> bool:
    """Bring a known dispute to ``status``; return whether that closed it."""
    has_moved = status is not dispute.status
    if has_moved:
        if status not in DISPUTE_TRANSITIONS[dispute.status]:
            return False  # older than the stored status
        transition(
            session,
            dispute,
            "status",
            status,
            table=DISPUTE_TRANSITIONS,
            actor=actor,
            reason="",
            object_type="dispute",
            object_ref=dispute.id,
        )
    if dispute.is_open:
        dispute.due_by = due_by
        session.flush()
    return has_moved and not dispute.is_open


def reinstate_suspended(session: Session, order: Order, *, actor: Actor, reason: str) -> Order:
    """Reinstate the licenses that a lost dispute suspended, as a person decided.

    Safe to repeat.

    Raises:
        OrderClosedError: none of its licenses was suspended, by a lost dispute or a voided payment.
    """
    order = lock_order(session, order.number)
    if not order.has_lost_dispute and not suspended_licenses(order):
        detail = f"Order {order.number} has no suspended licenses."
        raise OrderClosedError(detail)
    for license_ in suspended_licenses(order):
        reinstate(session, license_, actor=actor, reason=reason)
    resolve_lost_dispute(session, order, actor=actor)
    return order


def resolve_lost_dispute(session: Session, order: Order, *, actor: Actor) -> None:
    """Resolve the issue of a lost dispute once none of the order's licenses is suspended."""
    if not suspended_licenses(order):
        resolve_issues(session, order, IssueCode.DISPUTE_LOST, actor=actor)


def _apply_loss(session: Session, order: Order, dispute: Dispute, *, actor: Actor) -> None:
    payment = next(p for p in order.payments if p.reference == dispute.payment_reference)
    amount_lost = min(dispute.amount, _unrefunded_amount(order, payment))
    if amount_lost:
        values = {
            "order_id": order.id,
            "payment_id": payment.id,
            "origin": RefundOrigin.DISPUTE,
            "status": RefundStatus.SUCCEEDED,
            "amount": amount_lost,
            "currency": payment.currency,
            "reference": dispute.id,
            "reason": "Lost dispute",
            "license_effect": LicenseEffect.KEEP,
            "allocations": [],
            "requested_by": actor.label[:200],
            "settled_at": clock.now(),
        }
        if insert_ignore(session, Refund, values, index_elements=["reference"]):
            # Money in another currency never entered the sums.
            if payment.currency == order.currency:
                order.refunded_amount += amount_lost
            session.flush()
            session.expire(order, ["refunds"])
    for line in order.lines:
        if line.license is not None:
            suspend(session, line.license, actor=actor, reason=f"dispute {dispute.id} was lost")
    lost = dispute.total.words()
    detail = f"{lost} was lost in a dispute. Reinstate or revoke the suspended licenses."
    raise_issue(session, order, IssueCode.DISPUTE_LOST, detail, about=dispute.id)


def _unrefunded_amount(order: Order, payment: Payment) -> int:
    refunded = sum(
        refund.amount
        for refund in order.refunds
        if refund.payment_id == payment.id and refund.status is RefundStatus.SUCCEEDED
    )
    return max(payment.amount - refunded, 0)
