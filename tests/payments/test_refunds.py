"""Giving money back: through Stripe once, allocated to lines, with its effect on licenses."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import stripe
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.keys import Scope, create_key
from app.accounts.permissions import Role
from app.core import clock
from app.core.errors import InvalidInputError
from app.core.money import Money
from app.licenses.states import LicenseStatus
from app.orders.allocations import Allocation
from app.orders.errors import OrderClosedError
from app.orders.models import Dispute, Order, Refund
from app.orders.states import (
    CLOSED_DISPUTES,
    DisputeStatus,
    LicenseEffect,
    PaymentState,
    RefundOrigin,
    RefundStatus,
)
from app.payments import stripe_refunds
from app.payments.gateway import StripeGateway
from tests import factories
from tests.console.staff_browser import log_in
from tests.factories import STAFF
from tests.payments.conftest import Shop

TAKES_A_WHILE = "4000000000007726"


def give_back(
    shop: Shop,
    order: Order,
    amount: int = 39800,
    *,
    effect: LicenseEffect = LicenseEffect.REVOKE,
    gateway: StripeGateway | None = None,
) -> Refund:
    return stripe_refunds.refund_order(
        shop.sessions,
        gateway or shop.gateway,
        number=order.number,
        allocations=[Allocation(line=1, amount=amount)],
        effect=effect,
        reason="The disc arrived broken",
        actor=STAFF,
    )


def away(shop: Shop) -> StripeGateway:
    return StripeGateway(shop.settings.model_copy(update={"sandbox_port": 9}))


def license_status(shop: Shop, order: Order) -> LicenseStatus:
    license_ = shop.now(order).lines[0].license
    assert license_ is not None
    return license_.status


def at_stripe(shop: Shop, order: Order) -> list[Money]:
    reference = shop.now(order).payments[0].reference
    return [refund.amount for refund in shop.gateway.list_refunds(reference)]


def test_full_refund_revokes_license_and_matches_stripe(shop: Shop) -> None:
    order = shop.paid()

    refund = give_back(shop, order)
    assert set(shop.deliver_all()) == {200}

    assert refund.status is RefundStatus.SUCCEEDED
    assert (refund.reference or "").startswith("re_")
    order = shop.now(order)
    assert (order.payment_state, order.refunded_amount) == (PaymentState.REFUNDED, 39800)
    assert len(order.refunds) == 1
    assert license_status(shop, order) is LicenseStatus.REVOKED
    assert at_stripe(shop, order) == [Money(39800, "USD")]


def test_partial_refunds_keep_license_and_stay_within_payment(shop: Shop) -> None:
    order = shop.paid()

    for amount in (10000, 20000):
        give_back(shop, order, amount, effect=LicenseEffect.KEEP)
    with pytest.raises(InvalidInputError):
        give_back(shop, order, 9801)
    shop.deliver_all()

    order = shop.now(order)
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED
    assert (order.refunded_amount, order.lines[0].refunded_amount) == (30000, 30000)
    assert license_status(shop, order) is LicenseStatus.ACTIVE
    assert sorted(money.amount for money in at_stripe(shop, order)) == [10000, 20000]


def test_refund_failing_later_is_undone_and_raises_issue(shop: Shop) -> None:
    order = shop.paid()
    refund = give_back(shop, order)
    assert refund.status is RefundStatus.SUCCEEDED
    shop.sandbox.act(f"refunds/{refund.reference}/fail")

    assert set(shop.deliver_all()) == {200}

    order = shop.now(order)
    assert (order.payment_state, order.refunded_amount) == (PaymentState.PAID, 0)
    assert order.refunds[0].status is RefundStatus.FAILED
    assert license_status(shop, order) is LicenseStatus.ACTIVE
    assert any("refund" in reason.lower() for reason in order.attention)


def test_outdated_refund_facts_keep_failure(shop: Shop) -> None:
    order = shop.paid()
    refund = give_back(shop, order)
    before = shop.gateway.fetch_refund(refund.reference or "")
    shop.sandbox.act(f"refunds/{refund.reference}/fail")
    shop.deliver_all()

    with shop.sessions.begin() as session:
        stripe_refunds.sync_refund(session, before, actor=Actor.stripe("evt_old"))

    assert shop.now(order).refunds[0].status is RefundStatus.FAILED
    assert shop.now(order).refunded_amount == 0


def test_slow_refund_is_pending(shop: Shop) -> None:
    order = shop.paid(card=TAKES_A_WHILE)
    refund = give_back(shop, order)
    assert refund.status is RefundStatus.PENDING
    assert shop.now(order).payment_state is PaymentState.PAID

    shop.sandbox.act(f"refunds/{refund.reference}/succeed")
    with time_machine.travel(clock.now() + timedelta(hours=7)):
        shop.work()  # no event came

    assert shop.now(order).refunds[0].status is RefundStatus.SUCCEEDED
    assert shop.now(order).payment_state is PaymentState.REFUNDED


def test_refund_without_stripe_is_completed_by_worker(shop: Shop) -> None:
    order = shop.paid()

    refund = give_back(shop, order, gateway=away(shop))

    assert (refund.status, refund.reference) == (RefundStatus.REQUESTED, None)
    shop.work()
    assert at_stripe(shop, order) == []  # whoever asked may still be at it
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        shop.work()
    assert shop.now(order).refunds[0].status is RefundStatus.SUCCEEDED
    assert at_stripe(shop, order) == [Money(39800, "USD")]


@pytest.mark.usefixtures("patient_sdk")
def test_concurrent_interrupted_refund_is_made_once(shop: Shop) -> None:
    order = shop.paid()
    refund = give_back(shop, order, gateway=away(shop))
    shop.sandbox.faults(api_fault="timeout_after", api_count=2, timeout_seconds=0.1)

    def push(_: int) -> None:
        stripe_refunds.try_advance_refund(
            shop.sessions, shop.gateway, refund_id=refund.id, actor=STAFF
        )

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(push, range(3)))

    assert shop.now(order).refunds[0].status is RefundStatus.SUCCEEDED
    assert at_stripe(shop, order) == [Money(39800, "USD")]


def test_refund_is_found_after_idempotency_key_expired(shop: Shop) -> None:
    """The crash came after Stripe made it; days later nobody remembers the idempotency key."""
    order = shop.paid()
    refund = give_back(shop, order, gateway=away(shop))
    reference = shop.now(order).payments[0].reference
    client = stripe.StripeClient(shop.settings.stripe_key, base_addresses={"api": shop.sandbox.url})
    client.v1.refunds.create(
        {
            "payment_intent": reference,
            "amount": 39800,
            "metadata": {"store_id": "reelright", "refund_id": str(refund.id)},
        }
    )

    stripe_refunds.advance_refund(shop.sessions, shop.gateway, refund_id=refund.id, actor=STAFF)

    assert at_stripe(shop, order) == [Money(39800, "USD")]
    assert shop.now(order).refunds[0].status is RefundStatus.SUCCEEDED


def test_refused_refund_stores_message_of_stripe(shop: Shop) -> None:
    order = shop.paid()
    client = stripe.StripeClient(shop.settings.stripe_key, base_addresses={"api": shop.sandbox.url})
    # All of it went back from Stripe's dashboard, and we have not heard of it.
    client.v1.refunds.create({"payment_intent": shop.now(order).payments[0].reference})

    refund = give_back(shop, order)

    assert refund.status is RefundStatus.FAILED
    assert refund.failure.startswith("Stripe rejected the refund: ")


def test_dashboard_refund_is_recorded_and_raises_issue(shop: Shop) -> None:
    order = shop.paid()
    client = stripe.StripeClient(shop.settings.stripe_key, base_addresses={"api": shop.sandbox.url})
    client.v1.refunds.create(
        {"payment_intent": shop.now(order).payments[0].reference, "amount": 5000}
    )

    shop.deliver_all()

    order = shop.now(order)
    assert (order.payment_state, order.refunded_amount) == (PaymentState.PARTIALLY_REFUNDED, 5000)
    assert [(r.origin, r.amount) for r in order.refunds] == [(RefundOrigin.EXTERNAL, 5000)]
    assert license_status(shop, order) is LicenseStatus.ACTIVE
    assert any("outside the store" in reason for reason in order.attention)


def test_refund_events_before_payment_event_lose_nothing(shop: Shop) -> None:
    order = shop.place()
    session_id = shop.start(order)
    paid = shop.sandbox.pay(session_id)["payment_intent"]
    client = stripe.StripeClient(shop.settings.stripe_key, base_addresses={"api": shop.sandbox.url})
    client.v1.refunds.create({"payment_intent": paid, "amount": 1000})
    events = shop.events()

    for event in sorted(events, key=lambda event: not event.type.startswith("refund")):
        assert shop.deliver(event) == 200

    order = shop.now(order)
    assert (order.paid_amount, order.refunded_amount) == (39800, 1000)
    assert (len(order.payments), len(order.refunds)) == (1, 1)


@pytest.mark.usefixtures("patient_sdk")
def test_shuffled_repeated_events_give_same_sums(shop: Shop) -> None:
    order = shop.paid()
    give_back(shop, order, 10000, effect=LicenseEffect.KEEP)
    client = stripe.StripeClient(shop.settings.stripe_key, base_addresses={"api": shop.sandbox.url})
    client.v1.refunds.create(
        {"payment_intent": shop.now(order).payments[0].reference, "amount": 500}
    )
    deliveries = [event for event in shop.events() for _ in range(3)]
    random.Random(3).shuffle(deliveries)  # noqa: S311 - the same shuffle each run

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(shop.deliver, deliveries)) == {200}

    order = shop.now(order)
    assert order.refunded_amount == 10500 == sum(m.amount for m in at_stripe(shop, order))
    assert len(order.refunds) == 2


def test_refund_of_check_is_recorded_only(shop: Shop) -> None:
    order = shop.place()
    with shop.sessions.begin() as session:
        factories.pay(session, shop.now(order), reference="check 1234")

    refund = give_back(shop, order)

    assert (refund.status, refund.reference) == (RefundStatus.SUCCEEDED, None)
    assert shop.now(order).payment_state is PaymentState.REFUNDED


def open_disputes(session: Session) -> list[Dispute]:
    return list(session.scalars(select(Dispute).where(Dispute.status.not_in(CLOSED_DISPUTES))))


def test_won_dispute_event_restores_order(shop: Shop) -> None:
    order = shop.paid()
    reference = shop.now(order).payments[0].reference
    dispute = shop.sandbox.act(f"payments/{reference}/dispute", reason="product_not_received")
    shop.deliver_all()

    assert shop.now(order).payment_state is PaymentState.DISPUTED
    with shop.sessions() as session:
        shown = open_disputes(session)
    assert [(d.id, d.amount, d.reason, d.status) for d in shown] == [
        (dispute["id"], 39800, "product_not_received", DisputeStatus.NEEDS_RESPONSE)
    ]
    assert shown[0].due_by is not None
    assert any("product not received" in reason for reason in shop.now(order).attention)
    with pytest.raises(OrderClosedError):
        give_back(shop, order)
    desk = log_in(shop.client, Role.FINANCE)
    assert "Respond at Stripe before" in desk.see(f"/console/orders/{order.number}").words

    shop.sandbox.act(f"disputes/{dispute['id']}/win")
    assert set(shop.deliver_all()) == {200}

    assert shop.now(order).payment_state is PaymentState.PAID
    assert "Respond at Stripe" not in desk.see(f"/console/orders/{order.number}").words
    with shop.sessions() as session:
        assert open_disputes(session) == []
    assert license_status(shop, order) is LicenseStatus.ACTIVE


def test_lost_dispute_event_records_refund_and_raises_issue(shop: Shop) -> None:
    order = shop.paid()
    reference = shop.now(order).payments[0].reference
    dispute = shop.sandbox.act(f"payments/{reference}/dispute")
    shop.sandbox.act(f"disputes/{dispute['id']}/lose")

    # In reverse: the end is heard of before the beginning, and before the payment.
    for event in reversed(shop.events()):
        assert shop.deliver(event) == 200

    order = shop.now(order)
    assert (order.payment_state, order.refunded_amount) == (PaymentState.REFUNDED, 39800)
    assert [r.origin for r in order.refunds] == [RefundOrigin.DISPUTE]
    assert license_status(shop, order) is LicenseStatus.SUSPENDED


def test_refund_api_refunds_once_per_key_and_reports_problems(shop: Shop) -> None:
    order = shop.paid()
    with shop.sessions.begin() as session:
        token = create_key(session, label="test", scopes=[Scope.REFUNDS_WRITE])
    headers = {"Authorization": f"Bearer {token}"}
    path = f"/api/v1/admin/orders/{order.number}/refund"
    wanted = {"license_effect": "keep", "reason": "Ordered twice"}
    part = wanted | {"allocations": [{"line": 1, "amount": 9800}]}

    first = shop.client.post(path, json=part, headers=headers | {"Idempotency-Key": "a"})
    again = shop.client.post(path, json=part, headers=headers | {"Idempotency-Key": "a"})
    other = shop.client.post(path, json=wanted, headers=headers | {"Idempotency-Key": "a"})
    much = shop.client.post(
        path, json=wanted | {"allocations": [{"line": 1, "amount": 30001}]}, headers=headers
    )
    rest = shop.client.post(path, json=wanted, headers=headers)

    assert (first.status_code, first.json()["status"]) == (200, "succeeded")
    assert first.json()["amount"] == {"amount": 9800, "currency": "USD"}
    assert (again.status_code, again.json()) == (200, first.json())
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-key-reused")
    assert much.status_code == 422
    assert much.json()["errors"] == [
        {"pointer": "#/allocations/0/amount", "detail": "Enter at most $300.00."}
    ]
    assert rest.json()["allocations"] == [{"line": 1, "amount": 30000, "tax": 0}]
    assert sorted(m.amount for m in at_stripe(shop, order)) == [9800, 30000]
    assert shop.client.post(path, json=wanted).status_code == 401
    missing = f"/api/v1/admin/orders/{'RR-NONESUCH'}/refund"
    assert shop.client.post(missing, json=wanted, headers=headers).status_code == 404


def test_refund_api_with_repeated_key_returns_current_refund(shop: Shop) -> None:
    order = shop.paid()
    with shop.sessions.begin() as session:
        token = create_key(session, label="test", scopes=[Scope.REFUNDS_WRITE])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "a"}
    path = f"/api/v1/admin/orders/{order.number}/refund"
    wanted = {"license_effect": "keep", "reason": "Ordered twice"}
    shop.sandbox.faults(api_fault="error_before", api_count=9, api_path="/v1/refunds")
    waiting = shop.client.post(path, json=wanted, headers=headers)
    shop.sandbox.act("faults/reset")
    still = shop.client.post(path, json=wanted, headers=headers)
    stripe_refunds.try_advance_refund(
        shop.sessions, shop.gateway, refund_id=waiting.json()["id"], actor=Actor.system("worker")
    )

    again = shop.client.post(path, json=wanted, headers=headers)

    assert [waiting.json()["status"], still.json()["status"]] == ["requested", "requested"]
    assert still.json()["failure"] == waiting.json()["failure"] != ""
    assert (again.json()["status"], again.json()["failure"]) == ("succeeded", "")
    assert again.json()["reference"].startswith("re_")
    assert again.json()["id"] == waiting.json()["id"]
