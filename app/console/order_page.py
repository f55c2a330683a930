"""The data of an order's page, and the actions that its state allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.accounts.addresses import Address
from app.accounts.models import AuditEntry
from app.accounts.permissions import Scope
from app.billing.credit import CreditHold
from app.billing.invoice_queries import find_invoices_of_order
from app.billing.models import Invoice
from app.billing.states import TaxState
from app.console.access import Staff
from app.core.email_models import OutboxEmail
from app.core.email_outbox import emails_for
from app.core.money import Money
from app.exports.order_records import has_records
from app.exports.profiles import find_profile_names
from app.orders.acceptance import find_warnings, usual_terms
from app.orders.allocations import Part
from app.orders.carriers import tracking_url
from app.orders.credit_checks import find_holds_of
from app.orders.holds import find_holds, suspended_licenses
from app.orders.models import Order, OrderLine, Shipment
from app.orders.queries import get_order_by_number, open_shipments, sent_shipments
from app.orders.refunds import refundable, refundable_total
from app.orders.replacements import replaceable_lines
from app.orders.states import OFFLINE_METHODS, OrderState, PaymentState, ShipmentKind, ShipmentState
from app.orders.taxes import can_enter_tax
from app.payments.models import CheckoutAttempt, StripeEvent


@dataclass(frozen=True, slots=True)
class Actions:
    """Actions that are possible now. The services check again."""

    accept: bool
    cancel: bool
    cancel_blocked: str
    pack: Sequence[Shipment]
    ship: Sequence[Shipment]
    refund: bool
    record_payment: bool
    enter_tax: bool
    reinstate: bool
    note: bool
    resolve_issues: bool
    resend: bool

    @property
    def any(self) -> bool:
        """Return whether there is an action besides writing a note."""
        return bool(
            self.accept
            or self.cancel
            or self.pack
            or self.ship
            or self.refund
            or self.record_payment
            or self.enter_tax
            or self.reinstate
        )


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with its history, emails, events, and actions."""

    order: Order
    actions: Actions
    history: Sequence[AuditEntry]
    emails: Sequence[OutboxEmail]
    events: Sequence[StripeEvent]
    attempts: Sequence[CheckoutAttempt]
    refundable: dict[Part, int]
    refundable_total: Money
    holds: dict[int, str]
    replaceable: Sequence[OrderLine]
    warnings: Sequence[str]
    credit_holds: Sequence[CreditHold]
    voidable: frozenset[int]
    tracking_urls: dict[int, str | None]
    billing_lines: Sequence[str]
    shipping_lines: Sequence[str]
    has_records: bool
    profiles: Sequence[tuple[str, str]]
    invoices: Sequence[Invoice]
    usual_terms: int


def build_order_view(session: Session, number: str, staff: Staff) -> OrderView:
    """Collect the data of the order's page, as far as ``staff`` may see it.

    Raises:
        NotFoundError: no order has this number.
    """
    order = get_order_by_number(session, number)
    licenses = [line.license.number for line in order.lines if line.license]
    events: Sequence[StripeEvent] = ()
    if staff.may(Scope.EVENTS_READ):
        events = session.scalars(
            select(StripeEvent)
            .where(StripeEvent.order_number == order.number)
            .order_by(StripeEvent.received_at)
        ).all()
    return OrderView(
        order=order,
        actions=find_actions(order, staff),
        history=_history(session, order.number, licenses),
        emails=emails_for(session, order.number),
        events=events,
        attempts=session.scalars(
            select(CheckoutAttempt)
            .where(CheckoutAttempt.order_id == order.id)
            .order_by(CheckoutAttempt.attempt)
        ).all(),
        refundable=refundable(order),
        refundable_total=refundable_total(order),
        holds=find_holds(order),
        replaceable=replaceable_lines(order) if staff.may(Scope.ORDERS_WRITE) else (),
        warnings=find_warnings(session, order),
        credit_holds=find_holds_of(session, order),
        voidable=_voidable(order, staff),
        tracking_urls={
            shipment.id: tracking_url(shipment.carrier, shipment.tracking)
            for shipment in order.shipments
        },
        billing_lines=_lines(order.billing),
        shipping_lines=_lines(order.shipping),
        has_records=has_records(order),
        profiles=find_profile_names(session),
        invoices=find_invoices_of_order(session, order.number),
        usual_terms=usual_terms(order),
    )


def find_actions(order: Order, staff: Staff) -> Actions:
    """Return the actions on ``order`` that are possible for ``staff``."""
    can_sell = staff.may(Scope.ORDERS_WRITE)
    can_refund = staff.may(Scope.REFUNDS_WRITE)
    can_ship = staff.may(Scope.FULFILLMENT_WRITE)
    pending = open_shipments(order)
    blocked_by = _cancel_blocked(order)
    open_order = order.state in {OrderState.SUBMITTED, OrderState.ACCEPTED}
    is_active = open_order or order.state is OrderState.COMPLETED
    disputed = order.payment_state is PaymentState.DISPUTED
    return Actions(
        accept=can_sell
        and order.state is OrderState.SUBMITTED
        and order.tax_state is not TaxState.UNRESOLVED
        and order.payment_state is PaymentState.UNPAID,
        cancel=can_sell and open_order and not blocked_by,
        cancel_blocked=blocked_by if can_sell and open_order else "",
        pack=[
            shipment
            for shipment in pending
            if can_ship
            and shipment.kind is ShipmentKind.PARCEL
            and shipment.state is ShipmentState.PENDING
        ],
        ship=pending if can_ship else [],
        enter_tax=staff.may(Scope.BILLING_WRITE) and can_enter_tax(order),
        refund=can_refund and not disputed and refundable_total(order).amount > 0,
        record_payment=staff.may(Scope.BILLING_WRITE)
        and order.tax_state is not TaxState.UNRESOLVED
        and is_active
        and order.balance.amount > 0
        and order.payment_state is not PaymentState.PENDING,
        reinstate=can_refund and bool(suspended_licenses(order)),
        note=can_sell or can_refund or can_ship,
        resolve_issues=can_sell or can_refund,
        resend=can_sell,
    )


def _voidable(order: Order, staff: Staff) -> frozenset[int]:
    if not staff.may(Scope.BILLING_WRITE):
        return frozenset()
    refunded = {refund.payment_id for refund in order.refunds}
    return frozenset(
        payment.id
        for payment in order.payments
        if payment.method in OFFLINE_METHODS and payment.id not in refunded
    )


def _lines(address: dict[str, Any] | None) -> list[str]:
    return Address.model_validate(address).lines() if address else []


def _cancel_blocked(order: Order) -> str:
    if order.payment_state is PaymentState.PENDING:
        return "A bank debit is processing. Wait until it settles or fails."
    if order.paid_amount > order.refunded_amount:
        return "Refund the order first, then cancel it."
    if sent_shipments(order):
        return "Part of the order has been sent."
    return ""


def _history(session: Session, number: str, licenses: Sequence[str]) -> Sequence[AuditEntry]:
    """Return the audit entries of the order, its shipments, refunds, licenses, and emails."""
    return session.scalars(
        select(AuditEntry)
        .where(
            or_(
                (AuditEntry.object_type == "order") & (AuditEntry.object_ref == number),
                AuditEntry.object_type.in_(["shipment", "refund"])
                & AuditEntry.object_ref.startswith(f"{number}/", autoescape=True),
                (AuditEntry.object_type == "license") & AuditEntry.object_ref.in_(licenses),
                (AuditEntry.object_type == "email") & (AuditEntry.object_ref == number),
            )
        )
        .order_by(AuditEntry.id)
    ).all()
