"""Disputes: what a buyer's bank takes back, until somebody answers it or loses it."""

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


def _outcome(status: DisputeStatus) -> DisputeOutcome:
    if status is DisputeStatus.LOST:
        return "lost"
    return "won" if status in CLOSED_DISPUTES else "open"
