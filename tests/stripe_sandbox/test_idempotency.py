"""Idempotency keys, as Stripe keeps them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from stripe_sandbox.errors import StripeError
from stripe_sandbox.idempotency import RunningKeys
from tests.stripe_sandbox.running import Sandbox

pytestmark = pytest.mark.once(on="postgresql")


def _refund(sandbox: Sandbox, key: str, **params: object) -> stripe.Refund:
    return sandbox.client(retries=4).v1.refunds.create(
        params=params,  # type: ignore[arg-type]  # the sandbox is what judges them here
        options={"idempotency_key": key},
    )


def test_repeated_request_gets_the_same_response(sandbox: Sandbox) -> None:
    form = {"name": "Library", "metadata[a]": "1"}
    headers = {"Idempotency-Key": "customer:1"}

    first = sandbox.raw("POST", "/v1/customers", data=form, headers=headers)
    second = sandbox.raw(
        "POST", "/v1/customers", data=dict(reversed(form.items())), headers=headers
    )

    assert second.json() == first.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["original-request"] == first.headers["request-id"]
    assert sandbox.state()["objects"]["event"] == 1


def test_key_of_another_request_is_an_error(sandbox: Sandbox) -> None:
    client = sandbox.client()
    options: stripe.RequestOptions = {"idempotency_key": "k"}
    client.v1.customers.create(params={"name": "One"}, options=options)

    with pytest.raises(stripe.IdempotencyError) as refused:
        client.v1.customers.create(params={"name": "Two"}, options=options)

    assert refused.value.http_status == 400
    assert [customer.name for customer in client.v1.customers.list().data] == ["One"]


def test_refusal_is_stored_too_after_validation(sandbox: Sandbox) -> None:
    session = sandbox.paid_session()
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    intent = session.payment_intent.id
    form = {"payment_intent": intent, "amount": "999999"}

    answers = [
        sandbox.raw("POST", "/v1/refunds", data=form, headers={"Idempotency-Key": "r"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"


def test_invalid_form_leaves_the_key_free(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        _refund(sandbox, "k", nonsense="1")
    session = sandbox.paid_session()
    assert isinstance(session.payment_intent, stripe.PaymentIntent)

    assert _refund(sandbox, "k", payment_intent=session.payment_intent.id).status == "succeeded"


def test_keys_expire_after_a_day(sandbox: Sandbox) -> None:
    client = sandbox.client()
    options: stripe.RequestOptions = {"idempotency_key": "k"}
    first = client.v1.customers.create(params={"name": "One"}, options=options)
    sandbox.clock.ahead = 24 * 3600 + 1

    second = client.v1.customers.create(params={"name": "One"}, options=options)

    assert second.id != first.id


def test_a_key_that_is_too_long_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.raw("POST", "/v1/customers", headers={"Idempotency-Key": "k" * 256})

    assert answer.status_code == 400


@pytest.mark.usefixtures("patient_sdk")
def test_twenty_threads_with_one_key_open_one_session(sandbox: Sandbox) -> None:
    client = sandbox.client(retries=10)

    def open_session(_: int) -> str:
        return client.v1.checkout.sessions.create(
            params={
                "mode": "payment",
                "success_url": "http://127.0.0.1/thanks",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": 39800,
                            "product_data": {"name": "Field Guide"},
                        },
                    }
                ],
            },
            options={"idempotency_key": "checkout:ORDER-1001:1"},
        ).id

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(open_session, range(20)))

    assert len(ids) == 1
    assert sandbox.state()["objects"]["checkout.session"] == 1


def test_a_key_in_use_is_a_conflict_until_its_request_ends() -> None:
    running = RunningKeys()

    with running.hold("k"):
        with pytest.raises(StripeError) as refused, running.hold("k"):
            pass
        with running.hold("other"), running.hold(None):
            pass
    with running.hold("k"):
        pass

    assert (refused.value.status, refused.value.code) == (409, "idempotency_key_in_use")
