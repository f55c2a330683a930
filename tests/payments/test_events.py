"""Stripe's events: each kept, each acted upon once, none believed unless Stripe signed it."""

import json
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import stripe
import time_machine
from sqlalchemy import func, select

from app.accounts.keys import Scope, create_key
from app.core import clock
from app.core.config import SANDBOX_WEBHOOK_SECRET
from app.core.work_queue import find_due
from app.licenses.models import License
from app.orders.models import Payment
from app.orders.states import PaymentState
from app.payments import checkout, events
from app.payments.errors import NotReadyError
from app.payments.facts import EventFacts
from app.payments.gateway import StripeGateway
from app.payments.models import StripeEvent
from app.payments.states import EventOutcome
from tests.payments.conftest import Shop


def body_of(event: EventFacts, **changes: object) -> bytes:
    return json.dumps({**event.payload, **changes}).encode()


def count(shop: Shop, model: type[Any]) -> int:
    with shop.sessions() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def completed(shop: Shop) -> EventFacts:
    return next(e for e in shop.events() if e.type == "checkout.session.completed")


def key(shop: Shop, *scopes: Scope) -> dict[str, str]:
    with shop.sessions.begin() as session:
        return {"Authorization": f"Bearer {create_key(session, label='test', scopes=scopes)}"}


@pytest.mark.usefixtures("patient_sdk")
def test_shuffled_concurrent_events_pay_each_order_once(shop: Shop) -> None:
    orders = [shop.place() for _ in range(6)]
    for order in orders:
        shop.sandbox.pay(shop.start(order))
    deliveries = [event for event in shop.events() for _ in range(5)]
    random.Random(7).shuffle(deliveries)  # noqa: S311 - the same shuffle each run

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(shop.deliver, deliveries))

    assert set(answers) == {200}
    for order in orders:
        paid = shop.now(order)
        assert paid.payment_state is PaymentState.PAID
        assert (paid.paid_amount, len(paid.payments)) == (paid.total_amount, 1)
    assert count(shop, Payment) == 6
    assert count(shop, License) == 6
    assert count(shop, StripeEvent) == len(deliveries) / 5


def test_repeated_event_writes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sandbox.pay(shop.start(shop.place()))
    event = completed(shop)
    assert shop.deliver(event) == 200

    monkeypatch.setattr(events, "store_event", None)
    assert shop.deliver(event) == 200


Forge = Callable[[Shop, EventFacts], int]
FORGERIES: dict[str, Forge] = {
    "no signature": lambda shop, event: shop.post(body_of(event), signature="-"),
    "another secret": lambda shop, event: shop.post(
        body_of(event), signature=signed(body_of(event), secret="whsec_guessed")
    ),
    "another body": lambda shop, event: shop.post(
        body_of(event, id="evt_forged"), signature=signed(body_of(event))
    ),
    "too old": lambda shop, event: shop.post(
        body_of(event), signature=signed(body_of(event), timestamp=1_700_000_000)
    ),
}


def signed(
    body: bytes, *, secret: str = SANDBOX_WEBHOOK_SECRET, timestamp: int | None = None
) -> str:
    header: str = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, timestamp=timestamp
    )
    return header


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_unsigned_event_is_not_stored(shop: Shop, forge: Forge) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))

    assert forge(shop, completed(shop)) == 400
    assert count(shop, StripeEvent) == 0
    assert shop.now(order).payment_state is PaymentState.UNPAID


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"not json",
        b'"text"',
        b'{"id": "evt_1", "object": "v2.core.event", "type": "v1.x"}',
        b'{"id": "evt_1", "object": "event", "type": "x", "livemode": false, "created": 1}',
        b'{"id": 1, "object": "event", "livemode": false, "created": "x", "data": {"object": {}}}',
        b"\xff\xfe",
    ],
)
def test_signed_non_event_is_refused(shop: Shop, body: bytes) -> None:
    signature = signed(body) if body != b"\xff\xfe" else "t=1,v1=0"

    assert shop.post(body, signature=signature) == 400
    assert count(shop, StripeEvent) == 0


def test_live_mode_event_is_refused(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    body = body_of(completed(shop), livemode=True)

    answer = shop.client.post(
        "/webhooks/stripe", content=body, headers={"Stripe-Signature": signed(body)}
    )

    assert (answer.status_code, answer.json()["type"]) == (400, "other-mode")
    assert count(shop, StripeEvent) == 0
    assert shop.now(order).payment_state is PaymentState.UNPAID


def test_event_of_other_store_is_ignored(shop: Shop) -> None:
    other = shop.settings.model_copy(update={"store_id": "other-store"})
    order = shop.place()
    checkout.start_checkout(shop.sessions, StripeGateway(other), other, number=order.number)
    shop.sandbox.pay(shop.attempt(order).session_id or "")

    assert set(shop.deliver_all()) == {200}

    stored = shop.stored(completed(shop).id)
    assert (stored.outcome, stored.note) == (EventOutcome.IGNORED, "of another store")
    assert shop.now(order).payment_state is PaymentState.UNPAID


def test_event_with_changed_tags_uses_facts_of_stripe(shop: Shop) -> None:
    """Only Stripe's own word counts, not what the delivery says."""
    other = shop.settings.model_copy(update={"store_id": "other-store"})
    order = shop.place()
    checkout.start_checkout(shop.sessions, StripeGateway(other), other, number=order.number)
    shop.sandbox.pay(shop.attempt(order).session_id or "")
    payload = json.loads(json.dumps(dict(completed(shop).payload)))
    payload["data"]["object"]["metadata"]["store_id"] = "reelright"

    assert shop.post(json.dumps(payload).encode()) == 200
    assert shop.stored(payload["id"]).note == "not made by this store"


def test_event_of_other_type_is_stored_and_ignored(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    body = body_of(completed(shop), id="evt_other", type="customer.created")

    assert shop.post(body) == 200
    stored = shop.stored("evt_other")
    assert (stored.outcome, stored.note) == (EventOutcome.IGNORED, "nothing to do for this type")


def test_event_without_object_id_is_ignored(shop: Shop) -> None:
    payload = {
        "id": "evt_balance",
        "object": "event",
        "type": "balance.available",
        "livemode": False,
        "created": int(clock.now().timestamp()),
        "data": {"object": {"object": "balance", "livemode": False}},
    }

    assert shop.post(json.dumps(payload).encode()) == 200
    assert shop.stored("evt_balance").outcome is EventOutcome.IGNORED


def test_event_without_stripe_is_retried_by_worker(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    event = completed(shop)
    shop.sandbox.faults(api_fault="error_before", api_count=3)

    answer = shop.deliver(event)

    assert answer == 503
    stored = shop.stored(event.id)
    assert (stored.handled_at, stored.attempts) == (None, 1)
    assert (stored.last_error or "").startswith("GatewayUnavailableError")
    with time_machine.travel(clock.now() + timedelta(seconds=10)):
        shop.work()
    stored = shop.stored(event.id)
    assert (stored.outcome, stored.last_error, stored.attempts) == (EventOutcome.PROCESSED, None, 2)
    assert shop.now(order).payment_state is PaymentState.PAID


def test_event_stored_before_crash_is_processed(shop: Shop) -> None:
    """It was stored, and the process died before it was acted upon."""
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    with shop.sessions.begin() as session:
        assert events.store_event(session, completed(shop)) is True
        assert events.store_event(session, completed(shop)) is False

    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        shop.work()

    assert shop.now(order).payment_state is PaymentState.PAID


def test_event_of_unknown_order_gets_stuck(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    event = completed(shop)
    with shop.sessions.begin() as session:
        row = session.merge(shop.now(order))
        number, row.number = row.number, "RR-00000000"
    headers = key(shop, Scope.EVENTS_READ, Scope.EVENTS_WRITE)

    answers = [shop.deliver(event) for _ in range(3)]

    assert answers == [503, 503, 503]
    listed = shop.client.get("/api/v1/admin/events?stuck=true", headers=headers).json()["items"]
    assert [item["id"] for item in listed] == [event.id]
    assert listed[0]["last_error"] == f"NotReadyError: Order “{number}” not found in this store."
    retry = f"/api/v1/admin/events/{event.id}/retry"
    refused = shop.client.post(retry, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (503, "event-not-handled")

    with shop.sessions.begin() as session:
        session.merge(shop.now(row)).number = number
    worked = shop.client.post(retry, headers=headers)

    assert (worked.status_code, worked.json()["outcome"]) == (200, "processed")
    assert shop.client.get("/api/v1/admin/events?stuck=true", headers=headers).json() == {
        "items": [],
        "next": None,
    }
    assert shop.now(order).payment_state is PaymentState.PAID


def test_dismissed_event_keeps_reason(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    event = completed(shop)
    with shop.sessions.begin() as session:
        row = session.merge(shop.now(order))
        number, row.number = row.number, "RR-00000000"
    for _ in range(3):
        shop.deliver(event)
    headers = key(shop, Scope.EVENTS_READ, Scope.EVENTS_WRITE)
    address = f"/api/v1/admin/events/{event.id}/dismiss"

    nameless = shop.client.post(address, headers=headers, json={"reason": " "})
    dismissed = shop.client.post(address, headers=headers, json={"reason": "Refunded at Stripe"})

    assert (nameless.status_code, nameless.json()["errors"][0]["pointer"]) == (422, "#/reason")
    assert (dismissed.status_code, dismissed.json()["note"]) == (200, "Refunded at Stripe")
    assert (dismissed.json()["is_stuck"], dismissed.json()["next_attempt_at"]) == (False, None)
    listed = shop.client.get("/api/v1/admin/events?stuck=true", headers=headers).json()
    assert listed["items"] == []
    with shop.sessions() as session:
        assert list(events.find_unhandled(session)) == []
    assert shop.deliver(event) == 503
    assert shop.stored(event.id).next_attempt_at is None

    with shop.sessions.begin() as session:  # the order turns up after all
        session.merge(shop.now(row)).number = number
    worked = shop.client.post(f"/api/v1/admin/events/{event.id}/retry", headers=headers)
    too_late = shop.client.post(address, headers=headers, json={"reason": "Nothing to do"})

    assert (worked.json()["outcome"], worked.json()["note"]) == ("processed", "")
    assert (too_late.status_code, too_late.json()["type"]) == (409, "event-handled")


def test_event_is_retried_for_two_days(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    event = completed(shop)
    with shop.sessions.begin() as session:
        session.merge(shop.now(order)).number = "RR-00000000"
    started = clock.now()
    shop.deliver(event)

    with time_machine.travel(started, tick=False) as traveller:
        while (due_at := shop.stored(event.id).next_attempt_at) is not None:
            traveller.move_to(due_at)
            with shop.sessions() as session:
                due = find_due(session, {"event": events.WORK_QUEUE}, at=clock.now())
            assert [each.key for each in due] == [event.id]
            with pytest.raises(NotReadyError):
                events.handle_event(
                    shop.sessions, shop.gateway, store_id="reelright", event_id=event.id
                )
        assert timedelta(days=2) < clock.now() - started < timedelta(days=3)

    assert shop.stored(event.id).attempts == 13
    with shop.sessions() as session:
        assert events.WORK_QUEUE.find_oldest(session, at=clock.now() + timedelta(days=9)) is None
    assert events.retry_events(shop.sessions, shop.gateway, store_id="reelright") == (0, 1)


def test_retry_events_counts_successes(shop: Shop) -> None:
    for order in (shop.place(), shop.place()):
        shop.sandbox.pay(shop.start(order))
    with shop.sessions.begin() as session:
        for event in shop.events():
            events.store_event(session, event)

    outcome = events.retry_events(shop.sessions, shop.gateway, store_id="reelright")

    assert outcome == (len(shop.events()), 0)
    assert count(shop, Payment) == 2


@pytest.mark.usefixtures("patient_sdk")
def test_concurrent_handlers_process_event_once(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    event = completed(shop)
    with shop.sessions.begin() as session:
        events.store_event(session, event)
    together = threading.Barrier(4)

    def act(_: int) -> EventOutcome:
        together.wait()
        return events.handle_event(
            shop.sessions, shop.gateway, store_id="reelright", event_id=event.id
        )

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(act, range(4))) == {EventOutcome.PROCESSED}
    assert shop.stored(event.id).attempts == 1


def test_list_events_pages_and_requires_scope(shop: Shop) -> None:
    shop.paid()
    shop.paid()
    headers = key(shop, Scope.EVENTS_READ)
    seen: list[str] = []
    cursor = ""
    while True:
        page = shop.client.get(
            "/api/v1/admin/events", params={"limit": 3} | ({"cursor": cursor} if cursor else {}),
            headers=headers,
        ).json()  # fmt: skip
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(event.id for event in shop.events())
    assert len(seen) == len(set(seen))
    assert shop.client.get("/api/v1/admin/events").status_code == 401
    wrong = key(shop, Scope.ORDERS_READ)
    assert shop.client.get("/api/v1/admin/events", headers=wrong).status_code == 403
    retry = f"/api/v1/admin/events/{seen[0]}/retry"
    assert shop.client.post(retry, headers=headers).status_code == 403
    assert (
        shop.client.post(
            "/api/v1/admin/events/evt_none/retry", headers=key(shop, Scope.EVENTS_WRITE)
        ).status_code
        == 404
    )
    bad = shop.client.get("/api/v1/admin/events?cursor=WyJhIiwiYiJd", headers=headers)
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "?/cursor")
