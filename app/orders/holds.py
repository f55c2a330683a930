"""Holds: why a shipment of an order must not be sent now."""

from sqlalchemy import ColumnElement, exists, or_

from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.orders.errors import OrderOnHoldError
from app.orders.models import Order, OrderLine, Shipment
from app.orders.states import OPEN_SHIPMENTS, PaymentState

_NOT_IN_FORCE = {
    LicenseStatus.SUSPENDED: "is suspended. Reinstate or revoke it first",
    LicenseStatus.REVOKED: "was revoked",
    LicenseStatus.EXPIRED: "has expired",
}


def suspended_licenses(order: Order) -> list[License]:
    """Return the licenses that a lost dispute or a voided payment put on hold."""
    licenses = [line.license for line in order.lines if line.license is not None]
    return [license_ for license_ in licenses if license_.status is LicenseStatus.SUSPENDED]


def find_hold(order: Order, shipment: Shipment) -> str:
    """Return why ``shipment`` must not be packed or sent; empty if it may."""
    if order.payment_state is PaymentState.DISPUTED:
        return (
            "The buyer's bank disputed the payment. Don't send anything until the dispute is "
            "decided."
        )
    sent = {entry["line"] for entry in shipment.lines}
    for line in order.lines:
        if line.number in sent and line.license is not None:
            why = _NOT_IN_FORCE.get(status_today(line.license))
            if why:
                return f"License {line.license.number} {why}."
    return ""


def find_holds(order: Order) -> dict[int, str]:
    """Return the holds on what of ``order`` waits to be sent, by shipment."""
    waiting = [shipment for shipment in order.shipments if shipment.state in OPEN_SHIPMENTS]
    return {item.id: why for item in waiting if (why := find_hold(order, item))}


def check_not_held(order: Order, shipment: Shipment, *, despite_hold: bool) -> None:
    """Raise ``OrderOnHoldError`` unless the shipment may be sent, or a person decided so."""
    why = find_hold(order, shipment)
    if why and not despite_hold:
        detail = f"Order {order.number} is on hold. {why}"
        raise OrderOnHoldError(detail)


def is_on_hold() -> ColumnElement[bool]:
    """Return the condition that an order is in dispute, or waits for a decision after one."""
    suspended = exists().where(
        OrderLine.order_id == Order.id,
        OrderLine.license_id == License.id,
        License.status == LicenseStatus.SUSPENDED,
    )
    return or_(Order.payment_state == PaymentState.DISPUTED, suspended)
