"""Workers have names and signs of life; one that died, and what waits for it, are seen."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock, workers
from app.core.email_models import OutboxEmail
from app.core.email_outbox import queue_email
from app.core.workers import WorkerHeartbeat, worker_name
from app.orders.order_emails import OrderExpired

READY = "/health/ready"
HOLD_NAME = """
import sys, time
from app.core.workers import worker_name
with worker_name(sys.argv[1]) as name:
    print(name, flush=True)
    time.sleep(60)
"""


@pytest.mark.once
def test_two_workers_of_a_store_have_two_names(tmp_path: Path) -> None:
    store, other = str(tmp_path / "store"), str(tmp_path / "other")
    with worker_name(store) as first, worker_name(store) as second, worker_name(other) as third:
        assert (first[-2:], second[-2:], third[-2:]) == ("-1", "-2", "-1")
    with worker_name(store) as again:
        assert again == first


@pytest.mark.once
@pytest.mark.fault
def test_a_worker_that_was_killed_finds_its_name_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD_NAME, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        with worker_name(str(tmp_path)) as second:
            assert second[-2:] == "-2"
        process.kill()
        process.wait()
    with worker_name(str(tmp_path)) as again:
        assert again == name


def test_a_worker_that_is_silent_for_a_minute_does_not_run(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        workers.record_heartbeat(session, "one")
        workers.record_heartbeat(session, "two")
    with time_machine.travel(clock.now() + timedelta(seconds=59)), sessions.begin() as session:
        assert set(workers.find_running(session)) == {"one", "two"}
        workers.record_heartbeat(session, "two")
    with time_machine.travel(clock.now() + timedelta(seconds=61)), sessions.begin() as session:
        assert workers.find_running(session) == ["two"]


def queue_one(sessions: sessionmaker[Session], key: str, *, due: timedelta) -> None:
    with sessions.begin() as session:
        facts = OrderExpired.specimen()
        queue_email(session, facts, once=key, reference="RR-1", to="a@b.org")
        session.query(OutboxEmail).filter_by(key=f"{facts.kind}:{key}").one().next_attempt_at = (
            clock.now() + due
        )


def test_ready_tells_of_a_dead_worker_and_stays_ready(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    answer = client.get(READY)
    assert answer.status_code == 200
    assert answer.json()["jobs"] == {
        "worker_heard_at": None,
        "worker_is_silent": True,
        "oldest_due_job": None,
        "oldest_due_at": None,
        "is_late": False,
    }

    with sessions.begin() as session:
        workers.record_heartbeat(session, "one")
    queue_one(sessions, "later", due=timedelta(hours=1))
    queue_one(sessions, "just now", due=timedelta(seconds=-2))
    jobs = client.get(READY).json()["jobs"]
    assert not jobs["worker_is_silent"]
    assert (jobs["oldest_due_job"], jobs["is_late"]) == ("mail", False)

    with sessions.begin() as session:
        session.query(WorkerHeartbeat).one().heartbeat_at = clock.now() - timedelta(days=2)
    queue_one(sessions, "two days ago", due=timedelta(days=-2))
    answer = client.get(READY)
    jobs = answer.json()["jobs"]
    assert answer.status_code == 200
    assert (jobs["worker_is_silent"], jobs["is_late"]) == (True, True)
    assert jobs["worker_heard_at"] < (clock.now() - timedelta(hours=47)).isoformat()
    assert jobs["oldest_due_at"] < (clock.now() - timedelta(hours=47)).isoformat()


def test_worker_that_left_is_not_running(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        workers.record_heartbeat(session, "one")
        workers.record_heartbeat(session, "one", is_stopping=True)
    assert client.get(READY).json()["jobs"]["worker_is_silent"]
