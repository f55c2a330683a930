"""Refunds that Stripe did not refuse, and yet did not make: they wait, and say what holds them."""

from datetime import timedelta

import pytest
import time_machine
from pydantic import SecretStr

from app.accounts.permissions import Role
from app.core import clock
from app.orders.allocations import Allocation
from app.orders.models import Order, Refund
from app.orders.states import LicenseEffect, RefundStatus
from app.payments import stripe_refunds
from app.payments.gateway import StripeGateway
from tests.console.staff_browser import log_in
from tests.factories import STAFF
from tests.payments.conftest import Shop
from tests.payments.stub_server import Answer, StubServer

TAKES_A_WHILE = "4000000000007726"
WRONG_KEY = "Stripe did not accept the store's API key: "
NONE_MADE = {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}


def give_back(shop: Shop, order: Order, gateway: StripeGateway) -> Refund:
    return stripe_refunds.refund_order(
        shop.sessions,
        gateway,
        number=order.number,
        allocations=[Allocation(line=1, amount=39800)],
        effect=LicenseEffect.REVOKE,
        reason="The disc arrived broken",
        actor=STAFF,
    )


def with_wrong_key(shop: Shop) -> StripeGateway:
    changed = {
        "stripe_secret_key": SecretStr("sk_test_revoked"),
        "stripe_api_base": shop.sandbox.url,
    }
    return StripeGateway(shop.settings.model_copy(update=changed))


def on(wire: StubServer, shop: Shop, *answers: Answer) -> StripeGateway:
    wire.answers = list(answers)
    base = f"http://127.0.0.1:{wire.server.server_port}"
    return StripeGateway(shop.settings.model_copy(update={"stripe_api_base": base}))


def at_stripe(shop: Shop, order: Order) -> list[int]:
    reference = shop.now(order).payments[0].reference
    return [refund.amount.amount for refund in shop.gateway.list_refunds(reference)]


def denied(status: int) -> Answer:
    return status, {"error": {"type": "invalid_request_error", "message": "as Stripe says"}}


def test_wrong_key_after_lost_answer_keeps_refund(shop: Shop) -> None:
    """Stripe made it, the answer was lost, and then somebody changed the key."""
    order = shop.paid()
    shop.sandbox.faults(api_fault="error_after", api_count=3, api_path="/v1/refunds")
    refund = give_back(shop, order, shop.gateway)
    shop.sandbox.faults(api_fault="", api_count=0, api_path="")
    assert refund.failure == "Stripe could not be reached."

    stripe_refunds.try_advance_refund(
        shop.sessions, with_wrong_key(shop), refund_id=refund.id, actor=STAFF
    )

    (waiting,) = shop.now(order).refunds
    assert (waiting.status, waiting.reference) == (RefundStatus.REQUESTED, None)
    assert waiting.failure.startswith(WRONG_KEY)
    desk = log_in(shop.client, Role.FINANCE)
    assert "Invalid API Key provided" in waiting.failure
    assert WRONG_KEY.strip() in desk.see(f"/console/orders/{order.number}").words
    queue = desk.see("/console/queue?mine=true").words
    assert f"A refund of $398.00 is pending. {WRONG_KEY}" in queue
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        shop.work()  # with the right key
    (done,) = shop.now(order).refunds
    assert (done.status, done.failure) == (RefundStatus.SUCCEEDED, "")
    assert at_stripe(shop, order) == [39800]


def test_pending_refund_hidden_by_stripe_keeps_pending(shop: Shop) -> None:
    order = shop.paid(card=TAKES_A_WHILE)
    refund = give_back(shop, order, shop.gateway)

    stripe_refunds.try_advance_refund(
        shop.sessions, with_wrong_key(shop), refund_id=refund.id, actor=STAFF
    )

    (waiting,) = shop.now(order).refunds
    assert waiting.status is RefundStatus.PENDING
    assert waiting.failure.startswith(WRONG_KEY)
    stripe_refunds.try_advance_refund(shop.sessions, shop.gateway, refund_id=refund.id, actor=STAFF)
    (waiting,) = shop.now(order).refunds
    assert (waiting.status, waiting.failure) == (RefundStatus.PENDING, "")


@pytest.mark.parametrize("status", [401, 403])
def test_read_only_key_keeps_refund(shop: Shop, wire: StubServer, status: int) -> None:
    order = shop.paid()

    refund = give_back(shop, order, on(wire, shop, (200, NONE_MADE), denied(status)))

    assert [path.partition("?")[0] for path, _, _ in wire.asked] == ["/v1/refunds"] * 2
    assert refund.status is RefundStatus.REQUESTED
    assert "API key: as Stripe says" in refund.failure


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_unanswered_lookup_keeps_refund(shop: Shop, wire: StubServer, status: int) -> None:
    order = shop.paid()

    refund = give_back(shop, order, on(wire, shop, denied(status)))

    assert len(wire.asked) == 1
    assert refund.status is RefundStatus.REQUESTED
    assert refund.failure.endswith(": as Stripe says")


def test_refund_refused_by_stripe_fails(shop: Shop, wire: StubServer) -> None:
    order = shop.paid()

    refund = give_back(shop, order, on(wire, shop, (200, NONE_MADE), denied(400)))

    assert (refund.status, refund.failure) == (
        RefundStatus.FAILED,
        "Stripe rejected the refund: as Stripe says",
    )
    assert any("as Stripe says" in reason for reason in shop.now(order).attention)


def test_wrong_key_keeps_checkout_attempt(shop: Shop) -> None:
    order = shop.place()
    path = f"/api/v1/orders/{order.number}/checkout"
    headers = {"X-Order-Token": order.access_token}
    right, shop.app.state.gateway = shop.gateway, with_wrong_key(shop)

    answers = [shop.client.post(path, headers=headers) for _ in range(2)]

    assert [(a.status_code, a.json()["type"]) for a in answers] == [(502, "payments-refused")] * 2
    shop.app.state.gateway = right
    assert shop.client.post(path, headers=headers).status_code == 200
    assert len(shop.attempts(order)) == 1
    shop.app.state.gateway = with_wrong_key(shop)
    assert shop.client.post(path, headers=headers).status_code == 502
