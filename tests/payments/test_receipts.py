"""Stripe's hosted receipt of each payment: kept with it, and linked to wherever it is shown."""

import httpx2
import pytest
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import update

from app.accounts.permissions import Role
from app.core.config import Settings
from app.orders.models import Order, Payment
from app.payments import checkout
from app.payments.gateway import StripeGateway
from tests import factories
from tests.console.staff_browser import log_in
from tests.payments.conftest import Shop

BY_CHECK = "check 1001"


def receipt_at_stripe(shop: Shop, order: Order) -> str:
    receipt = shop.gateway.fetch_payment(shop.now(order).payments[0].reference).receipt_url
    assert receipt is not None
    assert receipt.startswith(f"{shop.sandbox.url}/receipts/ch_")
    return receipt


def links_of(client: TestClient, order: Order) -> list[str]:
    """Return the receipts that the buyer's page links to."""
    answer = client.get(
        f"/orders/{order.number}",
        params={"token": order.access_token},
        headers={"Accept": "text/html"},
    )
    assert answer.status_code == 200
    links: list[str] = html.fromstring(answer.text).xpath(
        "//a[normalize-space()='Payment receipt']/@href"
    )
    return links


def test_payment_shows_stripe_receipt_everywhere(shop: Shop) -> None:
    order = shop.paid()
    receipt = receipt_at_stripe(shop, order)

    assert links_of(shop.client, order) == [receipt]
    told = shop.client.get(
        f"/api/v1/orders/{order.number}", headers={"X-Order-Token": order.access_token}
    ).json()
    assert [(p["method"], p["amount"], p["receipt_url"]) for p in told["payments"]] == [
        ("card", {"amount": 39800, "currency": "USD"}, receipt)
    ]
    desk = log_in(shop.client, Role.FINANCE)
    assert receipt in desk.see(f"/console/orders/{order.number}").links()
    shown = httpx2.get(receipt)
    assert shown.status_code == 200
    assert "$398.00" in shown.text


def test_check_has_no_stripe_receipt(shop: Shop) -> None:
    order = shop.place()
    with shop.sessions.begin() as session:
        factories.pay(session, shop.now(order), reference=BY_CHECK)

    assert shop.now(order).payments[0].receipt_url is None
    assert links_of(shop.client, order) == []
    told = shop.client.get(
        f"/api/v1/orders/{order.number}", headers={"X-Order-Token": order.access_token}
    ).json()
    assert [payment["receipt_url"] for payment in told["payments"]] == [None]


def test_missing_receipt_is_added_by_next_event(shop: Shop) -> None:
    order = shop.paid()
    with shop.sessions.begin() as session:
        session.execute(update(Payment).values(receipt_url=None))

    checkout.handle_return(
        shop.sessions,
        shop.gateway,
        number=order.number,
        session_id=shop.attempt(order).session_id or "",
    )

    order = shop.now(order)
    assert [payment.receipt_url for payment in order.payments] == [receipt_at_stripe(shop, order)]


@pytest.mark.parametrize(
    ("url", "is_kept"),
    [
        ("https://pay.stripe.com/receipts/payment/x", True),
        ("http://127.0.0.1:8010/receipts/ch_1", True),
        ("http://127.0.0.1:8011/receipts/ch_1", False),
        ("http://127.0.0.1:8010@evil.example/receipts/ch_1", False),
        ("http://pay.stripe.com/receipts/payment/x", False),
        ("javascript:alert(1)", False),
        ("//evil.example/x", False),
        ("https:///receipts", False),
        ("https://[evil", False),
        ("https://pay.stripe.com/" + "x" * 2000, False),
        (None, False),
    ],
)
@pytest.mark.once
def test_only_safe_receipt_url_is_stored(url: str | None, *, is_kept: bool) -> None:
    gateway = StripeGateway(Settings(_env_file=None, environment="test", sandbox_port=8010))

    assert gateway._safe_link(url) == (url if is_kept else None)  # noqa: SLF001 - the rule itself
