"""Packing and sending what was ordered."""

import logging
from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.orders.carriers import ELECTRONIC
from app.orders.errors import NothingToShipError
from app.orders.fulfillment import move_shipment, sync_fulfillment_state
from app.orders.holds import refuse_if_held
from app.orders.models import Order, Shipment
from app.orders.order_emails import queue_order_shipped
from app.orders.queries import lock_order, open_shipments
from app.orders.states import ShipmentKind, ShipmentState

log = logging.getLogger(__name__)


def mark_packed(
    session: Session,
    order: Order,
    *,
    actor: Actor,
    shipment_id: int | None = None,
    despite_hold: bool = False,
) -> Shipment:
    """Note that a parcel is packed. Asked again, nothing more happens.

    Raises:
        NothingToShipError: nothing of the order waits to be sent.
        OrderOnHoldError: it is on hold, and nobody decided to go on ``despite_hold``.
    """
    order = lock_order(session, order.number)
    shipment = _waiting(order, shipment_id)
    refuse_if_held(order, shipment, despite_hold=despite_hold)
    if move_shipment(session, order, shipment, ShipmentState.PACKED, actor=actor, reason=""):
        shipment.packed_at = clock.now()
        session.flush()
    return shipment


def ship(
    session: Session,
    order: Order,
    *,
    carrier: str,
    tracking: str = "",
    actor: Actor,
    shipment_id: int | None = None,
    quantities: Mapping[int, int] | None = None,
    despite_hold: bool = False,
) -> Shipment:
    """Note that a parcel has left, and tell the buyer how to follow it.

    Without ``shipment_id`` it is the order's next one: parcels first, then files and streams.
    ``quantities``, by line number, sends a part; the rest waits in a shipment of its own. Files
    and streams are sent with the carrier ``electronic`` (or an empty one).

    Raises:
        NothingToShipError: nothing of the order waits to be sent.
        OrderOnHoldError: it is on hold, and nobody decided to go on ``despite_hold``.
        InvalidInputError: no carrier for a parcel, a carrier or number that is too long, or more
            than what waits.
    """
    order = lock_order(session, order.number)
    shipment = _waiting(order, shipment_id)
    refuse_if_held(order, shipment, despite_hold=despite_hold)
    if shipment.kind is ShipmentKind.ELECTRONIC:
        carrier = ELECTRONIC
    elif not carrier or carrier == ELECTRONIC:
        raise InvalidInputError.of(FieldProblem("#/carrier", "Enter a carrier."))
    # Refused rather than cut: a number that lost its end follows no parcel, or another one.
    for name, given, most in (("carrier", carrier, 40), ("tracking", tracking, 80)):
        if len(given) > most:
            detail = f"Enter up to {most} characters."
            raise InvalidInputError.of(FieldProblem(f"#/{name}", detail))
    if quantities is not None:
        _split(session, order, shipment, quantities)
    shipment.carrier = carrier
    shipment.tracking = tracking
    shipment.shipped_at = clock.now()
    session.flush()
    move_shipment(session, order, shipment, ShipmentState.SHIPPED, actor=actor, reason=carrier)
    log.info("order.shipped", extra={"order": order.number, "carrier": carrier})
    queue_order_shipped(session, order, shipment)
    sync_fulfillment_state(session, order, actor=actor, reason=f"shipped: {carrier}")
    return shipment


def _waiting(order: Order, shipment_id: int | None) -> Shipment:
    waiting = open_shipments(order)
    if shipment_id is not None:
        waiting = [shipment for shipment in waiting if shipment.id == shipment_id]
    if not waiting:
        detail = f"Order {order.number} has no shipment to send."
        raise NothingToShipError(detail)
    return waiting[0]


def _split(
    session: Session, order: Order, shipment: Shipment, quantities: Mapping[int, int]
) -> None:
    """Leave in ``shipment`` what is sent now, and put the rest into a new one."""
    waiting = {entry["line"]: entry["quantity"] for entry in shipment.lines}
    for line, quantity in quantities.items():
        if not 1 <= quantity <= waiting.get(line, 0):
            detail = f"Line {line} has {waiting.get(line, 0)} left to send, not {quantity}."
            raise InvalidInputError.of(FieldProblem("#/lines", detail))
    if not quantities:
        raise InvalidInputError.of(FieldProblem("#/lines", "Enter what is in the parcel."))
    rest = {line: count - quantities.get(line, 0) for line, count in waiting.items()}
    left = [{"line": line, "quantity": count} for line, count in rest.items() if count]
    if not left:
        return
    shipment.lines = [{"line": n, "quantity": count} for n, count in sorted(quantities.items())]
    session.add(Shipment(order_id=order.id, kind=shipment.kind, lines=left))
    session.flush()
    session.expire(order, ["shipments"])
