"""What staff write to each other about an order."""

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.orders.models import Order, OrderNote


def add_note(session: Session, order: Order, *, body: str, actor: Actor) -> OrderNote:
    """Add a note for staff. The buyer never sees it."""
    note = OrderNote(order_id=order.id, author=actor.label[:200], body=body)
    session.add(note)
    session.flush()
    session.expire(order, ["notes"])
    return note
