"""The nightly comparison with Stripe: what was missed is made good, and said."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe
import time_machine
from sqlalchemy import delete, update
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.orders.models import Order, Payment
from app.orders.states import PaymentState
from app.payments import checkout, queries, reconciliation
from app.payments.errors import GatewayUnavailableError
from app.payments.gateway import StripeGateway
from app.payments.models import ReconciliationRun, StripeEvent
from tests import factories
from tests.payments.conftest import Shop


def run(shop: Shop, *, after: timedelta = timedelta(hours=20)) -> ReconciliationRun:
    """Reconcile tomorrow night, when today's payments are no longer on their way."""
    with time_machine.travel(clock.now() + after):
        run_id = reconciliation.run_reconciliation(
            shop.sessions, shop.gateway, store_id="reelright"
        )
    with shop.sessions() as session:
        return session.get_one(ReconciliationRun, run_id)


def found(told: ReconciliationRun) -> list[tuple[str, bool]]:
    return [(finding["what"], finding["is_fixed"]) for finding in told.findings]


def test_reconciliation_without_differences_has_no_findings(shop: Shop) -> None:
    shop.paid()
    shop.paid()

    told = run(shop)

    assert told.findings == []
    assert (told.events_missing, told.payments_compared) == (0, 2)
    assert told.events_listed == len(shop.events())
    assert told.finished_at is not None
    assert told.error is None


def test_reconciliation_fetches_missing_events(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))

    told = run(shop)

    assert shop.now(order).payment_state is PaymentState.PAID
    assert told.events_missing == len(shop.events())
    assert set(found(told)) == {("event_missing", True)}
    numbers = {finding["order_number"] for finding in told.findings}
    assert numbers == {order.number}
    assert "never arrived" in told.findings[0]["detail"]
    assert run(shop).findings == []  # made good once


def test_reconciliation_records_missing_payment(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    with shop.sessions.begin() as session:
        # Every event is in the inbox as handled, and yet the payment is not in the books.
        for event in shop.events():
            session.add(
                StripeEvent(
                    id=event.id,
                    type=event.type,
                    payload=dict(event.payload),
                    api_version=None,
                    livemode=False,
                    happened_at=event.happened_at,
                    handled_at=clock.now(),
                )
            )

    told = run(shop)

    assert found(told) == [("payment_missing", True)]
    assert "398.00 USD" in told.findings[0]["detail"]
    assert shop.now(order).payment_state is PaymentState.PAID


def test_reconciliation_records_missing_refund(shop: Shop) -> None:
    order = shop.paid()
    client = stripe.StripeClient(shop.settings.stripe_key, base_addresses={"api": shop.sandbox.url})
    client.v1.refunds.create(
        {"payment_intent": shop.now(order).payments[0].reference, "amount": 700}
    )
    with shop.sessions.begin() as session:
        for event in shop.events():
            if session.get(StripeEvent, event.id) is None:
                session.add(
                    StripeEvent(
                        id=event.id,
                        type=event.type,
                        payload=dict(event.payload),
                        api_version=None,
                        livemode=False,
                        happened_at=event.happened_at,
                        handled_at=clock.now(),
                    )
                )

    told = run(shop)

    assert found(told) == [("refunds_differ", True)]
    assert shop.now(order).refunded_amount == 700


def test_reconciliation_leaves_differing_sums_to_staff(shop: Shop) -> None:
    order = shop.paid()
    with shop.sessions.begin() as session:
        session.execute(update(Payment).values(amount=39700))

    told = run(shop)

    assert found(told) == [("amount_differs", False)]
    assert told.findings[0]["detail"] == (
        "Stripe shows 398.00 USD paid; our records show 397.00 USD."
    )
    assert told.findings[0]["order_number"] == order.number


def test_reconciliation_reports_payments_of_one_side(shop: Shop) -> None:
    ours = shop.place()
    with shop.sessions.begin() as session:
        factories.pay(session, shop.now(ours), reference="pi_nobody_knows")
    lost = shop.place()
    shop.sandbox.pay(shop.start(lost))
    with shop.sessions.begin() as session:
        session.merge(shop.now(lost)).number = "RR-00000000"

    told = run(shop)

    whats = dict(found(told))
    assert whats == {"event_missing": False, "order_unknown": False, "unknown": False}
    unknown = next(f for f in told.findings if f["what"] == "unknown")
    assert (unknown["reference"], unknown["order_number"]) == ("pi_nobody_knows", ours.number)


def in_kronur(shop: Shop, order: Order) -> str:
    """Pay with our tags in a currency that the store does not sell in; return the payment."""
    client = stripe.StripeClient(shop.settings.stripe_key, base_addresses={"api": shop.sandbox.url})
    tags = {"store_id": "reelright", "order_number": order.number, "attempt": "1"}
    page = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://store.example.org/",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "isk",
                        "unit_amount": 5500000,
                        "product_data": {"name": "The Red Soul"},
                    },
                }
            ],
            "metadata": tags,
            "payment_intent_data": {"metadata": tags},
        }
    )
    return str(shop.sandbox.pay(page.id)["payment_intent"])


def test_reconciliation_reports_unknown_currency_and_continues(shop: Shop) -> None:
    before, strange, after = shop.place(), shop.place(), shop.place()
    shop.sandbox.pay(shop.start(before))
    reference = in_kronur(shop, strange)
    shop.sandbox.pay(shop.start(after))

    told = run(shop)

    assert told.error is None
    assert told.payments_compared == 3
    (finding,) = [f for f in told.findings if f["check"] == "payments"]
    assert (finding["what"], finding["reference"]) == ("currency_unknown", reference)
    assert (finding["order_number"], finding["is_fixed"]) == (strange.number, False)
    assert finding["detail"] == (
        "Stripe speaks of 5500000 in 'ISK', a currency this store does not know. "
        "It is not included in any order. Check it in the Stripe dashboard."
    )
    stuck = [f for f in told.findings if f["check"] == "events" and not f["is_fixed"]]
    assert stuck != []
    assert all("5500000 in 'ISK'" in f["detail"] for f in stuck)
    states = [shop.now(order).payment_state for order in (before, strange, after)]
    assert states == [PaymentState.PAID, PaymentState.UNPAID, PaymentState.PAID]


def test_reconciliation_reports_unknown_currency_of_old_payment(shop: Shop) -> None:
    order = shop.place()
    reference = in_kronur(shop, order)
    with time_machine.travel(clock.now() + timedelta(days=15)), shop.sessions.begin() as session:
        factories.pay(session, shop.now(order), reference=reference)

    told = run(shop, after=timedelta(days=40))

    assert told.error is None
    assert [(f["what"], f["reference"]) for f in told.findings] == [("currency_unknown", reference)]


def test_reconciliation_ignores_checks_and_other_stores(shop: Shop) -> None:
    other = shop.settings.model_copy(update={"store_id": "other-store"})
    foreign, by_check = shop.place(), shop.place()
    checkout.start_checkout(shop.sessions, StripeGateway(other), other, number=foreign.number)
    shop.sandbox.pay(shop.attempt(foreign).session_id or "")
    with shop.sessions.begin() as session:
        factories.pay(session, shop.now(by_check), reference="check 1234")

    told = run(shop)

    assert told.findings == []
    assert (told.events_missing, told.payments_compared) == (0, 0)
    assert shop.now(foreign).payment_state is PaymentState.UNPAID


def test_reconciliation_without_stripe_retries_in_an_hour(shop: Shop) -> None:
    shop.sandbox.faults(api_fault="error_before", api_count=3)

    with pytest.raises(GatewayUnavailableError):
        reconciliation.run_reconciliation(shop.sessions, shop.gateway, store_id="reelright")

    with shop.sessions() as session:
        last = queries.find_latest_run(session)
        assert last is not None
        assert (last.error or "").startswith("GatewayUnavailableError")
        assert reconciliation.is_due(session, at=clock.now()) is False
        assert reconciliation.is_due(session, at=clock.now() + timedelta(minutes=61)) is True


NIGHT = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("started", "at", "is_due"),
    [
        (None, NIGHT, True),
        (NIGHT - timedelta(hours=23), NIGHT - timedelta(minutes=1), False),
        (NIGHT - timedelta(hours=23), NIGHT, True),
        (NIGHT, NIGHT + timedelta(hours=23), False),
        (NIGHT + timedelta(hours=1), NIGHT + timedelta(hours=24), True),
    ],
)
def test_reconciliation_is_due_once_each_night(
    sessions: sessionmaker[Session], started: datetime | None, at: datetime, *, is_due: bool
) -> None:
    with sessions.begin() as session:
        session.execute(delete(ReconciliationRun))
        if started is not None:
            session.add(
                ReconciliationRun(
                    started_at=started,
                    finished_at=started + timedelta(minutes=1),
                    since=started - reconciliation.COMPARED_PERIOD,
                    findings=[],
                )
            )
    with sessions() as session:
        assert reconciliation.is_due(session, at=at) is is_due
