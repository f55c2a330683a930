"""The worker: what is due is done, by one or two workers, and again after the worker is gone."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core import clock
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.email_outbox import queue_email
from app.core.jobs_models import WorkerSlot
from app.orders.order_emails import OrderExpired
from app.orders.states import PaymentState
from app.payments.models import CheckoutAttempt, ReconciliationRun
from app.worker import run_worker
from tests.payments.conftest import Shop


@pytest.fixture
def worker(shop: Shop) -> Iterator[threading.Thread]:
    """A worker in a thread; it is stopped as SIGTERM stops one."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(shop.settings,), kwargs={"stop": stop})
    thread.start()
    yield thread
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def queue(shop: Shop, number: int) -> None:
    with shop.sessions.begin() as session:
        queue_email(
            session,
            OrderExpired.specimen(),
            once=f"test:{number}",
            reference="RR-1",
            to="ada@example.edu",
        )


def test_a_worker_does_what_falls_due_and_leaves_its_place(shop: Shop) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(shop.settings,), kwargs={"stop": stop})
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    with shop.sessions.begin() as session:
        session.execute(
            update(CheckoutAttempt).values(next_check_at=clock.now() - timedelta(seconds=1))
        )
    queue(shop, 1)

    thread.start()
    try:
        wait_until(lambda: shop.now(order).payment_state is PaymentState.PAID)
        wait_until(lambda: _email_statuses(shop) == {EmailStatus.NOT_SENT})
        wait_until(lambda: _reconciled(shop))
    finally:
        stop.set()
        thread.join(30)

    assert not thread.is_alive()
    with shop.sessions() as session:
        slot = session.scalars(select(WorkerSlot)).one()
    assert slot.name == "worker-1"
    assert slot.released_at is not None


def test_a_job_that_fails_is_left_to_its_row_and_stops_nobody(
    shop: Shop, worker: threading.Thread
) -> None:
    order = shop.place()
    shop.start(order)
    shop.sandbox.faults(api_fault="error_before", api_count=3, api_path="/v1/checkout")
    with shop.sessions.begin() as session:
        session.execute(
            update(CheckoutAttempt).values(next_check_at=clock.now() - timedelta(seconds=1))
        )

    wait_until(lambda: shop.attempt(order).checks == 1)
    queue(shop, 2)
    wait_until(lambda: _email_statuses(shop) == {EmailStatus.NOT_SENT})

    assert worker.is_alive()
    attempt = shop.attempt(order)
    assert attempt.next_check_at is not None
    assert attempt.next_check_at > clock.now()


def _email_statuses(shop: Shop) -> set[EmailStatus]:
    """Return the statuses of all emails but those that wait for an order's payment."""
    with shop.sessions() as session:
        due = select(OutboxEmail.status).where(OutboxEmail.key.not_like("order-received:%"))
        return set(session.scalars(due))


def _reconciled(shop: Shop) -> bool:
    with shop.sessions() as session:
        return bool(
            session.scalar(
                select(ReconciliationRun.id).where(ReconciliationRun.finished_at.is_not(None))
            )
        )
