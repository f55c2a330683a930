"""What happens once an order may be served: licenses, parcels, and the end of the work."""

import logging
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.addresses import Address
from app.accounts.transitions import transition
from app.licenses.models import License
from app.licenses.service import LicenseGrant, RightsNotHeldError, grant, reinstate, revoke
from app.licenses.states import LicenseStatus
from app.licenses.time_zones import time_zone_of
from app.orders.issues import clear_about, raise_issue
from app.orders.models import Order, OrderLine, Shipment
from app.orders.order_emails import queue_licenses_granted
from app.orders.queries import open_shipments, shipped
from app.orders.states import (
    FULFILLMENT_TRANSITIONS,
    OPEN_SHIPMENTS,
    ORDER_TRANSITIONS,
    SHIPMENT_TRANSITIONS,
    FulfillmentState,
    IssueCode,
    OrderState,
    PaymentState,
    ShipmentKind,
    ShipmentState,
)

log = logging.getLogger(__name__)
MONEY_SETTLED = frozenset(
    {PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED}
)


def fulfill(
    session: Session, order: Order, *, actor: Actor, reason: str, tells_buyer: bool = True
) -> None:
    """Grant every line its license and prepare what must be sent. Safe to call again.

    The caller that does not have the buyer told here has it told in an email of its own.

    A line whose rights have meanwhile been lost stays without a license and goes to staff: the
    money is kept, and a person decides what the buyer gets instead.
    """
    waiting = [line for line in order.lines if line.license is None]
    tried = [_grant(session, order, line, actor=actor, reason=reason) for line in waiting]
    granted = [license_ for license_ in tried if license_ is not None]
    prepare(session, order)
    if tells_buyer:
        queue_licenses_granted(session, order, granted)


def prepare(session: Session, order: Order) -> None:
    """Make shipments of what is licensed and in none yet."""
    _prepare(order, ShipmentKind.PARCEL, [x for x in order.lines if x.ships])
    _prepare(order, ShipmentKind.ELECTRONIC, [x for x in order.lines if not x.ships])
    session.flush()


def restore_lines(
    session: Session,
    order: Order,
    lines: Sequence[OrderLine],
    *,
    actor: Actor,
    reason: str,
    tells_buyer: bool = True,
) -> None:
    """Undo ``withdraw_lines``: reopen the order, license ``lines`` and let them be sent."""
    if order.state in {OrderState.CANCELED, OrderState.EXPIRED}:
        move_order(session, order, OrderState.ACCEPTED, actor=actor, reason=reason)
    for line in lines:
        if line.license is not None:
            reinstate(session, line.license, actor=actor, reason=reason)
    fulfill(session, order, actor=actor, reason=reason, tells_buyer=tells_buyer)


def withdraw_lines(
    session: Session, order: Order, lines: Sequence[OrderLine], *, actor: Actor, reason: str
) -> None:
    """End the licenses of ``lines``, and send nothing of them that was not sent yet."""
    numbers = {line.number for line in lines}
    for line in lines:
        if line.license is not None:
            revoke(session, line.license, actor=actor, reason=reason)
    for shipment in open_shipments(order):
        kept = [entry for entry in shipment.lines if entry["line"] not in numbers]
        if not kept:
            target = ShipmentState.CANCELED
            move_shipment(session, order, shipment, target, actor=actor, reason=reason)
        elif len(kept) < len(shipment.lines):
            shipment.lines = kept
    session.flush()


def sync_fulfillment_state(session: Session, order: Order, *, actor: Actor, reason: str) -> None:
    """Bring the fulfillment axis to what the shipments say, and end an order that is done.

    It is complete when all is paid and sent, and canceled when all was refunded and nothing sent.
    A line that could not be licensed keeps it open until it is licensed and sent, or refunded.
    """
    states = [s.state for s in order.shipments if s.state is not ShipmentState.CANCELED]
    sent = sum(state is ShipmentState.SHIPPED for state in states)
    if sent:
        done = not any(state in OPEN_SHIPMENTS for state in states) and not _unlicensed_lines(order)
        target = FulfillmentState.FULFILLED if done else FulfillmentState.PARTIAL
        transition(
            session,
            order,
            "fulfillment_state",
            target,
            table=FULFILLMENT_TRANSITIONS,
            actor=actor,
            reason=reason,
            object_type="order",
            object_ref=order.number,
        )
    if (
        order.state is OrderState.ACCEPTED
        and order.fulfillment_state is FulfillmentState.FULFILLED
        and order.payment_state in MONEY_SETTLED
    ):
        move_order(session, order, OrderState.COMPLETED, actor=actor, reason="paid and sent")
    if (
        order.state is OrderState.ACCEPTED
        and order.payment_state is PaymentState.REFUNDED
        and not shipped(order)
        and not open_shipments(order)
    ):
        move_order(session, order, OrderState.CANCELED, actor=actor, reason="refunded, not sent")


def _unlicensed_lines(order: Order) -> list[OrderLine]:
    """Return the lines that still have no license and were not given up for a refund."""
    return [x for x in order.lines if x.license is None and x.refunded_amount < x.total_amount]


def move_order(
    session: Session, order: Order, target: OrderState, *, actor: Actor, reason: str
) -> bool:
    """Move what was agreed to ``target``; see ``accounts.moves.move``."""
    return transition(
        session,
        order,
        "state",
        target,
        table=ORDER_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="order",
        object_ref=order.number,
    )


def move_shipment(
    session: Session,
    order: Order,
    shipment: Shipment,
    target: ShipmentState,
    *,
    actor: Actor,
    reason: str,
) -> bool:
    """Move one shipment to ``target``; see ``accounts.moves.move``."""
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


def _grant(
    session: Session, order: Order, line: OrderLine, *, actor: Actor, reason: str
) -> License | None:
    wanted = LicenseGrant(
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
    )
    try:
        line.license = grant(session, wanted, actor=actor, reason=reason)
    except RightsNotHeldError as error:
        detail = f"No license was granted for line {line.number}, {line.title}. {error.detail}"
        raise_issue(session, order, IssueCode.LICENSE_NOT_GRANTED, detail, about=str(line.number))
        return None
    clear_about(session, order, IssueCode.LICENSE_NOT_GRANTED, str(line.number), actor=actor)
    return line.license


def _prepare(order: Order, kind: ShipmentKind, lines: list[OrderLine]) -> None:
    """Make a shipment of the licensed lines that are in none yet; a canceled one is none."""
    granted = [
        line for line in lines if line.license and line.license.status is LicenseStatus.ACTIVE
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
        order.shipments.append(Shipment(kind=kind, lines=entries))
