"""A worker that died, and what waits for it, are seen."""

from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock, slots
from app.core.email_models import OutboxEmail
from app.core.email_outbox import queue_email
from app.core.jobs_models import WorkerSlot
from app.orders.order_emails import OrderExpired

READY = "/health/ready"


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
        slots.take_slot(session)
    queue_one(sessions, "later", due=timedelta(hours=1))
    queue_one(sessions, "just now", due=timedelta(seconds=-2))
    jobs = client.get(READY).json()["jobs"]
    assert not jobs["worker_is_silent"]
    assert (jobs["oldest_due_job"], jobs["is_late"]) == ("mail", False)

    with sessions.begin() as session:
        session.query(WorkerSlot).one().heard_at = clock.now() - timedelta(days=2)
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
        slots.release(session, slots.take_slot(session))
    assert client.get(READY).json()["jobs"]["worker_is_silent"]
