"""The tax of an order: charged, unresolved until staff say, and never a silent zero."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import Scope, create_key
from app.billing.errors import TaxUnresolvedError
from app.billing.states import TaxState
from app.core.config import Settings
from app.core.email_outbox import emails_for
from app.core.money import Money
from app.orders.acceptance import accept
from app.orders.allocations import Allocation
from app.orders.errors import OrderClosedError
from app.orders.models import Order
from app.orders.next_steps import can_be_paid
from app.orders.payment_recording import record_offline
from app.orders.queries import get_order_by_number
from app.orders.refunds import refundable, request_refund
from app.orders.states import IssueCode, LicenseEffect, PaymentMethod, PaymentState
from app.orders.taxes import enter_tax, record_stripe_tax
from tests import factories
from tests.factories import ADDRESS, SETTINGS, STAFF
from tests.orders.test_races import Work, at_once

BY_RATES = SETTINGS.model_copy(update={"tax": "rates"})
BY_STRIPE = SETTINGS.model_copy(update={"tax": "stripe"})
OREGON = ADDRESS | {"city": "Portland", "region": "OR", "postal_code": "97201"}


def open_issues(order: Order) -> list[IssueCode]:
    return [issue.code for issue in order.issues if issue.cleared_at is None]


def test_store_without_tax_says_so(session: Session) -> None:
    order = factories.order(session)
    assert (order.tax_state, order.tax_note) == (TaxState.NONE, "No tax is charged.")
    assert order.total == Money(39800, "USD")


def test_rates_charge_each_line_and_the_total_has_them(session: Session) -> None:
    for kind in ("tangible", "shipping"):
        factories.tax_rate(session, kind=kind)
    factories.tax_rate(session, kind="digital", percent="0")
    settings = BY_RATES.model_copy(update={"shipping_domestic_amount": 700})
    disc, site = factories.offer(session), factories.offer(session, delivery="file")

    order = factories.order(session, disc, site, settings=settings, quantity=2)

    assert order.tax_state is TaxState.CHARGED
    assert [line.tax_amount for line in order.lines] == [7065, 0]
    assert order.tax == Money(7065 + 62, "USD")
    assert order.total_amount == order.subtotal_amount + 700 + 7127
    assert order.tax_note == "New York sales tax 8.875%"

    factories.pay(session, order, amount=order.total_amount, reference="pi_1")
    assert order.payment_state is PaymentState.PAID
    assert refundable(order) == {1: 79600 + 7065, 2: 39800, "shipping": 762}
    refund = request_refund(
        session,
        order,
        allocations=[Allocation(line=1, amount=43333), Allocation(line="shipping", amount=762)],
        effect=LicenseEffect.KEEP,
        reason="One disc came back",
        actor=STAFF,
    )
    assert [entry["tax"] for entry in refund.allocations] == [3533, 62]


def test_the_ship_to_address_counts(session: Session) -> None:
    factories.tax_rate(session)
    order = factories.order(session, settings=BY_RATES, shipping_address=OREGON)
    assert order.tax_state is TaxState.UNRESOLVED
    site = factories.offer(session, delivery="file")
    other = factories.order(session, site, settings=BY_RATES, billing_address=OREGON)
    assert other.tax_state is TaxState.UNRESOLVED


@pytest.mark.parametrize("store", [BY_RATES, BY_STRIPE], ids=["rates", "stripe"])
def test_unresolved_order_waits_for_staff(session: Session, store: Settings) -> None:
    order = factories.order(session, settings=store, po_number="PO-1")

    assert order.tax_state is TaxState.UNRESOLVED
    assert IssueCode.TAX_UNRESOLVED in open_issues(order)
    assert can_be_paid(order) is (store is BY_STRIPE)
    with pytest.raises(TaxUnresolvedError):
        accept(session, order, actor=STAFF)
    with pytest.raises(TaxUnresolvedError):
        record_offline(
            session,
            order,
            paid=order.total,
            method=PaymentMethod.CHECK,
            reference="1",
            actor=STAFF,
        )

    for _ in range(2):  # safe to repeat
        enter_tax(session, order, amount=3532, reason="By phone", actor=STAFF)
    session.refresh(order)
    assert (order.tax_state, order.tax_amount) == (TaxState.CHARGED, 3532)
    assert order.total_amount == 39800 + 3532 == order.lines[0].gross_amount
    assert IssueCode.TAX_UNRESOLVED not in open_issues(order)
    emails = [email for email in emails_for(session, order.number) if email.kind == "tax-resolved"]
    assert len(emails) == 1
    accept(session, order, actor=STAFF)
    with pytest.raises(OrderClosedError):
        enter_tax(session, order, amount=0, reason="Too late", actor=STAFF)


def test_no_tax_due_is_said_with_a_reason(session: Session) -> None:
    order = factories.order(session, settings=BY_RATES)
    enter_tax(session, order, amount=0, reason="Oregon has no sales tax", actor=STAFF)
    assert (order.tax_state, order.total_amount) == (TaxState.NONE, 39800)
    assert can_be_paid(order)


def test_tax_by_stripe_is_recorded_once(session: Session) -> None:
    order = factories.order(session, settings=BY_STRIPE)
    assert record_stripe_tax(session, order, line_amounts={1: 3532}, actor=STAFF)
    assert not record_stripe_tax(session, order, line_amounts={1: 99}, actor=STAFF)
    assert (order.tax_state, order.total_amount) == (TaxState.CHARGED, 43332)


def test_two_who_enter_tax_at_once_leave_sums_exact(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        number = factories.order(session, settings=BY_RATES).number

    def entering(amount: int) -> Work:
        return lambda session: (
            enter_tax(
                session,
                get_order_by_number(session, number),
                amount=amount,
                reason="Both",
                actor=STAFF,
            ).number
        )

    at_once(sessions, *(entering(amount) for amount in (100, 200, 300, 400)))
    with sessions() as session:
        order = session.scalars(select(Order)).one()
        assert order.total_amount == 39800 + order.tax_amount
        assert order.lines[0].tax_amount == order.tax_amount > 0


def test_api_tells_and_takes_the_tax(client: TestClient, session: Session) -> None:
    order = factories.order(session, settings=BY_RATES)
    key = create_key(session, label="tax", scopes=[Scope.ORDERS_READ, Scope.BILLING_WRITE])
    session.commit()
    buyer = {"X-Order-Token": order.access_token}
    path = f"/api/v1/orders/{order.number}"

    shown = client.get(path, headers=buyer).json()
    assert shown["tax"]["state"] == "unresolved"
    assert shown["tax"]["amount"] is None
    assert shown["can_be_paid"] is False
    refused = client.post(f"{path}/checkout", headers=buyer)
    assert (refused.status_code, refused.json()["type"]) == (409, "tax-unresolved")

    staff = {"Authorization": f"Bearer {key}"}
    admin = f"/api/v1/admin/orders/{order.number}/tax"
    assert client.post(admin, json={"amount": 5, "reason": "x"}, headers=buyer).status_code == 401
    bad = client.post(admin, json={"amount": -1, "reason": ""}, headers=staff)
    assert bad.status_code == 422
    entered = client.post(admin, json={"amount": 3532, "reason": "By phone"}, headers=staff)
    assert entered.status_code == 200, entered.text
    assert entered.json()["tax"] == {
        "state": "charged",
        "amount": {"amount": 3532, "currency": "USD"},
        "note": "Tax entered by our staff.",
        "lines": [
            {
                "line": 1,
                "name": None,
                "percent": None,
                "amount": {"amount": 3532, "currency": "USD"},
            }
        ],
    }
    assert entered.json()["total"]["amount"] == 43332
