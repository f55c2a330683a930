"""Licenses and shipments: what follows once an order may be fulfilled, and when it is done."""

import logging
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.addresses import Address
from app.accounts.transitions import transition
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.licenses.lifecycle import LicenseGrant, RightsNotHeldError, grant, reinstate, revoke
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.time_zones import time_zone_of
from app.orders.carriers import ELECTRONIC
from app.orders.errors import NothingToShipError
from app.orders.holds import check_not_held
from app.orders.issues import raise_issue, resolve_issue_about
from app.orders.models import Order, OrderLine, Shipment
from app.orders.order_emails import queue_licenses_granted, queue_order_shipped
from app.orders.queries import lock_order, open_shipments, sent_shipments
from app.orders.states import (
    FULFILLMENT_TRANSITIONS,
    OPEN_SHIPMENTS,
    ORDER_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    SHIPMENT_TRANSITIONS,
    FulfillmentState,
    IssueCode,
    OrderState,
    PaymentState,
    ShipmentKind,
    ShipmentState,
)

log = logging.getLogger(__name__)
_AXES: dict[type[StrEnum], tuple[str, Mapping[Any, frozenset[Any]]]] = {
    OrderState: ("state", ORDER_TRANSITIONS),
    PaymentState: ("payment_state", PAYMENT_TRANSITIONS),
    FulfillmentState: ("fulfillment_state", FULFILLMENT_TRANSITIONS),
}
MONEY_SETTLED = frozenset(
    {PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED}
)


def fulfill(
    session: Session, order: Order, *, actor: Actor, reason: str, notify_buyer: bool = True
) -> None:
    """Grant every line its license and prepare what must be sent. Safe to call again.

    Without ``notify_buyer`` the caller sends an email of its own. A line whose rights were lost
    stays without a license, and staff decide what the buyer gets instead.
    """
    waiting = [line for line in order.lines if line.license is None]
    tried = [_grant_license(session, order, line, actor=actor, reason=reason) for line in waiting]
    granted = [license_ for license_ in tried if license_ is not None]
    create_shipments(session, order)
    if notify_buyer:
        queue_licenses_granted(session, order, granted)


def create_shipments(session: Session, order: Order) -> None:
    """Create shipments of the licensed lines that are in none yet."""
    _create_shipment(order, ShipmentKind.PARCEL, [x for x in order.lines if x.ships])
    _create_shipment(order, ShipmentKind.ELECTRONIC, [x for x in order.lines if not x.ships])
    session.flush()


def restore_lines(
    session: Session,
    order: Order,
    lines: Sequence[OrderLine],
    *,
    actor: Actor,
    reason: str,
    notify_buyer: bool = True,
) -> None:
    """Undo ``withdraw_lines``: reopen the order, license ``lines`` and let them be sent."""
    if order.state in {OrderState.CANCELED, OrderState.EXPIRED}:
        transition_order(session, order, OrderState.ACCEPTED, actor=actor, reason=reason)
    for line in lines:
        if line.license is not None:
            reinstate(session, line.license, actor=actor, reason=reason)
    fulfill(session, order, actor=actor, reason=reason, notify_buyer=notify_buyer)


def withdraw_lines(
    session: Session, order: Order, lines: Sequence[OrderLine], *, actor: Actor, reason: str
) -> None:
    """End the licenses of ``lines``, and send nothing of them that was not sent yet."""
    numbers = {line.number for line in lines}
    for line in lines:
        if line.license is not None:
            revoke(session, line.license, actor=actor, reason=reason)
    for shipment in open_shipments(order):
        remaining = [entry for entry in shipment.lines if entry["line"] not in numbers]
        if not remaining:
            target = ShipmentState.CANCELED
            transition_shipment(session, order, shipment, target, actor=actor, reason=reason)
        elif len(remaining) < len(shipment.lines):
            shipment.lines = remaining
    session.flush()


def sync_fulfillment_state(session: Session, order: Order, *, actor: Actor, reason: str) -> None:
    """Sync the fulfillment state with the shipments, and end an order that is done.

    It is complete when all is paid and sent, and canceled when all was refunded and nothing sent.
    A line that could not be licensed keeps it open until it is licensed and sent, or refunded. A
    replacement of a lost disc leaves it complete.
    """
    states = [
        shipment.state
        for shipment in order.shipments
        if shipment.state is not ShipmentState.CANCELED and shipment.replaces_id is None
    ]
    sent = sum(state is ShipmentState.SHIPPED for state in states)
    if sent:
        done = not any(state in OPEN_SHIPMENTS for state in states) and not _unlicensed_lines(order)
        target = FulfillmentState.FULFILLED if done else FulfillmentState.PARTIAL
        transition_order(session, order, target, actor=actor, reason=reason)
    if (
        order.state is OrderState.ACCEPTED
        and order.fulfillment_state is FulfillmentState.FULFILLED
        and order.payment_state in MONEY_SETTLED
    ):
        transition_order(session, order, OrderState.COMPLETED, actor=actor, reason="paid and sent")
    if (
        order.state is OrderState.ACCEPTED
        and order.payment_state is PaymentState.REFUNDED
        and not sent_shipments(order)
        and not open_shipments(order)
    ):
        transition_order(
            session, order, OrderState.CANCELED, actor=actor, reason="refunded, not sent"
        )


def _unlicensed_lines(order: Order) -> list[OrderLine]:
    """Return the lines without a license that are not fully refunded."""
    return [x for x in order.lines if x.license is None and x.refunded_amount < x.gross_amount]


def transition_order(
    session: Session,
    order: Order,
    target: OrderState | PaymentState | FulfillmentState,
    *,
    actor: Actor,
    reason: str,
) -> bool:
    """Bring the axis of ``target`` to it; see ``accounts.transitions.transition``."""
    axis, table = _AXES[type(target)]
    return transition(
        session,
        order,
        axis,
        target,
        table=table,
        actor=actor,
        reason=reason,
        object_type="order",
        object_ref=order.number,
    )


def transition_shipment(
    session: Session,
    order: Order,
    shipment: Shipment,
    target: ShipmentState,
    *,
    actor: Actor,
    reason: str,
) -> bool:
    """Bring one shipment to ``target``; see ``accounts.transitions.transition``."""
    return transition(
        session,
        shipment,
        "state",
        target,
        table=SHIPMENT_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="shipment",
        object_ref=f"{order.number}/{shipment.id}",
    )


def _grant_license(
    session: Session, order: Order, line: OrderLine, *, actor: Actor, reason: str
) -> License | None:
    license_grant = LicenseGrant(
        granted_for=f"{order.number}/{line.number}",
        licensee=order.institution,
        licensee_class=order.customer_class,
        country=order.country,
        time_zone=time_zone_of(Address.model_validate(order.billing)),
        licensor=str(order.seller["name"]),
        licensor_address=str(order.seller["address"]),
        film_id=line.film_id,
        snapshot=line.snapshot,
        quantity=line.quantity,
        order_number=order.number,
        po_number=order.po_number,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        renews=line.renews,
    )
    try:
        line.license = grant(session, license_grant, actor=actor, reason=reason)
    except RightsNotHeldError as error:
        detail = f"No license was granted for line {line.number}, {line.title}. {error.detail}"
        raise_issue(session, order, IssueCode.LICENSE_NOT_GRANTED, detail, about=str(line.number))
        return None
    resolve_issue_about(
        session, order, IssueCode.LICENSE_NOT_GRANTED, str(line.number), actor=actor
    )
    return line.license


def _create_shipment(order: Order, kind: ShipmentKind, lines: list[OrderLine]) -> None:
    """Create a shipment of the licensed ``lines`` that are in none yet, but for canceled ones."""
    granted = [
        line
        for line in lines
        if line.license and line.license.status in {LicenseStatus.SCHEDULED, LicenseStatus.ACTIVE}
    ]
    known = {
        entry["line"]
        for shipment in order.shipments
        if shipment.state is not ShipmentState.CANCELED
        for entry in shipment.lines
    }
    missing = [line for line in granted if line.number not in known]
    if missing:
        entries = [{"line": line.number, "quantity": line.quantity} for line in missing]
        deliver_at = clock.now() if kind is ShipmentKind.ELECTRONIC else None
        order.shipments.append(Shipment(kind=kind, lines=entries, deliver_at=deliver_at))


def mark_packed(
    session: Session,
    order: Order,
    *,
    actor: Actor,
    shipment_id: int | None = None,
    despite_hold: bool = False,
) -> Shipment:
    """Mark a parcel as packed. Safe to repeat.

    Raises:
        NothingToShipError: nothing of the order waits to be sent.
        OrderOnHoldError: it is on hold, and is not sent ``despite_hold``.
    """
    order = lock_order(session, order.number)
    shipment = _find_open_shipment(order, shipment_id)
    check_not_held(order, shipment, despite_hold=despite_hold)
    if transition_shipment(session, order, shipment, ShipmentState.PACKED, actor=actor, reason=""):
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
    """Mark a shipment as sent, and email the buyer how to track it.

    Without ``shipment_id`` it is the order's next one: parcels first, then files and streams.
    ``quantities``, by line number, sends a part; the rest waits in a shipment of its own. Files
    and streams are sent with the carrier ``electronic`` (or an empty one).

    Raises:
        NothingToShipError: nothing of the order waits to be sent.
        OrderOnHoldError: it is on hold, and is not sent ``despite_hold``.
        InvalidInputError: no carrier for a parcel, a carrier or number that is too long, or more
            than what waits.
    """
    order = lock_order(session, order.number)
    shipment = _find_open_shipment(order, shipment_id)
    check_not_held(order, shipment, despite_hold=despite_hold)
    if shipment.kind is ShipmentKind.ELECTRONIC:
        carrier = ELECTRONIC
    elif not carrier or carrier == ELECTRONIC:
        raise InvalidInputError.of(FieldProblem("#/carrier", "Enter a carrier."))
    # A shortened number would track no parcel, or another one.
    for name, value, limit in (("carrier", carrier, 40), ("tracking", tracking, 80)):
        if len(value) > limit:
            detail = f"Enter up to {limit} characters."
            raise InvalidInputError.of(FieldProblem(f"#/{name}", detail))
    if quantities is not None:
        _split_shipment(session, order, shipment, quantities)
    shipment.carrier = carrier
    shipment.tracking = tracking
    shipment.shipped_at = clock.now()
    session.flush()
    transition_shipment(
        session, order, shipment, ShipmentState.SHIPPED, actor=actor, reason=carrier
    )
    log.info("order.shipped", extra={"order": order.number, "carrier": carrier})
    queue_order_shipped(session, order, shipment)
    sync_fulfillment_state(session, order, actor=actor, reason=f"shipped: {carrier}")
    return shipment


def _find_open_shipment(order: Order, shipment_id: int | None) -> Shipment:
    waiting = open_shipments(order)
    if shipment_id is not None:
        waiting = [shipment for shipment in waiting if shipment.id == shipment_id]
    if not waiting:
        detail = f"Order {order.number} has no shipment to send."
        raise NothingToShipError(detail)
    return waiting[0]


def _split_shipment(
    session: Session, order: Order, shipment: Shipment, quantities: Mapping[int, int]
) -> None:
    """Move what is not in ``quantities`` from ``shipment`` to a new one."""
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
    rest_of = Shipment(
        order_id=order.id,
        kind=shipment.kind,
        lines=left,
        replaces_id=shipment.replaces_id,
        deliver_at=shipment.deliver_at,
    )
    session.add(rest_of)
    session.flush()
    session.expire(order, ["shipments"])
