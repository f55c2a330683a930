"""Keys, versions, parameters, lists and expansion: what every call has in common."""

import base64

import pytest
import stripe

from stripe_sandbox.config import API_VERSION, DEFAULT_KEY
from tests.stripe_sandbox.running import Sandbox, line

pytestmark = pytest.mark.once(on="postgresql")


def test_wrong_key_is_refused_and_basic_key_is_accepted(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key") as refused:
        sandbox.client("sk_test_wrong").v1.customers.list()
    assert refused.value.http_status == 401
    missing = sandbox.raw("GET", "/v1/customers", headers={"Authorization": ""})
    assert missing.status_code == 401
    assert "You did not provide an API key" in missing.json()["error"]["message"]
    basic = base64.b64encode(f"{DEFAULT_KEY}:".encode()).decode()
    taken = sandbox.raw("GET", "/v1/customers", headers={"Authorization": f"Basic {basic}"})
    assert taken.json() == {
        "object": "list", "data": [], "has_more": False, "url": "/v1/customers",
    }  # fmt: skip
    garbled = sandbox.raw("GET", "/v1/customers", headers={"Authorization": "Basic ???"})
    assert garbled.status_code == 401


def test_live_key_is_refused_and_not_repeated(sandbox: Sandbox) -> None:
    answer = sandbox.raw("GET", "/v1/events", headers={"Authorization": "Bearer sk_live_abcdef"})

    assert answer.status_code == 401
    assert "sk_live_abcdef" not in answer.text


def test_responses_name_the_request_and_the_version(sandbox: Sandbox) -> None:
    answer = sandbox.raw("GET", "/v1/events")

    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["stripe-version"] == API_VERSION == stripe.api_version


@pytest.mark.parametrize("version", ["2024-04-10", "nonsense"])
def test_another_api_version_is_refused(sandbox: Sandbox, version: str) -> None:
    answer = sandbox.raw("GET", "/v1/events", headers={"Stripe-Version": version})

    assert answer.status_code == 400
    assert version in answer.json()["error"]["message"]


def test_an_unknown_parameter_is_refused_with_its_full_name(sandbox: Sandbox) -> None:
    wrong = line("Field Guide", 39800)
    wrong["price_data"]["colour"] = "red"

    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.new_session(line_items=[wrong])

    assert refused.value.http_status == 400
    assert refused.value.code == "parameter_unknown"
    assert refused.value.param == "line_items[0][price_data][colour]"
    assert sandbox.state()["objects"]["checkout.session"] == 0


def test_payment_method_types_is_refused_and_its_new_name_offered(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.new_session(payment_method_types=["card"])

    assert refused.value.user_message == (
        "Received unknown parameter: payment_method_types. "
        "Did you mean allowed_payment_method_types?"
    )
    assert sandbox.new_session(allowed_payment_method_types=["card"]).payment_method_types == [
        "card"
    ]


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ({"mode": "payment"}, "line_items", "parameter_missing"),
        ({}, "mode", "parameter_missing"),
        ({"mode": "subscription"}, "mode", None),
        ({"expires_at": "soon"}, "expires_at", "parameter_invalid_integer"),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        ({"customer_email": ""}, "customer_email", "parameter_invalid_empty"),
        ({"success_url": "javascript:alert(1)"}, "success_url", "url_invalid"),
        ({"line_items": "x"}, "line_items", None),
        ({"line_items[x]": "y"}, "line_items", None),
        ({"metadata[" + "k" * 41 + "]": "v"}, f"metadata[{'k' * 41}]", None),
        ({"metadata[k]": "v" * 501}, "metadata[k]", None),
        ({"automatic_tax[enabled]": "maybe"}, "automatic_tax[enabled]", None),
        ({"discounts[0][coupon]": "x"}, "discounts", "parameter_unknown"),
        ({"a[b": "c"}, "a[b", "parameter_unknown"),
    ],
)
def test_a_bad_form_is_refused_by_the_name_of_its_field(
    sandbox: Sandbox, form: dict[str, str], param: str, code: str | None
) -> None:
    answer = sandbox.raw("POST", "/v1/checkout/sessions", data=form)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error.get("code") == code


def test_unknown_object_is_a_404_that_names_its_kind(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent: 'pi_x'") as none:
        sandbox.client().v1.payment_intents.retrieve("pi_x")
    assert (none.value.http_status, none.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="No such charge"):
        sandbox.client().v1.charges.retrieve(sandbox.new_session().id)
    unknown = sandbox.raw("GET", "/v1/subscriptions")
    assert unknown.status_code == 404
    assert "Unrecognized request URL" in unknown.json()["error"]["message"]


def test_lists_page_both_ways_newest_first(sandbox: Sandbox) -> None:
    customers = sandbox.client().v1.customers
    made = [customers.create(params={"name": str(number)}).id for number in range(5)]

    first = customers.list(params={"limit": 2})
    second = customers.list(params={"limit": 2, "starting_after": first.data[-1].id})
    back = customers.list(params={"limit": 2, "ending_before": second.data[-1].id})

    assert [customer.id for customer in first.data] == [made[4], made[3]]
    assert first.has_more is True
    assert [customer.id for customer in second.data] == [made[2], made[1]]
    assert [customer.id for customer in back.data] == [made[3], made[2]]
    everyone = customers.list(params={"limit": 2}).auto_paging_iter()
    assert [customer.id for customer in everyone] == made[::-1]
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        customers.list(params={"starting_after": "cus_x"})
    with pytest.raises(stripe.InvalidRequestError, match="only specify one") as both:
        customers.list(params={"starting_after": made[1], "ending_before": made[3]})
    assert both.value.param == "ending_before"
    with pytest.raises(stripe.InvalidRequestError, match="less than or equal to 100"):
        customers.list(params={"limit": 101})


def test_lists_filter_by_time_and_by_field(sandbox: Sandbox) -> None:
    client = sandbox.client()
    early = client.v1.customers.create(params={"email": "a@example.edu"})
    sandbox.clock.ahead = 3600
    late = client.v1.customers.create(params={"email": "b@example.edu"})

    since = client.v1.customers.list(params={"created": {"gt": early.created}})
    by_mail = client.v1.customers.list(params={"email": "a@example.edu"})

    assert [customer.id for customer in since.data] == [late.id]
    assert [customer.id for customer in by_mail.data] == [early.id]


def test_events_filter_by_type_and_wildcard(sandbox: Sandbox) -> None:
    sandbox.paid_session()
    events = sandbox.client().v1.events

    succeeded = events.list(params={"type": "charge.succeeded"})
    payments = events.list(params={"type": "payment_intent.*"})
    several = events.list(params={"types": ["charge.succeeded", "checkout.session.completed"]})

    assert [event.type for event in succeeded.data] == ["charge.succeeded"]
    assert [event.type for event in payments.data] == [
        "payment_intent.succeeded", "payment_intent.created",
    ]  # fmt: skip
    assert [event.type for event in several.data] == [
        "checkout.session.completed", "charge.succeeded",
    ]  # fmt: skip


def test_expansion_follows_paths_and_refuses_others(sandbox: Sandbox) -> None:
    session = sandbox.paid_session()
    client = sandbox.client()
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    assert isinstance(session.payment_intent.latest_charge, stripe.Charge)

    plain = client.v1.checkout.sessions.retrieve(session.id)
    listed = client.v1.checkout.sessions.list(params={"expand": ["data.payment_intent"]})

    assert plain.payment_intent == session.payment_intent.id
    assert "line_items" not in plain
    assert isinstance(listed.data[0].payment_intent, stripe.PaymentIntent)
    for path in ("amount_total", "nothing", "id", "payment_intent.latest_charge.x.y"):
        with pytest.raises(stripe.InvalidRequestError, match="cannot"):
            client.v1.checkout.sessions.retrieve(session.id, params={"expand": [path]})


def test_customers_are_created_changed_and_deleted(sandbox: Sandbox) -> None:
    customers = sandbox.client().v1.customers
    made = customers.create(
        params={"name": "Library", "email": "l@example.edu", "metadata": {"a": "1", "b": "2"}}
    )

    changed = customers.update(made.id, params={"metadata": {"a": "", "c": "3"}, "name": "Archive"})

    assert changed.name == "Archive"
    assert changed.email == "l@example.edu"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert customers.delete(made.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        customers.retrieve(made.id)


def test_other_machines_host_names_and_sites_are_refused(sandbox: Sandbox) -> None:
    renamed = sandbox.raw("GET", "/v1/events", headers={"Host": "evil.example:8010"})
    foreign = sandbox.raw(
        "POST", "/sandbox/faults/reset", headers={"Origin": "https://evil.example"}
    )

    assert renamed.status_code == 403
    assert foreign.status_code == 403


@pytest.mark.parametrize(
    "name", ["charge.succeded", "charge.*", "nonsense", "charge", "order.paid"]
)
def test_an_endpoint_for_an_unknown_event_is_refused(sandbox: Sandbox, name: str) -> None:
    endpoints = sandbox.client().v1.webhook_endpoints
    url = "http://127.0.0.1:9/hook"
    kept = endpoints.create(params={"url": url, "enabled_events": ["charge.succeeded"]})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        endpoints.create(params={"url": url, "enabled_events": [name]})  # type: ignore[list-item]
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.client().raw_request(
            "post", f"/v1/webhook_endpoints/{kept.id}", enabled_events=[name]
        )

    assert refused.value.param == "enabled_events[0]"
    assert len(endpoints.list().data) == 1


@pytest.mark.parametrize("name", ["charge.succeded", "nonsense.*", "charge", "char*"])
def test_a_list_of_unknown_events_is_refused(sandbox: Sandbox, name: str) -> None:
    events = sandbox.client().v1.events

    with pytest.raises(stripe.InvalidRequestError):
        events.list(params={"type": name})
    with pytest.raises(stripe.InvalidRequestError):
        events.list(params={"types": ["charge.succeeded", name]})
    assert events.list(params={"type": "charge.*"}).data == []


def test_items_of_a_session_take_one_cursor(sandbox: Sandbox) -> None:
    session = sandbox.new_session()
    listed = sandbox.client().v1.checkout.sessions.line_items
    first = listed.list(session.id).data[0].id

    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        listed.list(session.id, params={"starting_after": first, "ending_before": first})
