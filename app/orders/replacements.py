"""Replacements: a corrected license, and a new disc for one that was lost or damaged."""

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.licenses.corrections import LicenseCorrection, correct_license
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.orders.models import Order, OrderLine, Shipment
from app.orders.queries import lock_order
from app.orders.replacement_emails import queue_disc_replaced, queue_license_corrected
from app.orders.states import ShipmentKind, ShipmentState

log = logging.getLogger(__name__)


def correct_license_of_order(
    session: Session, number: str, correction: LicenseCorrection, *, actor: Actor, reason: str
) -> License:
    """Replace the license ``number`` on its order, and email the new certificate to the buyer.

    Safe to repeat. What was sent stays sent; what waits goes out under the new license.

    Raises:
        NotFoundError: no order has this license.
        LicenseNotCorrectableError: it was revoked, or replaced by a license with other facts.
        InvalidInputError: nothing is changed, or the days are impossible or outside our rights.
    """
    license_ = session.scalar(select(License).where(License.number == number))
    if license_ is None:
        detail = f"License “{number[:40]}” not found."
        raise NotFoundError(detail)
    order = lock_order(session, license_.order_number)
    session.refresh(license_)
    corrected = correct_license(session, license_, correction, actor=actor, reason=reason)
    line = next((line for line in order.lines if line.license_id == license_.id), None)
    if line is None:
        return corrected  # this is a repetition
    line.license = corrected
    session.flush()
    queue_license_corrected(session, order, license_, corrected, reason=reason)
    log.info("license.corrected", extra={"license": number, "by": corrected.number})
    return corrected


def replaceable_lines(order: Order) -> list[OrderLine]:
    """Return the lines of which a disc was sent, and no replacement waits to be sent."""
    return [
        line
        for line in order.lines
        if line.license is not None
        and line.license.status is LicenseStatus.ACTIVE
        and any(_count_sent(shipment, line) for shipment in order.shipments)
        and not any(_is_pending_replacement(shipment, line) for shipment in order.shipments)
    ]


def replace_disc(
    session: Session, order: Order, *, line_number: int, quantity: int, actor: Actor, reason: str
) -> Shipment:
    """Prepare a parcel, at no price, that replaces discs of one line that were sent before.

    Raises:
        InvalidInputError: the order has no such disc, or fewer of it were sent.
        ReplacementPendingError: a replacement of this line already waits to be sent.
        LicenseNotInForceError: its license was revoked, or has expired.
    """
    order = lock_order(session, order.number)
    line = next((line for line in order.lines if line.number == line_number), None)
    if line is None or not line.ships:
        detail = "Choose a disc of this order."
        raise InvalidInputError.of(FieldProblem("#/line", detail))
    sent = [shipment for shipment in order.shipments if _count_sent(shipment, line)]
    count = sum(_count_sent(shipment, line) for shipment in sent if shipment.replaces_id is None)
    if not 1 <= quantity <= count:
        copies = "copy was" if count == 1 else "copies were"
        detail = f"{count} {copies} sent. Enter a number from 1 to {count}."
        if not count:
            detail = "This disc was not sent yet, so it can't be replaced."
        raise InvalidInputError.of(FieldProblem("#/quantity", detail))
    if line.license is None or line.license.status is not LicenseStatus.ACTIVE:
        detail = f"The license of line {line_number} is not in effect."
        raise LicenseNotInForceError(detail)
    if any(_is_pending_replacement(shipment, line) for shipment in order.shipments):
        detail = f"A replacement for line {line_number} already waits to be sent."
        raise ReplacementPendingError(detail)
    shipment = Shipment(
        order_id=order.id,
        kind=ShipmentKind.PARCEL,
        replaces_id=sent[-1].id,
        lines=[{"line": line_number, "quantity": quantity}],
    )
    session.add(shipment)
    session.flush()
    session.expire(order, ["shipments"])
    audit.record(
        session,
        actor=actor,
        action="order.disc_replaced",
        object_type="order",
        object_ref=order.number,
        after={"line": line_number, "quantity": quantity, "shipment": shipment.id},
        reason=reason,
    )
    queue_disc_replaced(session, order, line, shipment, quantity=quantity)
    return shipment


def _count_sent(shipment: Shipment, line: OrderLine) -> int:
    if shipment.state is not ShipmentState.SHIPPED:
        return 0
    return sum(entry["quantity"] for entry in shipment.lines if entry["line"] == line.number)


def _is_pending_replacement(shipment: Shipment, line: OrderLine) -> bool:
    return (
        shipment.replaces_id is not None
        and shipment.state in {ShipmentState.PENDING, ShipmentState.PACKED}
        and any(entry["line"] == line.number for entry in shipment.lines)
    )


class ReplacementPendingError(ConflictError):
    """The line's last replacement was not sent yet."""

    type = "replacement-pending"
    title = "Replacement already waiting"


class LicenseNotInForceError(ConflictError):
    """Nothing is sent under a license that is not in effect."""

    type = "license-not-in-force"
    title = "License not in effect"
