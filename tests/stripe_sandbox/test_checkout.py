"""Checkout Sessions over the API: what they hold, when they end, what they refuse."""

import time

import httpx2
import pytest
import stripe

from tests.stripe_sandbox.running import Sandbox, line

pytestmark = pytest.mark.once(on="postgresql")


def test_session_has_its_total_and_its_parameters(sandbox: Sandbox) -> None:
    made = sandbox.new_session(metadata={"store": "north"})

    session = sandbox.client().v1.checkout.sessions.retrieve(
        made.id, params={"expand": ["line_items.data.price.product"]}
    )

    assert session.id.startswith("cs_test_a1")
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    assert (session.amount_total, session.currency) == (39800 + 2 * 600, "usd")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert session.livemode is False
    assert session.client_reference_id == "ORDER-1001"
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"store": "north"}
    assert session.line_items is not None
    described = [
        (item.description, item.quantity, item.amount_total) for item in session.line_items
    ]
    assert described == [("Field Guide", 1, 39800), ("Shipping", 2, 1200)]
    assert session.line_items.data[0].price is not None
    assert isinstance(session.line_items.data[0].price.product, stripe.Product)


def test_line_items_are_listed_separately(sandbox: Sandbox) -> None:
    session = sandbox.new_session()
    line_items = sandbox.client().v1.checkout.sessions.line_items

    first = line_items.list(session.id, params={"limit": 1})

    assert (first.data[0].description, first.has_more) == ("Field Guide", True)
    rest = line_items.list(session.id, params={"starting_after": first.data[0].id})
    assert [item.description for item in rest.data] == ["Shipping"]


def test_created_price_can_be_reused(sandbox: Sandbox) -> None:
    first = sandbox.client().v1.checkout.sessions.line_items.list(sandbox.new_session().id)
    assert first.data[0].price is not None

    again = sandbox.new_session(line_items=[{"price": first.data[0].price.id, "quantity": 3}])

    assert again.amount_total == 3 * 39800


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"line_items": [line("Free", 0)]}, "line_items"),
        ({"line_items": [line("A", 100), line("B", 100, currency="eur")]}, "line_items"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0]"),
        ({"line_items": [{"quantity": 1, "price": "price_x"}]}, "line_items[0][price]"),
        ({"line_items": [line("None", 100, quantity=0)]}, "line_items[0][quantity]"),
        ({"customer": "cus_x"}, "customer"),
        ({"customer": "cus_x", "customer_creation": "always"}, "customer_creation"),
        ({"line_items": [line("A", 100, currency="xyz")]}, "line_items[0][price_data][currency]"),
        ({"currency": "zzz"}, "currency"),
        ({"locale": "xx"}, "locale"),
        ({"locale": "english"}, "locale"),
        ({"customer_email": "first..last@example.edu"}, "customer_email"),
        ({"customer_email": ".ada@example.edu"}, "customer_email"),
        ({"customer_email": "ada@example..edu"}, "customer_email"),
        ({"line_items": [line("Cheap", 49)]}, "line_items"),
        ({"line_items": [line("Cheap", 29, currency="gbp")]}, "line_items"),
        ({"line_items": [line("Cheap", 49, currency="jpy")]}, "line_items"),
        ({"line_items": [line("Dear", 99_999_999, quantity=2)]}, "line_items"),
        ({"line_items": [line("A", 60_000_000), line("B", 40_000_000)]}, "line_items"),
        ({"ui_mode": "elements"}, "ui_mode"),
        ({"allowed_payment_method_types": ["us_bank_account"],
          "line_items": [line("Euro", 100, currency="eur")]}, "allowed_payment_method_types"),
    ],
)  # fmt: skip
def test_invalid_line_items_are_refused(
    sandbox: Sandbox, wrong: dict[str, object], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.new_session(**wrong)

    assert (refused.value.http_status, refused.value.param) == (400, param)
    assert sandbox.state()["objects"]["checkout.session"] == 0


def test_session_is_open_for_30_minutes_to_24_hours(sandbox: Sandbox) -> None:
    now = int(time.time())

    for seconds in (29 * 60 - 5, 24 * 3600 + 120):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sandbox.new_session(expires_at=now + seconds)
        assert refused.value.param == "expires_at"

    assert sandbox.new_session(expires_at=now + 1800).expires_at == now + 1800
    assert sandbox.new_session().expires_at == pytest.approx(now + 24 * 3600, abs=60)


def test_a_session_expires_by_the_clock_with_its_event(sandbox: Sandbox) -> None:
    session = sandbox.new_session()
    sandbox.clock.ahead = 24 * 3600 + 1

    sandbox.wait_for(
        lambda: "checkout.session.expired" in sandbox.receiver.types(), "the event of expiry"
    )

    ended = sandbox.client().v1.checkout.sessions.retrieve(session.id)
    assert (ended.status, ended.payment_status, ended.url) == ("expired", "unpaid", None)


def test_a_session_expires_on_request_once(sandbox: Sandbox) -> None:
    sessions = sandbox.client().v1.checkout.sessions
    session = sandbox.new_session()
    sandbox.control(f"sessions/{session.id}/pay", card="4000000000000002")

    assert sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        sessions.expire(session.id)

    intent_id = sessions.retrieve(session.id).payment_intent
    assert isinstance(intent_id, str)
    assert sandbox.client().v1.payment_intents.retrieve(intent_id).status == "canceled"
    sandbox.control(f"sessions/{session.id}/pay")
    assert sessions.retrieve(session.id).status == "expired"


def test_expired_page_links_back_to_the_store(sandbox: Sandbox) -> None:
    session = sandbox.new_session()
    address = session.url or ""
    sandbox.client().v1.checkout.sessions.expire(session.id)

    page = httpx2.get(address)

    assert page.status_code == 410
    assert "Nothing was charged" in page.text
    assert f'href="{sandbox.receiver.url}/cart"' in page.text


def test_session_uses_the_email_of_its_customer(sandbox: Sandbox) -> None:
    customer = sandbox.client().v1.customers.create(params={"email": "known@example.edu"})

    session = sandbox.new_session(customer=customer.id)

    assert session.customer_details is not None
    assert session.customer_details.email == "known@example.edu"
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        sandbox.new_session(customer=customer.id, customer_email="other@example.edu")


def test_customer_is_created_on_request(sandbox: Sandbox) -> None:
    session = sandbox.new_session(customer_creation="always")
    sandbox.control(f"sessions/{session.id}/pay", name="Ada Reader")

    paid = sandbox.client().v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["customer"]}
    )

    assert isinstance(paid.customer, stripe.Customer)
    assert (paid.customer.name, paid.customer.email) == ("Ada Reader", "librarian@example.edu")


@pytest.mark.parametrize("how", [{}, {"account": "000123456789"}, {"card": "4000002500003155"}])
def test_payment_names_its_new_customer(sandbox: Sandbox, how: dict[str, str]) -> None:
    client = sandbox.client()
    session = sandbox.new_session(customer_creation="always")
    sandbox.control(f"sessions/{session.id}/pay", **how)
    if "card" in how:
        sandbox.control(f"sessions/{session.id}/authenticate", answer="complete")

    paid = client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge"]}
    )

    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert paid.customer is not None
    assert {intent.customer, intent.latest_charge.customer} == {paid.customer}
    listed = client.v1.charges.list(params={"customer": str(paid.customer)})
    assert [charge.id for charge in listed.data] == [intent.latest_charge.id]
    assert len(client.v1.customers.list().data) == 1


def test_unpaid_intent_is_canceled_only_without_an_open_session(
    sandbox: Sandbox,
) -> None:
    session = sandbox.new_session()
    sandbox.control(f"sessions/{session.id}/pay", card="4000000000000002")
    opened = sandbox.client().v1.checkout.sessions.retrieve(session.id)
    assert isinstance(opened.payment_intent, str)
    paid = sandbox.paid_session().payment_intent
    assert isinstance(paid, stripe.PaymentIntent)

    for intent in (opened.payment_intent, paid.id):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sandbox.client().v1.payment_intents.cancel(intent)
        assert refused.value.code == "payment_intent_unexpected_state"


def test_automatic_tax_is_on_top_and_differs_by_product(sandbox: Sandbox) -> None:
    client = sandbox.client()
    customer = client.v1.customers.create(
        params={
            "name": "Library",
            "address": {"country": "US", "state": "OR"},
            "shipping": {"name": "Library", "address": {"country": "US", "state": "NY"}},
        }
    )
    disc, file = line("Field Guide", 39800), line("Field Guide, file", 15000)
    disc["price_data"]["product_data"]["tax_code"] = "txcd_99999999"
    file["price_data"]["product_data"]["tax_code"] = "txcd_10402100"
    session = sandbox.new_session(
        customer=customer.id, automatic_tax={"enabled": True}, line_items=[disc, file]
    )

    assert (session.amount_subtotal, session.amount_total) == (54800, 54800 + 3532)
    assert session.total_details is not None
    assert session.total_details.amount_tax == 3532
    items = client.v1.checkout.sessions.line_items.list(session.id).data
    assert [(item.amount_subtotal, item.amount_tax) for item in items] == [
        (39800, 3532),
        (15000, 0),
    ]
    assert "Tax" in sandbox.raw("GET", f"/c/pay/{session.id}").text
