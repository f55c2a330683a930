"""Answers and deliveries of Stripe's that are not what its documentation says."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from fastapi.testclient import TestClient

from app.core import clock
from app.core.config import SANDBOX_WEBHOOK_SECRET
from app.orders.states import IssueCode
from app.payments.errors import GatewayUnreadableError
from app.payments.facts import PaymentFacts, UnreadablePayment
from app.payments.gateway import StripeGateway
from app.payments.models import StripeEvent
from tests.payments.conftest import Shop
from tests.payments.stub_server import StubServer
from tests.payments.test_gateway import session_json

SHAPES: list[object] = [
    {},
    [],
    None,
    "text",
    7,
    session_json(url=None),
    session_json(url="javascript:alert(1)"),
    session_json(status="bewildered"),
    session_json(expires_at="soon"),
    session_json(amount_total="much"),
    session_json(),  # of another order
    session_json(metadata={}),
    {"object": "list", "data": []},
]


@pytest.mark.parametrize("answer", SHAPES)
def test_unreadable_answer_is_bad_gateway(shop: Shop, wire: StubServer, answer: object) -> None:
    order = shop.place()
    other = shop.settings.model_copy(update={"sandbox_port": wire.server.server_port})
    shop.app.state.gateway = StripeGateway(other)
    path = f"/api/v1/orders/{order.number}/checkout"
    wire.answers = [(200, answer)]

    refused = shop.client.post(path, headers={"X-Order-Token": order.access_token})

    assert (refused.status_code, refused.json()["type"]) == (502, "payments-unreadable")
    assert "you have not been charged" in refused.json()["detail"]
    (concern,) = shop.now(order).issues
    assert concern.code is IssueCode.PAYMENT_REFUSED
    shop.app.state.gateway = shop.gateway
    again = shop.client.post(path, headers={"X-Order-Token": order.access_token})
    assert again.status_code == 200
    assert len(shop.attempts(order)) == 1
    assert shop.now(order).issues[0].cleared_at is not None


@pytest.mark.parametrize("answer", [{}, [], None])
def test_unreadable_answer_to_any_call_raises_gateway_error(
    shop: Shop, wire: StubServer, answer: object
) -> None:
    other = shop.settings.model_copy(update={"sandbox_port": wire.server.server_port})
    gateway = StripeGateway(other)
    calls: list[Callable[[], object]] = [
        lambda: gateway.fetch_checkout("cs_test_1"),
        lambda: gateway.fetch_payment("pi_1"),
        lambda: gateway.fetch_refund("re_1"),
        lambda: gateway.list_refunds("pi_1"),
        lambda: gateway.fetch_dispute("du_1"),
        lambda: list(gateway.list_payments(since=clock.now())),
        lambda: list(gateway.list_events(since=clock.now())),
    ]
    for call in calls:
        wire.answers = [(200, answer)]
        with pytest.raises(GatewayUnreadableError):
            call()


def test_unreadable_payment_does_not_end_list(shop: Shop, wire: StubServer) -> None:
    other = shop.settings.model_copy(update={"sandbox_port": wire.server.server_port})
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "livemode": False,
        "status": "succeeded",
        "amount_received": 39800,
        "currency": "usd",
        "created": 1_790_000_000,
        "latest_charge": None,
        "last_payment_error": None,
        "metadata": {"store_id": "reelright", "order_number": "RR-1"},
    }
    bare = {name: intent[name] for name in ("id", "object", "metadata")} | {"id": "pi_2"}
    odd = intent | {"id": "pi_3", "amount_received": None}
    strange = {"id": "pi_4", "object": "payment_intent"}
    listed = {"object": "list", "url": "/v1/payment_intents", "has_more": False}
    wire.answers = [(200, listed | {"data": [strange, bare, odd, intent]})]

    found = list(StripeGateway(other).list_payments(since=clock.now()))

    assert [(type(each), each.reference) for each in found] == [
        (UnreadablePayment, "pi_2"),
        (UnreadablePayment, "pi_3"),
        (PaymentFacts, "pi_1"),
    ]


def post(client: TestClient, body: bytes) -> Any:  # noqa: ANN401 - the client's own
    signature = stripe.WebhookSignature.generate_signature_header(
        body.decode(), SANDBOX_WEBHOOK_SECRET
    )
    return client.post("/webhooks/stripe", content=body, headers={"Stripe-Signature": signature})


EVENT = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2026-10-28.endive",
    "created": 1_790_000_000,
    "data": {"object": {"id": "cs_1", "object": "checkout.session"}},
    "livemode": False,
    "type": "checkout.session.completed",
}
THIN = {
    "id": "evt_test_65",
    "object": "v2.core.event",
    "type": "v1.billing.meter.error_report_triggered",
    "livemode": False,
    "created": "2026-11-30T12:00:00.000Z",
    "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not JSON", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (json.dumps(THIN).encode(), "thin event"),
        (json.dumps(EVENT | {"data": {}}).encode(), "`data.object`"),
        (json.dumps(EVENT | {"data": "x"}).encode(), "`data.object`"),
        (json.dumps(EVENT | {"created": "today"}).encode(), "`created`"),
        (json.dumps(EVENT | {"created": 10**15}).encode(), "`created`"),
        (json.dumps(EVENT | {"id": ""}).encode(), "`id`"),
        (json.dumps(EVENT | {"id": 7}).encode(), "`id`"),
        (json.dumps(EVENT | {"id": "evt_\0"}).encode(), "`id`"),
        (json.dumps(EVENT | {"type": "x" * 101}).encode(), "`type`"),
        (json.dumps(EVENT | {"api_version": ["x"]}).encode(), "`api_version`"),
        (json.dumps(EVENT | {"livemode": None}).encode(), "`livemode`"),
    ],
)
def test_signed_delivery_of_other_shape_gets_reason(shop: Shop, body: bytes, reason: str) -> None:
    answer = post(shop.client, body)

    assert (answer.status_code, answer.json()["type"]) == (400, "not-an-event")
    assert reason in answer.json()["detail"]
    assert "signature" not in answer.json()["detail"]
    with shop.sessions() as session:
        assert session.query(StripeEvent).count() == 0


def test_delivery_that_is_not_text_is_refused(shop: Shop) -> None:
    answer = shop.client.post(
        "/webhooks/stripe", content=b"\xff\xfe", headers={"Stripe-Signature": "t=1,v1=00"}
    )

    assert (answer.status_code, answer.json()["type"]) == (400, "not-an-event")
    assert "UTF-8" in answer.json()["detail"]


def test_wrong_signature_is_refused(shop: Shop) -> None:
    answer = shop.client.post(
        "/webhooks/stripe", content=b"not JSON", headers={"Stripe-Signature": "t=1,v1=00"}
    )

    assert (answer.status_code, answer.json()["type"]) == (400, "bad-signature")
