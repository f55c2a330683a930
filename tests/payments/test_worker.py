"""The worker: what is due is done, by one or two workers, and again after the worker is gone."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core import clock, email_outbox
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.email_outbox import queue_email
from app.core.work_queue import JobGroup
from app.core.workers import WorkerHeartbeat
from app.orders.order_emails import OrderExpired
from app.orders.states import PaymentState
from app.payments.models import CheckoutAttempt, ReconciliationRun
from app.worker import MAX_RUNNING, run_worker
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


def test_worker_runs_due_jobs_and_logs_stop(shop: Shop) -> None:
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
        heartbeat = session.scalars(select(WorkerHeartbeat)).one()
    assert heartbeat.name.endswith("-1")
    assert heartbeat.stopped_at is not None


def test_failed_job_stops_no_other(shop: Shop, worker: threading.Thread) -> None:
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


def test_job_whose_row_stays_due_is_repeated(
    shop: Shop, worker: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours that says nothing of when to try again, and is mended."""
    tries: list[str] = []
    send_email = email_outbox.send_email

    def fail_once(*given: Any, **named: Any) -> EmailStatus:  # noqa: ANN401 - as it is given
        tries.append("again")
        if len(tries) == 1:
            msg = "as the test wants"
            raise RuntimeError(msg)
        return send_email(*given, **named)

    monkeypatch.setattr(email_outbox, "send_email", fail_once)
    queue(shop, 1)
    wait_until(lambda: _next_attempt(shop) > clock.now() + timedelta(minutes=14))
    assert tries == ["again"]
    assert _email_statuses(shop) == {EmailStatus.QUEUED}

    with shop.sessions.begin() as session:
        session.execute(update(OutboxEmail).values(next_attempt_at=clock.now()))
    wait_until(lambda: _email_statuses(shop) == {EmailStatus.NOT_SENT})
    assert worker.is_alive()
    assert tries == ["again", "again"]


def test_hanging_emails_delay_no_payment(
    shop: Shop, worker: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging: list[int] = []
    answered = threading.Event()

    def hang(*_: object, email_id: int) -> EmailStatus:
        hanging.append(email_id)
        answered.wait(60)
        return EmailStatus.QUEUED

    monkeypatch.setattr(email_outbox, "send_email", hang)
    for number in range(12):
        queue(shop, number)
    wait_until(lambda: len(hanging) == MAX_RUNNING[JobGroup.EMAILS])
    order = shop.place()
    shop.sandbox.pay(shop.start(order))
    with shop.sessions.begin() as session:
        session.execute(
            update(CheckoutAttempt).values(next_check_at=clock.now() - timedelta(seconds=1))
        )
    try:
        wait_until(lambda: shop.now(order).payment_state is PaymentState.PAID)
        assert len(hanging) == MAX_RUNNING[JobGroup.EMAILS]
        assert len(set(hanging)) == len(hanging)
    finally:
        monkeypatch.undo()
        answered.set()
    assert worker.is_alive()


def _next_attempt(shop: Shop) -> datetime:
    with shop.sessions() as session:
        found = session.scalars(select(OutboxEmail.next_attempt_at)).one()
        assert found is not None
        return found


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
