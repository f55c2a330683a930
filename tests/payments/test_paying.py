"""Paying an order, from its payment page to its license, with the real SDK and the sandbox."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.core import clock
from app.core.email_models import OutboxEmail
from app.core.email_outbox import drop_email
from app.licenses.states import LicenseStatus
from app.orders.cancellation import cancel
from app.orders.line_corrections import LineCorrection, correct_lines
from app.orders.models import Order
from app.orders.order_emails import OrderReceived
from app.orders.states import OrderState, PaymentMethod, PaymentState
from app.orders.taxes import enter_tax
from app.payments.errors import AlreadyPaidError
from app.payments.states import AttemptStatus, EventOutcome
from tests import factories
from tests.factories import STAFF
from tests.payments.conftest import DECLINED, FAILS, Shop


def mail_keys(shop: Shop, order: Order) -> list[str]:
    with shop.sessions() as session:
        return [
            key.split(":")[0]
            for key in session.scalars(
                select(OutboxEmail.key)
                .where(OutboxEmail.reference == order.number)
                .order_by(OutboxEmail.id)
            )
        ]


def test_card_payment_completes_order(shop: Shop) -> None:
    order = shop.place()
    session_id = shop.start(order)
    shop.sandbox.pay(session_id)

    assert set(shop.deliver_all()) == {200}

    order = shop.now(order)
    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
    assert [(p.amount, p.currency, p.method) for p in order.payments] == [
        (39800, "USD", PaymentMethod.CARD)
    ]
    license_ = order.lines[0].license
    assert license_ is not None
    assert license_.status is LicenseStatus.ACTIVE
    attempt = shop.attempt(order)
    assert (attempt.status, attempt.next_check_at) == (AttemptStatus.COMPLETE, None)
    completed = next(e for e in shop.events() if e.type == "checkout.session.completed")
    stored = shop.stored(completed.id)
    assert (stored.outcome, stored.order_number) == (EventOutcome.PROCESSED, order.number)


def test_declined_card_keeps_page_open(shop: Shop) -> None:
    order = shop.place()
    session_id = shop.start(order)
    shop.sandbox.pay(session_id, card=DECLINED)

    assert set(shop.deliver_all()) == {200}
    assert shop.now(order).payment_state is PaymentState.UNPAID
    attempt = shop.attempt(order)
    assert attempt.status is AttemptStatus.OPEN
    assert attempt.last_error == "Your card was declined."

    shop.sandbox.pay(session_id)
    shop.deliver_all()

    order = shop.now(order)
    assert order.payment_state is PaymentState.PAID
    assert len(order.payments) == 1
    assert shop.attempt(order).last_error is None
    assert not [key for key in mail_keys(shop, order) if "fail" in key]


def test_abandoned_page_is_replaced(shop: Shop) -> None:
    order = shop.place()
    first = shop.start(order)
    shop.sandbox.act(f"sessions/{first}/expire")
    shop.deliver_all()
    assert shop.attempt(order).status is AttemptStatus.EXPIRED

    second = shop.start(order)

    assert second != first
    assert [a.status for a in shop.attempts(order)] == [AttemptStatus.EXPIRED, AttemptStatus.OPEN]
    shop.sandbox.pay(second)
    shop.deliver_all()
    assert shop.now(order).payment_state is PaymentState.PAID


def test_page_expired_without_event_is_replaced(shop: Shop) -> None:
    order = shop.place()
    first = shop.start(order)

    with time_machine.travel(clock.now() + timedelta(hours=3)):
        second = shop.start(order)

        assert second != first
        assert [a.status for a in shop.attempts(order)] == [
            AttemptStatus.EXPIRED,
            AttemptStatus.OPEN,
        ]


def test_bank_debit_settles_later(shop: Shop) -> None:
    order = shop.place()
    session_id = shop.start(order)
    payment = shop.sandbox.debit(session_id)["payment_intent"]
    shop.deliver_all()

    pending = shop.now(order)
    assert (pending.state, pending.payment_state) == (OrderState.SUBMITTED, PaymentState.PENDING)
    assert pending.lines[0].license is None
    assert shop.attempt(order).next_check_at is not None

    shop.sandbox.act(f"payments/{payment}/settle")
    shop.deliver_all()

    settled = shop.now(order)
    assert settled.payment_state is PaymentState.PAID
    assert [p.method for p in settled.payments] == [PaymentMethod.BANK_DEBIT]
    assert settled.lines[0].license is not None


def test_failed_bank_debit_can_be_paid_another_way(shop: Shop) -> None:
    order = shop.place()
    first = shop.start(order)
    payment = shop.sandbox.debit(first, account=FAILS)["payment_intent"]
    shop.deliver_all()
    assert shop.now(order).payment_state is PaymentState.PENDING

    shop.sandbox.act(f"payments/{payment}/fail", account=FAILS)
    assert set(shop.deliver_all()) == {200}

    failed = shop.now(order)
    assert failed.payment_state is PaymentState.UNPAID
    assert failed.lines[0].license is None
    assert shop.attempt(order).status is AttemptStatus.FAILED
    assert "insufficient funds" in (shop.attempt(order).last_error or "")

    second = shop.start(order)
    assert second != first
    shop.sandbox.pay(second)
    shop.deliver_all()
    assert shop.now(order).payment_state is PaymentState.PAID


def partly_paid(shop: Shop) -> Order:
    """Return an order of which a check has paid $100."""
    order = shop.place()
    with shop.sessions.begin() as session:
        factories.pay(session, shop.now(order), amount=10000, reference="check 7")
    return shop.now(order)


def test_pending_debit_for_rest_blocks_second_page(shop: Shop) -> None:
    order = partly_paid(shop)
    payment = shop.sandbox.debit(shop.start(order), account=FAILS)["payment_intent"]
    path = f"/orders/{order.number}"
    page = shop.client.get(path, params={"token": order.access_token}).text
    assert "Your bank debit is processing" not in page  # nothing was heard of it yet

    with pytest.raises(AlreadyPaidError, match="bank debit is processing"):
        shop.start(order)  # Stripe is asked first, so no news is no second page either

    assert shop.now(order).payment_state is PaymentState.PENDING
    page = shop.client.get(path, params={"token": order.access_token}).text
    assert "Your bank debit is processing" in page
    assert f"{path}/pay" not in page
    assert len(shop.attempts(order)) == 1
    shop.sandbox.act(f"payments/{payment}/fail", account=FAILS)
    assert set(shop.deliver_all()) == {200}
    failed = shop.now(order)
    assert (failed.payment_state, failed.paid_amount) == (PaymentState.PARTIALLY_PAID, 10000)
    assert shop.gateway.fetch_checkout(shop.start(order)).total == failed.balance


def test_debit_for_rest_settles(shop: Shop) -> None:
    order = partly_paid(shop)
    payment = shop.sandbox.debit(shop.start(order))["payment_intent"]
    shop.deliver_all()
    assert shop.now(order).payment_state is PaymentState.PENDING

    shop.sandbox.act(f"payments/{payment}/settle")
    assert set(shop.deliver_all()) == {200}

    order = shop.now(order)
    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
    assert [p.amount for p in order.payments] == [10000, 29800]


def test_pending_debit_is_detected_by_attempt(shop: Shop) -> None:
    """As after a dispute about the first payment was opened and won meanwhile."""
    order = partly_paid(shop)
    shop.sandbox.debit(shop.start(order))
    shop.deliver_all()
    with shop.sessions.begin() as session:
        session.merge(shop.now(order)).payment_state = PaymentState.PARTIALLY_PAID

    with pytest.raises(AlreadyPaidError, match="bank debit is processing"):
        shop.start(order)
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        shop.work()
    assert shop.now(order).payment_state is PaymentState.PENDING


def test_outdated_debit_facts_keep_failure(shop: Shop) -> None:
    order = shop.place()
    payment = shop.sandbox.debit(shop.start(order), account=FAILS)["payment_intent"]
    shop.sandbox.act(f"payments/{payment}/fail", account=FAILS)

    # Newest first: the failure arrives before what it follows.
    answers = [shop.deliver(event) for event in reversed(shop.events())]

    assert set(answers) == {200}
    order = shop.now(order)
    assert order.payment_state is PaymentState.UNPAID
    assert shop.attempt(order).status is AttemptStatus.FAILED


def test_payment_of_canceled_order_raises_issue(shop: Shop) -> None:
    order = shop.place()
    session_id = shop.start(order)
    shop.sandbox.pay(session_id)
    with shop.sessions.begin() as session:
        cancel(session, shop.now(order), actor=STAFF, reason="asked by phone")

    shop.deliver_all()

    order = shop.now(order)
    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
    assert any("canceled" in reason for reason in order.attention)


def test_sweep_records_payment_without_events(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    shop.work()
    assert shop.now(order).payment_state is PaymentState.UNPAID  # not its time yet

    with time_machine.travel(clock.now() + timedelta(minutes=3)):
        shop.work()

    assert shop.now(order).payment_state is PaymentState.PAID
    assert shop.attempt(order).next_check_at is None


def test_sweep_records_end_of_debit(shop: Shop) -> None:
    order = shop.place()
    payment = shop.sandbox.debit(shop.start(order))["payment_intent"]
    shop.deliver_all()
    shop.sandbox.act(f"payments/{payment}/settle")

    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        shop.work()

    assert shop.now(order).payment_state is PaymentState.PAID


def test_sweep_closes_page_of_canceled_order(shop: Shop) -> None:
    order = shop.place()
    session_id = shop.start(order)
    with time_machine.travel(clock.now() + timedelta(minutes=3)) as traveller:
        shop.work()
        traveller.shift(timedelta(minutes=1))
        with shop.sessions.begin() as session:
            cancel(session, shop.now(order), actor=STAFF, reason="asked by phone")
        shop.work()

    assert shop.attempt(order).status is AttemptStatus.EXPIRED
    assert shop.gateway.fetch_checkout(session_id).status.value == "expired"


def double(shop: Shop, order: Order) -> None:
    """Correct the order to two copies."""
    with shop.sessions.begin() as session:
        line = {"offer": shop.now(order).lines[0].sku, "quantity": 2}
        correction = LineCorrection.model_validate({"lines": [line]})
        correct_lines(
            session,
            order.number,
            correction,
            reason="Two copies",
            settings=shop.settings,
            actor=STAFF,
        )


def tax(shop: Shop, order: Order) -> None:
    """Enter a tax."""
    with shop.sessions.begin() as session:
        enter_tax(session, shop.now(order), amount=500, reason="New York", actor=STAFF)


@pytest.mark.parametrize("change", [double, tax])
def test_sweep_closes_page_of_corrected_order(
    shop: Shop, change: Callable[[Shop, Order], None]
) -> None:
    order = shop.place()
    session_id = shop.start(order)
    with time_machine.travel(clock.now() + timedelta(minutes=3)) as traveller:
        shop.work()
        traveller.shift(timedelta(minutes=1))
        change(shop, order)
        shop.work()
        assert shop.gateway.fetch_checkout(session_id).status.value == "expired"

        page = shop.gateway.fetch_checkout(shop.start(order))
        traveller.shift(timedelta(minutes=3))
        shop.work()

    assert page.total == shop.now(order).total
    assert shop.attempt(order).status is AttemptStatus.OPEN


def test_payment_of_the_old_total_of_a_corrected_order_raises_issue(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    double(shop, order)

    shop.deliver_all()

    order = shop.now(order)
    assert (order.state, order.payment_state) == (
        OrderState.SUBMITTED,
        PaymentState.PARTIALLY_PAID,
    )
    assert any("is due" in reason for reason in order.attention)


def test_sweep_checks_open_page_less_often(shop: Shop) -> None:
    order = shop.place()
    shop.start(order)
    shop.work()  # the mails
    with shop.sessions.begin() as session:
        drop_email(session, OrderReceived, once=order.number)  # which waits for the payment
    started = clock.now()
    looks: list[int] = []

    with time_machine.travel(started, tick=False) as traveller:
        for minute in range(60):
            traveller.move_to(started + timedelta(minutes=minute, seconds=1))
            if shop.work():
                looks.append(minute)

    assert looks == [2, 7, 22, 52]
    attempt = shop.attempt(order)
    assert attempt.next_check_at == attempt.expires_at + timedelta(seconds=30)
