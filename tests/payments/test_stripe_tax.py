"""Stripe Tax, with the real SDK and the sandbox: tax comes back with the page, exactly once."""

from itertools import permutations

import pytest
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.billing.states import TaxSource, TaxState
from app.core.config import Settings
from app.core.money import Money
from app.orders.drafts import Charge
from app.orders.models import Order
from app.orders.refunds import refundable
from app.orders.states import IssueCode, OrderState, PaymentState
from app.orders.taxes import enter_tax
from app.payments.states import AttemptStatus
from tests import factories
from tests.factories import ADDRESS, STAFF
from tests.payments.conftest import FAILS, Shop

OREGON = ADDRESS | {"city": "Portland", "region": "OR", "postal_code": "97201"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The store's settings, with tax by Stripe."""
    return settings.model_copy(update={"tax": "stripe", "shipping_domestic_amount": 700})


def place(shop: Shop, **fields: object) -> Order:
    """Place an order of two DVDs at $398 and a file at $150, with a charge of $50."""
    with shop.sessions.begin() as session:
        disc = factories.offer(session)
        site = factories.offer(session, amount=15000, delivery="file")
        return factories.priced_order(
            session,
            disc,
            site,
            charges=[Charge(description="Captioning", amount=5000)],
            settings=shop.settings,
            **fields,  # type: ignore[arg-type]
        )


# 8.875 % of 398.00, of nothing for the file, of 50.00, and of 7.00.
TAXES = {1: 3532, 2: 0, "charges": 444, "shipping": 62}


def check_taxed(order: Order, *, paid: bool) -> None:
    assert (order.tax_state, order.tax_source) == (TaxState.CHARGED, TaxSource.STRIPE)
    assert [line.tax_amount for line in order.lines] == [3532, 0]
    assert order.tax_amount == sum(TAXES.values())
    assert order.total_amount == 39800 + 15000 + 5000 + 700 + order.tax_amount
    if paid:
        assert order.payment_state is PaymentState.PAID
        assert order.paid_amount == order.total_amount
        assert refundable(order)["charges"] == 5444


def test_tax_comes_back_with_the_page(shop: Shop) -> None:
    order = place(shop)
    assert (order.tax_state, order.total_amount) == (TaxState.UNRESOLVED, 60500)
    session_id = shop.start(order)
    facts = shop.gateway.fetch_checkout(session_id)
    assert facts.adds_tax
    assert facts.tax == Money(4038, "USD")
    assert shop.now(order).tax_state is TaxState.UNRESOLVED  # until the page is paid

    assert shop.start(order) == session_id  # an open page is handed out again
    shop.sandbox.pay(session_id)
    assert set(shop.deliver_all()) == {200}

    order = shop.now(order)
    check_taxed(order, paid=True)
    assert order.state is OrderState.ACCEPTED
    assert [issue.code for issue in order.issues] == []


@pytest.mark.parametrize("first", range(6))
def test_events_in_any_order_and_twice_record_tax_once(shop: Shop, first: int) -> None:
    order = place(shop)
    shop.sandbox.pay(shop.start(order))
    events = [e for e in shop.events() if e.type.startswith(("checkout.", "payment_", "charge."))]
    orders = list(permutations(events))
    for event in (*orders[first * len(orders) // 6], *events):
        assert shop.deliver(event) == 200

    order = shop.now(order)
    check_taxed(order, paid=True)
    assert len(order.payments) == 1
    with shop.sessions() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "order.tax_set"))
        assert len(entries.all()) == 1


def test_failed_debit_leaves_the_tax_and_the_next_page_charges_it(shop: Shop) -> None:
    order = place(shop)
    session_id = shop.start(order)
    payment = shop.sandbox.debit(session_id, account=FAILS)["payment_intent"]
    shop.deliver_all()
    check_taxed(shop.now(order), paid=False)
    shop.sandbox.act(f"payments/{payment}/fail")
    shop.deliver_all()
    assert shop.attempt(order).status is AttemptStatus.FAILED

    facts = shop.gateway.fetch_checkout(shop.start(order))
    assert (facts.adds_tax, facts.total) == (False, shop.now(order).total)
    assert shop.paid(order).payment_state is PaymentState.PAID


def test_place_without_tax_is_resolved_as_none(shop: Shop) -> None:
    order = shop.paid(shop.place(billing_address=OREGON, shipping_address=OREGON))
    assert (order.tax_state, order.tax_amount) == (TaxState.NONE, 0)
    assert order.payment_state is PaymentState.PAID


def test_tax_that_staff_enter_replaces_the_open_page(shop: Shop) -> None:
    order = place(shop, po_number="PO-1")
    assert IssueCode.TAX_UNRESOLVED in {issue.code for issue in shop.now(order).issues}
    old = shop.start(order)
    with shop.sessions.begin() as session:
        enter_tax(session, order, amount=0, reason="They are exempt", actor=STAFF)

    new = shop.start(order)
    assert new != old
    facts = shop.gateway.fetch_checkout(new)
    assert (facts.adds_tax, facts.total) == (False, Money(60500, "USD"))
    shop.sandbox.pay(new)
    shop.deliver_all()
    order = shop.now(order)
    assert (order.tax_state, order.payment_state) == (TaxState.NONE, PaymentState.PAID)
