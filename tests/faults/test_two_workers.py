"""Two workers share what is due: nothing is lost, and nothing is done by both."""

import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, sessionmaker

from app.core.email_models import EmailStatus, OutboxEmail
from app.core.email_outbox import queue_email
from app.core.work_queue import JobGroup
from app.core.workers import WorkerHeartbeat
from app.orders.order_emails import OrderExpired
from app.worker import MAX_RUNNING
from tests.faults.conftest import Mailbox
from tests.processes import Store

pytestmark = [pytest.mark.fault, pytest.mark.slow]
EMAILS = 100
SENT = select(func.count(OutboxEmail.id)).where(OutboxEmail.status == EmailStatus.SENT)


def queue_emails(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for number in range(EMAILS):
            queue_email(
                session,
                OrderExpired.specimen(),
                once=f"test:{number}",
                reference="RR-1",
                to="ada@example.edu",
            )


def wait_for(sessions: sessionmaker[Session], counted: Select[int], number: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with sessions() as session:
            if session.scalars(counted).one() >= number:
                return
        time.sleep(0.05)
    message = f"there are fewer than {number}: {counted}"
    raise AssertionError(message)


def test_a_killed_worker_loses_nothing_and_its_peer_doubles_nothing(
    database_url: str,
    sessions: sessionmaker[Session],
    tmp_path: Path,
    mailbox: tuple[Mailbox, int],
) -> None:
    box, port = mailbox
    extra = {"REELRIGHT_SMTP_URL": f"smtp://127.0.0.1:{port}"}
    stores = [Store(tmp_path, database_url, extra) for _ in range(2)]
    try:
        stores[0].start("work")
        stores[1].start("work")
        wait_for(sessions, select(func.count(WorkerHeartbeat.name)), 2)
        queue_emails(sessions)
        wait_for(sessions, SENT, EMAILS // 4)
        stores[0].kill("work")
        wait_for(sessions, SENT, EMAILS // 2)
        stores[0].start("work")
        wait_for(sessions, SENT, EMAILS)
        with sessions() as session:
            names = session.scalars(select(WorkerHeartbeat.name)).all()
    finally:
        for store in stores:
            store.stop()
    assert sorted(name[-2:] for name in names) == ["-1", "-2"]
    received = Counter(str(message["Message-ID"]) for message in box.messages)
    assert len(received) == EMAILS
    # Only what the killed worker was sending may have left twice.
    assert sum(received.values()) - EMAILS <= MAX_RUNNING[JobGroup.EMAILS]
