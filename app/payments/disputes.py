"""Disputes: what a buyer's bank takes back, until somebody answers it or loses it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core.db import insert_ignore
from app.orders.disputing import DisputeOutcome, record_dispute
from app.orders.queries import locked
from app.payments.facts import DisputeFacts
from app.payments.models import Dispute
from app.payments.states import CLOSED_DISPUTES, DisputeStatus


def take_in(session: Session, facts: DisputeFacts, *, number: str, actor: Actor) -> Dispute:
    """Bring our books to what Stripe says about one dispute of order ``number``. Safe to repeat.

    Raises:
        NotFoundError: the payment in dispute is not in our books yet.
    """
    order = locked(session, number)
    values = {
        "id": facts.reference,
        "order_id": order.id,
        "payment_reference": facts.payment_reference,
        "amount": facts.amount.amount,
        "currency": facts.amount.currency,
        "reason": facts.reason,
        "status": facts.status,
        "due_by": facts.due_by,
    }
    insert_ignore(session, Dispute, values, index_elements=["id"])
    dispute = session.get_one(Dispute, facts.reference, populate_existing=True)
    # Facts that were fetched before the end and applied after it must not open it again.
    if dispute.status not in CLOSED_DISPUTES:
        dispute.status = facts.status
        dispute.due_by = facts.due_by
        session.flush()
    record_dispute(
        session,
        payment_reference=str(facts.payment_reference),
        dispute=facts.reference,
        amount=facts.amount,
        outcome=_outcome(dispute.status),
        actor=actor,
        reason=facts.reason.replace("_", " "),
    )
    return dispute


def disputes_of(session: Session, order_id: int) -> Sequence[Dispute]:
    """Return the disputes of one order, oldest first."""
    return session.scalars(
        select(Dispute).where(Dispute.order_id == order_id).order_by(Dispute.created_at)
    ).all()


def open_disputes(session: Session) -> Sequence[Dispute]:
    """Return every dispute that is not decided, the most urgent first."""
    return session.scalars(
        select(Dispute)
        .where(Dispute.status.not_in(CLOSED_DISPUTES))
        .order_by(Dispute.due_by.is_(None), Dispute.due_by, Dispute.id)
    ).all()


def _outcome(status: DisputeStatus) -> DisputeOutcome:
    if status is DisputeStatus.LOST:
        return "lost"
    return "won" if status in CLOSED_DISPUTES else "open"
