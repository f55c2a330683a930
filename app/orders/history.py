"""The thread of an order: what happened to it, what the buyer may read of it, and staff notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.core.money import Money
from app.orders.models import Order, OrderNote
from app.orders.states import PaymentState

PAYMENT_FAILED_TEXT = "Payment failed"
# The buyer's text for each kind of audit entry; other kinds are for staff only.
_PUBLIC = {
    "order.placed": "Order placed",
    "order.purchase_order_uploaded": "Purchase order uploaded",
    "order.purchase_order_countered": "Correction of the purchase order requested",
    "order.purchase_order_rejected": "Purchase order not accepted",
    "order.payment_state.pending": "Bank debit started",
    "order.payment_state.unpaid": PAYMENT_FAILED_TEXT,
    "order.state.accepted": "Order accepted",
    "order.state.completed": "Order fulfilled",
    "order.state.canceled": "Order canceled",
    "order.state.expired": "Order expired unpaid",
    "shipment.state.packed": "Packed",
    "shipment.state.shipped": "Sent",
    "license.granted": "License granted",
    "license.status.revoked": "License revoked",
    "license.status.suspended": "License suspended",
    "license.status.active": "License reinstated",
    "license.status.expired": "License expired",
    "refund.status.succeeded": "Refunded",
    "refund.status.failed": "Refund failed; we're looking into it",
}
_THREAD = (
    select(AuditEntry)
    .where(
        or_(
            and_(AuditEntry.object_type == "order", AuditEntry.object_ref == bindparam("order")),
            and_(
                AuditEntry.object_type.in_(["shipment", "refund"]),
                AuditEntry.object_ref.startswith(bindparam("parts", type_=String)),
            ),
            and_(
                AuditEntry.object_type == "license",
                AuditEntry.object_ref.in_(bindparam("licenses", expanding=True)),
            ),
        )
    )
    .order_by(AuditEntry.id)
)
PENDING = {"payment_state": PaymentState.PENDING}


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One step, as the buyer reads it."""

    at: datetime
    text: str


def find_thread(session: Session, order: Order) -> Sequence[AuditEntry]:
    """Return every audit row about the order, its shipments, refunds and licenses, oldest first."""
    numbers = [line.license.number for line in order.lines if line.license is not None]
    params = {"order": order.number, "parts": f"{order.number}/", "licenses": numbers}
    return session.scalars(_THREAD, params).all()


def find_public_history(session: Session, order: Order) -> list[HistoryItem]:
    """Return the steps that the buyer may read, oldest first: no names, no reasons of staff."""
    items = []
    for entry in find_thread(session, order):
        text = _format_public(entry)
        if text is not None:
            items.append(HistoryItem(at=entry.at, text=text))
    return items


def _format_public(entry: AuditEntry) -> str | None:
    if entry.action == "order.payment_recorded" and entry.after is not None:
        money = Money(entry.after["amount"], entry.after["currency"])
        return f"Payment of {money.words()} received"
    if entry.action == "order.payment_voided" and entry.before is not None:
        money = Money(entry.before["amount"], entry.before["currency"])
        return f"Payment of {money.words()} recorded by mistake and removed"
    if entry.action == "order.changed" and "lines" in (entry.after or {}):
        return "Items corrected by our staff"
    if entry.action == "order.payment_state.partially_paid" and entry.before == PENDING:
        return PAYMENT_FAILED_TEXT  # the debit for the rest
    text = _PUBLIC.get(entry.action)
    if text is not None and entry.object_type == "license":
        return f"{text}: {entry.object_ref}"
    return text


def add_note(session: Session, order: Order, *, body: str, actor: Actor) -> OrderNote:
    """Add a note for staff. The buyer never sees it."""
    note = OrderNote(order_id=order.id, author=actor.label[:200], body=body)
    session.add(note)
    session.flush()
    session.expire(order, ["notes"])
    return note
