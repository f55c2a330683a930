"""The gateway: what goes over the wire to Stripe, and how its errors come back as ours."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.core import clock
from app.core.config import Settings
from app.core.money import Money
from app.payments.errors import (
    GatewayDeniedError,
    GatewayRefusedError,
    GatewayUnavailableError,
    ModeMismatchError,
    UnknownCurrencyError,
)
from app.payments.facts import CheckoutLine, CheckoutRequest
from app.payments.gateway import API_VERSION, MAX_RETRIES, StripeGateway
from app.payments.states import EVENT_TYPES
from tests.payments.stub_server import Answer, StubServer

pytestmark = pytest.mark.once


@pytest.fixture
def gateway(wire: StubServer) -> StripeGateway:
    return StripeGateway(
        Settings(
            _env_file=None,
            environment="test",
            stripe_secret_key=SecretStr("sk_test_x"),
            stripe_webhook_secret=SecretStr("whsec_x"),
            stripe_api_base=f"http://127.0.0.1:{wire.server.server_port}",
        )
    )


def session_json(**changes: object) -> dict[str, object]:
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "url": "https://checkout.stripe.com/c/pay/cs_test_1",
        "livemode": False,
        "status": "open",
        "amount_total": 81600,
        "currency": "usd",
        "expires_at": 1_800_000_000,
        "metadata": {"store_id": "reelright", "order_number": "RR-1", "attempt": "2"},
        "payment_intent": None,
        "payment_status": "unpaid",
    } | changes


REQUEST = CheckoutRequest(
    order_number="RR-1",
    attempt=2,
    email="ada@example.edu",
    lines=(
        CheckoutLine("The Red Soul", "DVD, for Example College", Money(39800, "USD"), 2),
        CheckoutLine("Shipping", "One parcel, with tracking", Money(2000, "USD"), 1),
    ),
    success_url="https://store.example.org/orders/RR-1/return?session_id={CHECKOUT_SESSION_ID}",
    cancel_url="https://store.example.org/orders/RR-1",
    expires_at=clock.now().replace(microsecond=0) + timedelta(hours=1),
)


def test_start_checkout_request_body(wire: StubServer, gateway: StripeGateway) -> None:
    wire.answers = [(200, session_json())]

    made = gateway.start_checkout(REQUEST, idempotency_key="reelright:checkout:RR-1:2")

    path, headers, form = wire.asked[0]
    assert path == "/v1/checkout/sessions"
    assert headers["Authorization"] == "Bearer sk_test_x"
    assert headers["Stripe-Version"] == API_VERSION
    assert headers["Idempotency-Key"] == "reelright:checkout:RR-1:2"
    assert "X-Stripe-Client-Telemetry" not in headers
    assert form == {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "client_reference_id": "RR-1",
        "adaptive_pricing[enabled]": "false",
        "customer_email": "ada@example.edu",
        "success_url": REQUEST.success_url,
        "cancel_url": REQUEST.cancel_url,
        "expires_at": str(int(REQUEST.expires_at.timestamp())),
        "metadata[store_id]": "reelright",
        "metadata[order_number]": "RR-1",
        "metadata[attempt]": "2",
        "payment_intent_data[description]": "Order RR-1",
        "payment_intent_data[metadata][store_id]": "reelright",
        "payment_intent_data[metadata][order_number]": "RR-1",
        "payment_intent_data[metadata][attempt]": "2",
        "line_items[0][quantity]": "2",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "39800",
        "line_items[0][price_data][product_data][name]": "The Red Soul",
        "line_items[0][price_data][product_data][description]": "DVD, for Example College",
        "line_items[1][quantity]": "1",
        "line_items[1][price_data][currency]": "usd",
        "line_items[1][price_data][unit_amount]": "2000",
        "line_items[1][price_data][product_data][name]": "Shipping",
        "line_items[1][price_data][product_data][description]": "One parcel, with tracking",
        "expand[0]": "payment_intent.latest_charge",
    }
    assert (made.total, made.attempt, made.is_paid) == (Money(81600, "USD"), 2, False)


def test_refund_request_body(wire: StubServer, gateway: StripeGateway) -> None:
    wire.answers = [
        (
            200,
            {
                "id": "re_1",
                "object": "refund",
                "amount": 500,
                "currency": "usd",
                "status": "succeeded",
                "payment_intent": "pi_1",
                "created": 1_800_000_000,
                "metadata": {"store_id": "reelright", "refund_id": "7"},
            },
        )
    ]

    made = gateway.refund(
        payment_reference="pi_1", amount=Money(500, "USD"), refund_id=7, order_number="RR-1"
    )

    _, headers, form = wire.asked[0]
    assert headers["Idempotency-Key"] == "reelright:refund:RR-1:7"
    assert form == {
        "payment_intent": "pi_1",
        "amount": "500",
        "reason": "requested_by_customer",
        "metadata[store_id]": "reelright",
        "metadata[order_number]": "RR-1",
        "metadata[refund_id]": "7",
    }
    assert (made.refund_id, made.amount) == (7, Money(500, "USD"))


def error(kind: str, **more: str) -> dict[str, object]:
    return {"error": {"type": kind, "message": "as Stripe says", **more}}


@pytest.mark.parametrize(
    ("answer", "ours", "tries"),
    [
        ((400, error("invalid_request_error")), GatewayRefusedError, 1),
        ((401, error("invalid_request_error")), GatewayDeniedError, 1),
        ((402, error("card_error", code="card_declined")), GatewayRefusedError, 1),
        ((403, error("invalid_request_error")), GatewayDeniedError, 1),
        ((404, error("invalid_request_error", code="resource_missing")), GatewayRefusedError, 1),
        ((400, error("idempotency_error")), GatewayRefusedError, 1),
        ((409, error("idempotency_error")), GatewayUnavailableError, MAX_RETRIES + 1),
        ((429, error("rate_limit_error")), GatewayUnavailableError, 1),
        ((500, error("api_error")), GatewayUnavailableError, MAX_RETRIES + 1),
        ((503, {}), GatewayUnavailableError, MAX_RETRIES + 1),
    ],
)
def test_stripe_errors_map_to_gateway_errors(
    wire: StubServer,
    gateway: StripeGateway,
    monkeypatch: pytest.MonkeyPatch,
    *,
    answer: Answer,
    ours: type[Exception],
    tries: int,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    wire.answers = [answer] * tries

    with pytest.raises(ours):
        gateway.start_checkout(REQUEST, idempotency_key="k")

    assert len({headers["Idempotency-Key"] for _, headers, _ in wire.asked}) == 1
    assert len(wire.asked) == tries


def test_refused_error_keeps_code(wire: StubServer, gateway: StripeGateway) -> None:
    wire.answers = [(404, error("invalid_request_error", code="resource_missing"))]

    with pytest.raises(GatewayRefusedError) as refused:
        gateway.fetch_payment("pi_none")
    assert refused.value.code == "resource_missing"


def test_live_mode_objects_are_refused(wire: StubServer, gateway: StripeGateway) -> None:
    wire.answers = [(200, session_json(livemode=True))]

    with pytest.raises(ModeMismatchError, match="live mode"):
        gateway.fetch_checkout("cs_test_1")


def test_unknown_currency_is_refused(wire: StubServer, gateway: StripeGateway) -> None:
    wire.answers = [(200, session_json(currency="xyz"))]

    with pytest.raises(UnknownCurrencyError, match="81600 in 'XYZ'"):
        gateway.fetch_checkout("cs_test_1")


def test_session_without_tags_has_no_order(wire: StubServer, gateway: StripeGateway) -> None:
    wire.answers = [(200, session_json(metadata={})), (200, session_json(metadata=None))]

    for _ in range(2):
        found = gateway.fetch_checkout("cs_test_1")
        assert (found.store_id, found.order_number, found.attempt) == (None, None, None)


def test_event_types_stay_within_stripe_limit(wire: StubServer, gateway: StripeGateway) -> None:
    wire.answers = [(200, {"object": "list", "data": [], "has_more": False, "url": "/v1/events"})]

    assert list(gateway.list_events(since=clock.now())) == []
    assert len(EVENT_TYPES) <= 20
