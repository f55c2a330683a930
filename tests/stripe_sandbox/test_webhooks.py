"""Webhooks: signed, repeated until they are taken, and faulted by switches."""

from pathlib import Path

import pytest
import stripe

from tests.stripe_sandbox.running import Receiver, Sandbox, receiving, running, verified

pytestmark = pytest.mark.once(on="postgresql")

ALL_OF_A_PAYMENT = {
    "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
    "checkout.session.completed",
}  # fmt: skip


def test_events_arrive_complete_and_signed(sandbox: Sandbox) -> None:
    session = sandbox.paid_session()
    sandbox.wait_until_quiet()

    events = {event.type: event for event in map(verified, sandbox.receiver.deliveries)}

    assert events.keys() == ALL_OF_A_PAYMENT
    completed = events["checkout.session.completed"]
    assert completed.livemode is False
    assert completed.api_version == stripe.api_version
    assert completed.data.object["id"] == session.id
    assert completed.data.object["payment_status"] == "paid"
    listed = sandbox.client().v1.events.retrieve(completed.id)
    assert (listed.type, listed.pending_webhooks) == (completed.type, 0)


def test_a_changed_body_does_not_verify(sandbox: Sandbox) -> None:
    sandbox.paid_session()
    sandbox.wait_until_quiet()
    body, signature = sandbox.receiver.deliveries[0]

    with pytest.raises(stripe.SignatureVerificationError):
        verified((body.replace(b"usd", b"eur"), signature))


def test_delivery_is_repeated_until_accepted(sandbox: Sandbox) -> None:
    sandbox.receiver.answers = [500, 404]
    sandbox.client().v1.customers.create()
    sandbox.wait_until_quiet()

    assert [event["type"] for event in sandbox.receiver.events()] == ["customer.created"] * 3
    assert len({event["id"] for event in sandbox.receiver.events()}) == 1
    assert sandbox.state()["deliveries"] == {"delivered": 1}


def test_delivery_that_is_never_accepted_fails_and_can_be_resent(
    sandbox: Sandbox,
) -> None:
    sandbox.receiver.answers = [500] * 4
    sandbox.client().v1.customers.create()
    sandbox.wait_for(
        lambda: sandbox.state()["deliveries"].get("failed") == 1, "the last of the attempts"
    )
    assert len(sandbox.receiver.deliveries) == 4
    events = sandbox.client().v1.events
    undelivered = events.list(params={"delivery_success": False})

    sandbox.control(f"events/{undelivered.data[0].id}/resend")
    sandbox.wait_until_quiet()

    assert len(sandbox.receiver.deliveries) == 5


def test_a_dead_endpoint_does_not_stop_the_sandbox(sandbox: Sandbox) -> None:
    client = sandbox.client()
    dead = client.v1.webhook_endpoints.create(
        params={"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]}
    )
    client.v1.customers.create()
    sandbox.wait_for(lambda: sandbox.receiver.types() == ["customer.created"], "the other one")

    sandbox.wait_for(
        lambda: sandbox.state()["deliveries"].get("failed") == 1, "giving the dead one up"
    )
    assert client.v1.webhook_endpoints.delete(dead.id).deleted is True


def test_a_registered_endpoint_gets_its_events_with_its_own_secret(sandbox: Sandbox) -> None:
    client = sandbox.client()
    with receiving() as other:
        endpoint = client.v1.webhook_endpoints.create(
            params={"url": f"{other.url}/hook", "enabled_events": ["charge.succeeded"]}
        )
        assert endpoint.secret is not None
        sandbox.paid_session()
        sandbox.wait_until_quiet()

        body, signature = other.deliveries[0]
        event = client.construct_event(body, signature, endpoint.secret)
        assert other.types() == ["charge.succeeded"] == [event.type]
        assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id)

        client.v1.webhook_endpoints.update(endpoint.id, params={"disabled": True})
        sandbox.paid_session()
        sandbox.wait_until_quiet()
        assert len(other.deliveries) == 1


def test_configured_endpoint_gets_its_event_types(tmp_path: Path, receiver: Receiver) -> None:
    waiting = frozenset({"charge.succeeded", "checkout.session.completed"})
    with running(tmp_path, receiver, webhook_events=waiting) as sandbox:
        sandbox.paid_session()
        sandbox.wait_until_quiet()

        kept = [event.type for event in sandbox.client().v1.events.list().data]
        assert set(receiver.types()) == waiting
        assert len(receiver.types()) == 2
        assert "payment_intent.succeeded" in kept


@pytest.mark.parametrize("url", ["https://example.com/hook", "ftp://127.0.0.1/x", "nonsense"])
def test_webhook_urls_elsewhere_are_refused(sandbox: Sandbox, url: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client().v1.webhook_endpoints.create(params={"url": url, "enabled_events": ["*"]})

    assert refused.value.param == "url"


def test_duplicates_are_sent_concurrent_if_concurrent(sandbox: Sandbox) -> None:
    sandbox.receiver.pause = 0.1
    sandbox.control("faults", duplicate=4, concurrent=True)

    sandbox.client().v1.customers.create()
    sandbox.wait_until_quiet()

    assert sandbox.receiver.types() == ["customer.created"] * 5
    assert len({event["id"] for event in sandbox.receiver.events()}) == 1
    assert sandbox.receiver.max_concurrent >= 2


def test_held_deliveries_are_released_in_the_requested_order(sandbox: Sandbox) -> None:
    sandbox.control("faults", hold=True)
    sandbox.paid_session()
    assert sandbox.state()["deliveries"] == {"held": 4}
    events = sandbox.client().v1.events.list().data

    assert sandbox.control("deliveries/release", order="reversed") == {"released": 4}
    sandbox.wait_until_quiet()

    assert {event["id"] for event in sandbox.receiver.events()} == {event.id for event in events}


def test_delay_postpones_events(sandbox: Sandbox) -> None:
    sandbox.control("faults", delay_seconds=600)
    sandbox.client().v1.customers.create()
    assert sandbox.receiver.deliveries == []

    sandbox.clock.ahead = 601
    sandbox.wait_until_quiet()

    assert sandbox.receiver.types() == ["customer.created"]


def test_reordering_spreads_deliveries_over_its_window(sandbox: Sandbox) -> None:
    sandbox.control("faults", reorder_seconds=3600, duplicate=20)
    sandbox.client().v1.customers.create()
    assert sandbox.state()["deliveries"]["pending"] > 10

    sandbox.clock.ahead = 3700
    sandbox.wait_until_quiet()

    assert len(sandbox.receiver.deliveries) == 21


def test_a_dropped_delivery_never_comes_but_its_event_is_listed(sandbox: Sandbox) -> None:
    sandbox.control("faults", drop=1)
    sandbox.client().v1.customers.create()
    sandbox.client().v1.customers.create()
    sandbox.wait_until_quiet()

    assert len(sandbox.receiver.deliveries) == 1
    assert sandbox.state()["deliveries"] == {"delivered": 1, "dropped": 1}
    assert len(sandbox.client().v1.events.list().data) == 2


@pytest.mark.parametrize(
    "fault", ["error_before", "error_after", "timeout_before", "timeout_after"]
)
def test_a_failing_call_is_done_once_by_a_retry_with_its_key(sandbox: Sandbox, fault: str) -> None:
    sandbox.control("faults", api_fault=fault, api_count=1, timeout_seconds=0.05)
    options: stripe.RequestOptions = {"idempotency_key": "customer:1"}

    with pytest.raises((stripe.APIError, stripe.APIConnectionError)):
        sandbox.client().v1.customers.create(params={"name": "A"}, options=options)
    done = sandbox.state()["objects"]["event"]
    made = sandbox.client().v1.customers.create(params={"name": "A"}, options=options)

    assert done == (1 if fault.endswith("after") else 0)
    assert [customer.id for customer in sandbox.client().v1.customers.list().data] == [made.id]


def test_fault_affects_only_its_paths(sandbox: Sandbox) -> None:
    sandbox.control("faults", api_fault="error_before", api_count=1, api_path="/v1/refunds")

    sandbox.client().v1.customers.create()
    with pytest.raises(stripe.APIError):
        sandbox.client().v1.refunds.list()
    sandbox.client().v1.refunds.list()


@pytest.mark.parametrize(
    "wrong", [{"nonsense": 1}, {"drop": -1}, {"api_fault": "boom"}, {"duplicate": 21}]
)
def test_invalid_switch_is_refused(sandbox: Sandbox, wrong: dict[str, object]) -> None:
    answer = sandbox.raw("POST", "/sandbox/faults", json=wrong)

    assert answer.status_code == 400
    assert set(sandbox.control("faults/reset").values()) == {0, "", 2.0}


def test_a_sandbox_without_webhook_url_keeps_its_events(tmp_path: Path) -> None:
    with running(tmp_path, Receiver(url="http://127.0.0.1:9"), webhook_url=None) as sandbox:
        sandbox.client().v1.customers.create()

        assert sandbox.state()["deliveries"] == {}
        assert len(sandbox.client().v1.events.list().data) == 1
