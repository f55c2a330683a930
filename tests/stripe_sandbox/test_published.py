"""The sandbox against Stripe's own word: parameters by the SDK, objects by the published schema."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import stripe
from typing_extensions import is_typeddict

from stripe_sandbox.calls import CALLS, Call
from stripe_sandbox.forms import Group, ListOf, Metadata, Rule, TimeRange
from stripe_sandbox.names import CURRENCIES, EVENT_TYPES, LOCALES, MIN_CHARGE
from tests.stripe_sandbox.published import (
    NEWER_FIELDS,
    annotated,
    fields_of,
    hint_of,
    problems,
    unwrapped,
)
from tests.stripe_sandbox.running import Sandbox

pytestmark = pytest.mark.once(on="postgresql")


def _unknown(rules: Mapping[str, Rule], params: type, at: str) -> Iterator[str]:
    """Yield every parameter that the sandbox takes and the SDK does not know."""
    for name, rule in rules.items():
        where = f"{at}[{name}]"
        if name not in params.__annotations__:
            yield where
            continue
        inner = rule.of if isinstance(rule, ListOf) else rule
        if isinstance(inner, Group):
            groups = [hint for hint in unwrapped(hint_of(params, name)) if is_typeddict(hint)]
            if len(groups) != 1:
                yield f"{where} is no group"
                continue
            yield from _unknown(inner.of, groups[0], where)
        elif isinstance(inner, TimeRange):
            assert any(is_typeddict(hint) for hint in unwrapped(hint_of(params, name)))
        elif isinstance(inner, Metadata):
            assert str in unwrapped(hint_of(params, name))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_every_parameter_exists_in_the_sdk(call: Call) -> None:
    assert list(_unknown(call.rules, annotated(call.params_class), "")) == []


@pytest.mark.parametrize(
    ("params_class", "name", "known"),
    [
        ("checkout.SessionCreateParams", "locale", set(LOCALES)),
        ("WebhookEndpointCreateParams", "enabled_events", EVENT_TYPES | {"*"}),
        ("WebhookEndpointUpdateParams", "enabled_events", EVENT_TYPES | {"*"}),
    ],
)
def test_names_are_those_of_the_sdk(params_class: str, name: str, known: set[str]) -> None:
    hints = unwrapped(hint_of(annotated(params_class), name))
    assert {hint for hint in hints if isinstance(hint, str)} == known


def test_minimums_are_of_known_currencies() -> None:
    assert MIN_CHARGE.keys() <= CURRENCIES


def _documents(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """Yield objects of every kind in all the states that the sandbox can bring them to."""
    sandbox.client().v1.webhook_endpoints.create(
        params={"url": "http://127.0.0.1:9/x", "enabled_events": ["charge.succeeded"]}
    )
    sandbox.client().v1.customers.create(
        params={
            "name": "Library", "email": "l@example.edu", "address": {"country": "US"},
            "shipping": {"name": "Desk", "address": {"line1": "1 Main Street"}},
            "preferred_locales": ["en"], "tax_exempt": "exempt",
        }
    )  # fmt: skip
    sandbox.new_session(custom_text={"submit": {"message": "Thank you"}})
    customer = sandbox.client().v1.customers.create(
        params={"name": "Library", "address": {"country": "US", "state": "NY"}}
    )
    sandbox.new_session(customer=customer.id, automatic_tax={"enabled": True})
    for card in ("", "4000000000000002", "4000002500003155", "4000000000005126"):
        session = sandbox.new_session(customer_creation="always")
        sandbox.control(f"sessions/{session.id}/pay", card=card)
        if card == "4000000000000002":
            sandbox.client().v1.checkout.sessions.expire(session.id)
    for answer in ("fail", "complete"):
        session = sandbox.new_session()
        sandbox.control(f"sessions/{session.id}/pay", card="4000002500003155")
        sandbox.control(f"sessions/{session.id}/authenticate", answer=answer)
    for account, end in (
        ("000123456789", ""),
        ("000123456789", "settle"),
        ("000222222227", "fail"),
    ):
        paid = sandbox.paid_session(account=account)
        assert isinstance(paid.payment_intent, stripe.PaymentIntent)
        if end:
            sandbox.control(f"payments/{paid.payment_intent.id}/{end}")
        if end == "settle":
            sandbox.client().v1.refunds.create(params={"payment_intent": paid.payment_intent.id})
    for end in ("win", "lose"):
        paid = sandbox.paid_session()
        assert isinstance(paid.payment_intent, stripe.PaymentIntent)
        refund = sandbox.client().v1.refunds.create(
            params={"payment_intent": paid.payment_intent.id, "amount": 100}
        )
        sandbox.control(f"refunds/{refund.id}/fail")
        dispute = sandbox.control(f"payments/{paid.payment_intent.id}/dispute")
        sandbox.control(f"disputes/{dispute['id']}/{end}")
    for path, expand in (
        ("/v1/checkout/sessions", "data.line_items.data.price.product"),
        ("/v1/checkout/sessions", "data.payment_intent.payment_method"),
        ("/v1/payment_intents", "data.latest_charge.balance_transaction"),
        ("/v1/charges", "data.refunds.data.charge"),
        ("/v1/refunds", "data.balance_transaction"),
        ("/v1/disputes", "data.charge"),
        ("/v1/customers", ""),
        ("/v1/webhook_endpoints", ""),
        ("/v1/balance_transactions", "data.source"),
        ("/v1/events", ""),
    ):
        query = {"limit": "100"} | ({"expand[]": expand} if expand else {})
        listed = sandbox.raw("GET", path, params=query)
        assert listed.status_code == 200, listed.text
        assert listed.json()["has_more"] is False
        yield from listed.json()["data"]
    yield sandbox.raw("GET", "/v1/balance").json()


def test_every_response_matches_the_published_schema(sandbox: Sandbox) -> None:
    documents = list(_documents(sandbox))

    inside = [event["data"]["object"] for event in documents if event["object"] == "event"]
    found = {problem for document in documents + inside for problem in problems(document)}

    assert "\n".join(sorted(found)) == ""
    assert {document["object"] for document in documents} == {
        "balance", "balance_transaction", "charge", "checkout.session", "customer", "dispute",
        "event", "payment_intent", "refund", "webhook_endpoint",
    }  # fmt: skip
    unknown = {
        (document["object"], name)
        for document in documents + inside
        if document["object"] != "balance"
        for name in document.keys() - fields_of(document["object"])
    }
    assert unknown == set()


def test_only_listed_fields_are_newer_than_the_schema() -> None:
    assert [kind for kind, name in NEWER_FIELDS if name not in fields_of(kind)] == []


def test_every_event_type_that_a_store_needs_arises(sandbox: Sandbox) -> None:
    list(_documents(sandbox))
    sandbox.clock.ahead = 25 * 3600
    sandbox.wait_for(lambda: sandbox.state()["due"] == 0, "everything that was due")
    events = sandbox.client().v1.events.list(params={"limit": 100}).auto_paging_iter()

    missing = {
        "checkout.session.completed", "checkout.session.expired",
        "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
        "payment_intent.succeeded", "payment_intent.payment_failed", "charge.succeeded",
        "charge.refunded", "refund.created", "refund.updated", "refund.failed",
        "charge.dispute.created", "charge.dispute.closed",
    } - {event.type for event in events}  # fmt: skip
    assert missing == set()


def test_schema_check_finds_errors(sandbox: Sandbox) -> None:
    right = sandbox.raw("POST", "/v1/customers").json()

    assert problems(right) == []
    assert len(problems({**right, "colour": "red"})) == 1
    assert len(problems({**right, "created": "today"})) == 1
    assert len(problems({name: value for name, value in right.items() if name != "id"})) == 1
