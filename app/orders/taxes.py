"""The tax of an order: assessed when it is placed, and entered by staff if nobody knows it."""

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.addresses import Address
from app.billing.errors import TaxUnresolvedError
from app.billing.exemptions import Holder
from app.billing.states import TaxKind, TaxSource, TaxState
from app.billing.tax import (
    LineKey,
    TaxableLine,
    TaxAssessment,
    assess_tax,
    kind_of_delivery,
    spread_tax,
)
from app.billing.tax_models import TaxExemption
from app.billing.tax_places import name_place, tax_place
from app.core import clock
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money
from app.institutions.models import Institution
from app.institutions.queries import get_institution
from app.orders.errors import OrderClosedError
from app.orders.issues import reopen_issue, resolve_issues
from app.orders.models import Order
from app.orders.queries import get_order_by_number, lock_order
from app.orders.states import IssueCode, OrderState, PaymentState
from app.orders.tax_emails import queue_tax_resolved

log = logging.getLogger(__name__)


def address_for_tax(order: Order) -> Address:
    """Return the address that counts: where discs go, else the billing address."""
    return Address.model_validate(order.shipping or order.billing)


def taxable_lines(order: Order) -> list[TaxableLine]:
    """Return all amounts of an order that may be taxed."""
    lines = [
        TaxableLine(line.number, kind_of_delivery(line.snapshot.get("delivery")), line.total_amount)
        for line in order.lines
    ]
    if order.charges_amount:
        lines.append(TaxableLine("charges", TaxKind.CHARGE, order.charges_amount))
    if order.shipping_amount:
        lines.append(TaxableLine("shipping", TaxKind.SHIPPING, order.shipping_amount))
    return lines


def part_taxes(order: Order) -> Mapping[LineKey, int]:
    """Return the tax of each line, of the shipping, and of the charges, in minor units."""
    taxes: dict[LineKey, int] = {line.number: line.tax_amount for line in order.lines}
    for entry in order.tax_lines:
        if entry.get("line") in {"shipping", "charges"} and order.tax_amount:
            taxes[entry["line"]] = entry["amount"]
    return taxes


def assess_order_tax(session: Session, order: Order, *, settings: Settings) -> None:
    """Set the tax of an order that is being placed. Its total includes it."""
    _apply(order, _assess(session, order, settings))


def raise_unresolved_tax(session: Session, order: Order) -> None:
    """Put an order before staff if they must enter its tax before it can be paid or accepted."""
    if order.tax_state is not TaxState.UNRESOLVED:
        return
    place = name_place(tax_place(address_for_tax(order)))
    if order.tax_source is TaxSource.RATES:
        detail = f"No tax rate covers this order in {place}. Enter the tax, or that none is due."
        reopen_issue(session, order, IssueCode.TAX_UNRESOLVED, detail)
    elif order.po_number:
        detail = (
            f"Stripe computes tax on its payment page only. Enter the tax for {place} before you "
            "accept the order."
        )
        reopen_issue(session, order, IssueCode.TAX_UNRESOLVED, detail)


def refuse_unresolved_tax(order: Order) -> None:
    """Return if the tax of the order is known.

    Raises:
        TaxUnresolvedError: nobody has said yet whether tax is due.
    """
    if order.tax_state is TaxState.UNRESOLVED:
        detail = (
            f"We don't know yet whether tax is due on order {order.number}. It can be paid and "
            "accepted once our staff have entered the tax."
        )
        raise TaxUnresolvedError(detail)


def can_enter_tax(order: Order) -> bool:
    """Return whether staff may still enter the tax: before money came or terms were granted."""
    return (
        order.state is OrderState.SUBMITTED
        and order.payment_state is PaymentState.UNPAID
        and order.paid_amount == 0
    )


def enter_tax(session: Session, order: Order, *, amount: int, reason: str, actor: Actor) -> Order:
    """Set the tax of an unpaid order to what staff say; 0 says that none is due.

    The buyer gets an email with the total and a link to pay. Safe to repeat.

    Raises:
        OrderClosedError: the order is paid, accepted, or closed.
    """
    order = lock_order(session, order.number)
    _refuse_settled(order)
    note = "Tax entered by our staff." if amount else "No tax is due on this order."
    spread = spread_tax(amount, taxable_lines(order))
    assessment = TaxAssessment(
        TaxState.CHARGED if amount else TaxState.NONE,
        TaxSource.STAFF,
        amount=amount,
        lines=[{"line": key, "amount": part} for key, part in spread.items()],
        line_amounts=spread,
        note=note,
    )
    if order.tax_source is TaxSource.STAFF and order.tax_amount == amount:
        return order
    _change(session, order, assessment, actor=actor, reason=reason)
    queue_tax_resolved(session, order)
    return order


def reassess_tax(
    session: Session, order: Order, *, settings: Settings, reason: str, actor: Actor
) -> Order:
    """Assess the tax of an unpaid order again, such as after a certificate was approved.

    Raises:
        OrderClosedError: the order is paid, accepted, or closed.
    """
    order = lock_order(session, order.number)
    _refuse_settled(order)
    assessment = _assess(session, order, settings)
    if (assessment.state, assessment.amount) == (order.tax_state, order.tax_amount):
        return order
    _change(session, order, assessment, actor=actor, reason=reason)
    if assessment.state is not TaxState.UNRESOLVED:
        queue_tax_resolved(session, order)
    return order


def record_stripe_tax(
    session: Session, order: Order, *, line_amounts: Mapping[LineKey, int], actor: Actor
) -> bool:
    """Record the tax that Stripe computed on its payment page, once. Return whether it did.

    Does nothing if the tax is known: then staff were quicker, or Stripe's facts came before.
    """
    if not order.waits_for_stripe_tax:
        return False
    amount = sum(line_amounts.values())
    assessment = TaxAssessment(
        TaxState.CHARGED if amount else TaxState.NONE,
        TaxSource.STRIPE,
        amount=amount,
        lines=[{"line": key, "amount": part} for key, part in line_amounts.items()],
        line_amounts=dict(line_amounts),
        note="Tax calculated by Stripe." if amount else "No tax is due on this order.",
    )
    return _change(session, order, assessment, actor=actor, reason="Stripe Tax")


def _refuse_settled(order: Order) -> None:
    if not can_enter_tax(order):
        detail = f"Order {order.number} is paid, accepted, or closed. Its tax can't change."
        raise OrderClosedError(detail)


def _assess(session: Session, order: Order, settings: Settings) -> TaxAssessment:
    return assess_tax(
        session,
        settings,
        ship_to=address_for_tax(order),
        lines=taxable_lines(order),
        institution_id=order.own_institution_id,
        on=clock.today(),
        currency=order.currency,
        order_number=order.number,
    )


def _change(
    session: Session, order: Order, assessment: TaxAssessment, *, actor: Actor, reason: str
) -> bool:
    """Change the tax of an order from what this transaction read; return whether it did."""
    before = {"state": str(order.tax_state), "amount": order.tax_amount}
    is_known = assessment.state is not TaxState.UNRESOLVED
    is_by_page = assessment.source is TaxSource.STRIPE and is_known
    session.flush()
    changed = session.execute(
        update(Order)
        .where(
            Order.id == order.id,
            Order.tax_state == order.tax_state,
            Order.tax_amount == order.tax_amount,
            Order.paid_amount == 0,
        )
        .values(
            tax_state=assessment.state,
            tax_amount=assessment.amount,
            total_amount=Order.total_amount - Order.tax_amount + assessment.amount,
            # The page on which Stripe computed the tax asks for it already.
            repriced_at=order.repriced_at if is_by_page else clock.now(),
        )
        .returning(Order.id)
    ).first()
    if changed is None:
        return False
    session.refresh(order, ["tax_state", "tax_amount", "total_amount", "repriced_at"])
    _apply_details(order, assessment)
    session.flush()
    after: dict[str, Any] = {
        "state": str(assessment.state),
        "amount": assessment.amount,
        "currency": order.currency,
        "source": str(assessment.source),
    }
    audit.record(
        session,
        actor=actor,
        action="order.tax_set",
        object_type="order",
        object_ref=order.number,
        before=before,
        after=after,
        reason=reason,
    )
    if is_known:
        resolve_issues(session, order, IssueCode.TAX_UNRESOLVED, actor=actor)
    tax = Money(assessment.amount, order.currency)
    log.info("order.tax_set", extra={"order": order.number, "tax": str(tax)})
    return True


def _apply(order: Order, assessment: TaxAssessment) -> None:
    order.tax_state, order.tax_amount = assessment.state, assessment.amount
    order.total_amount = (
        order.subtotal_amount + (order.charges_amount or 0) + order.shipping_amount
    ) + assessment.amount
    _apply_details(order, assessment)


def _apply_details(order: Order, assessment: TaxAssessment) -> None:
    order.tax_source, order.tax_lines = assessment.source, assessment.lines
    order.tax_note = assessment.note
    for line in order.lines:
        line.tax_amount = assessment.line_amounts.get(line.number, 0)


def exemption_holder(order: Order) -> Holder:
    """Return who a certificate that is sent with an order belongs to.

    One of an unconfirmed order belongs to that order alone, until staff approve it.
    """
    return Holder(
        name=order.institution,
        email=order.email,
        institution_id=order.own_institution_id,
        order_number=order.number,
    )


def find_future_owner(session: Session, exemption: TaxExemption) -> Institution | None:
    """Return the institution that a certificate becomes the property of if staff approve it."""
    if exemption.institution_id is not None or exemption.order_number is None:
        return None
    return get_order_by_number(session, exemption.order_number).customer


def find_holder(session: Session, *, institution: str = "", order: str = "") -> Holder:
    """Return the institution or the order that staff named.

    Raises:
        InvalidInputError: none is named, or it does not exist.
    """
    try:
        if order:
            return exemption_holder(get_order_by_number(session, order))
        if institution:
            found = get_institution(session, institution)
            email = session.scalar(
                select(Order.email)
                .where(Order.institution_id == found.id)
                .order_by(Order.id.desc())
                .limit(1)
            )
            return Holder(name=found.name, email=email or "", institution_id=found.id)
    except NotFoundError as error:
        field = "order" if order else "institution"
        raise InvalidInputError.of(FieldProblem(f"#/{field}", error.detail)) from error
    detail = "Enter the institution's number, or the order's."
    raise InvalidInputError.of(FieldProblem("#/institution", detail))
