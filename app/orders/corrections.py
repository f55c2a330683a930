"""Corrections by staff of an order's addresses, contacts, and purchase order number."""

import logging
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.addresses import AddressIn
from app.accounts.regions import home_country
from app.billing.invoices import find_live_invoice
from app.billing.states import PurchaseOrderSource
from app.billing.tax_places import tax_place
from app.core.config import Settings
from app.core.email_address import Email
from app.core.errors import FieldProblem, InvalidInputError
from app.core.numbers import new_token
from app.offers.territories import Territory
from app.orders.correction_emails import queue_contact_changed
from app.orders.drafts import Line, Name, OptionalLine
from app.orders.errors import OrderClosedError
from app.orders.invoice_corrections import InvoiceCorrection, replace_invoice
from app.orders.issues import raise_issue
from app.orders.models import Order
from app.orders.purchase_order_intake import po_key, set_po_number
from app.orders.queries import lock_order
from app.orders.states import (
    OPEN_SHIPMENTS,
    IssueCode,
    OrderState,
    ShipmentKind,
    ShipmentState,
)
from app.orders.taxes import address_for_tax, can_enter_tax, reassess_tax

log = logging.getLogger(__name__)
_CLOSED = frozenset({OrderState.CANCELED, OrderState.EXPIRED})
# What an invoice prints: a change of it needs a new one.
_PRINTED = frozenset({"billing", "shipping", "ap_name", "ap_email", "po_number"})


class OrderCorrection(BaseModel):
    """What is to be on the order. Null leaves it as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact_name: Line | None = Field(default=None, examples=["Ada Reader"])
    email: Email | None = Field(default=None, description="Gets the link to the order")
    phone: Name | None = Field(default=None, max_length=40)
    billing_address: AddressIn | None = None
    shipping_address: AddressIn | None = None
    ap_name: Name | None = Field(default=None, description="Contact in accounts payable")
    ap_email: Email | Literal[""] | None = Field(
        default=None, description="Gets invoices; empty: they go to `email`"
    )
    po_number: OptionalLine | None = Field(default=None, min_length=1, examples=["PO-2026-117"])


def correct_order(
    session: Session,
    number: str,
    correction: OrderCorrection,
    *,
    reason: str,
    settings: Settings,
    actor: Actor,
) -> Order:
    """Correct an order. If it has an invoice that prints what changed, a new one replaces it.

    Prices and licenses stay. Safe to repeat: what is as it should be is left alone.

    Raises:
        NotFoundError: no order has this number.
        InvalidInputError: an address breaks a rule of placement, or the parcel was sent.
        OrderClosedError: the order is canceled or expired.
        InvoiceNotReplaceableError: its invoice is written off, or has credit notes.
    """
    order = lock_order(session, number)
    after = _find_changes(order, correction)
    if not after:
        return order
    if order.state in _CLOSED:
        detail = f"Order {order.number} is {order.state}, so it can't be corrected."
        raise OrderClosedError(detail)
    _check_addresses(order, after)
    before = {name: getattr(order, name) for name in after}
    invoice = find_live_invoice(session, order.number)
    taxed_at = tax_place(address_for_tax(order))
    _apply(session, order, after, actor=actor, reason=reason)
    audit.record(
        session,
        actor=actor,
        action="order.changed",
        object_type="order",
        object_ref=order.number,
        before=before,
        after=after,
        reason=reason,
    )
    if tax_place(address_for_tax(order)) != taxed_at:
        if invoice is not None or not can_enter_tax(order):
            field = "shipping_address" if order.shipping else "billing_address"
            detail = (
                "The tax depends on this place, and the order is paid, accepted, or invoiced. "
                "Enter an address in the same state or province."
            )
            raise InvalidInputError.of(FieldProblem(f"#/{field}/region", detail))
        reassess_tax(session, order, settings=settings, reason=reason, actor=actor)
    if invoice is not None and after.keys() & _PRINTED:
        replace_invoice(
            session,
            invoice.number,
            InvoiceCorrection(),
            reason=reason,
            settings=settings,
            actor=actor,
        )
    if "email" in after:
        order.confirmation_token = new_token()
        queue_contact_changed(session, order, old_address=before["email"])
    log.info("order.corrected", extra={"order": order.number, "fields": sorted(after)})
    return order


def can_correct_shipping(order: Order) -> bool:
    """Return whether something of the order still goes to its shipping address."""
    if order.shipping is None:
        return False
    parcels = [each for each in order.shipments if each.kind is ShipmentKind.PARCEL]
    is_waiting = any(each.state in OPEN_SHIPMENTS for each in parcels)
    return is_waiting or not any(each.state is ShipmentState.SHIPPED for each in parcels)


def _find_changes(order: Order, correction: OrderCorrection) -> dict[str, Any]:
    names = {"billing_address": "billing", "shipping_address": "shipping"}
    asked = correction.model_dump(exclude_none=True)
    values = {names.get(name, name): value for name, value in asked.items()}
    return {name: value for name, value in values.items() if getattr(order, name) != value}


def _check_addresses(order: Order, after: dict[str, Any]) -> None:
    if "billing" in after and AddressIn.model_validate(after["billing"]).place != order.country:
        detail = "Enter an address in the same country: the licenses and their prices depend on it."
        raise InvalidInputError.of(FieldProblem("#/billing_address/country", detail))
    if "shipping" not in after:
        return
    if not can_correct_shipping(order):
        detail = "The parcel was sent." if order.shipping else "Nothing of this order is shipped."
        raise InvalidInputError.of(FieldProblem("#/shipping_address", detail))
    to = AddressIn.model_validate(after["shipping"]).place
    is_sold_there = all(
        Territory.parse(line.snapshot["territory"]).contains(to)
        for line in order.lines
        if line.ships
    )
    if home_country(to) != home_country(order.country) or not is_sold_there:
        detail = "Enter a shipping address in the billing country, where the disc is licensed."
        raise InvalidInputError.of(FieldProblem("#/shipping_address/country", detail))


def _apply(
    session: Session, order: Order, after: dict[str, Any], *, actor: Actor, reason: str
) -> None:
    for name, value in after.items():
        if name != "po_number":
            setattr(order, name, value)
    if "po_number" in after:
        _set_po_number(session, order, after["po_number"], actor=actor, reason=reason)
    session.flush()


def _set_po_number(
    session: Session, order: Order, po_number: str, *, actor: Actor, reason: str
) -> None:
    """Set the number; after acceptance, that of a blanket purchase order is not to change."""
    if order.state is OrderState.SUBMITTED:
        is_first = order.po_number is None
        set_po_number(
            session, order, po_number, source=PurchaseOrderSource.STAFF, actor=actor, reason=reason
        )
        if is_first:
            detail = f"Check purchase order {po_number} and accept it, or wait for payment."
            raise_issue(session, order, IssueCode.PO_REVIEW, detail)
        return
    purchase_order, key = order.purchase_order, po_key(po_number)
    if purchase_order is not None and purchase_order.is_blanket and key != order.po_key:
        detail = "The order was accepted on a blanket purchase order, so its number stays."
        raise InvalidInputError.of(FieldProblem("#/po_number", detail))
    order.po_number, order.po_key = po_number, key
