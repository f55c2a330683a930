"""Worker slots: a name for each worker, kept when the worker is gone."""

import os
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock, slots
from app.core.jobs_models import WorkerSlot

Sessions = sessionmaker[Session]


def take(sessions: Sessions) -> WorkerSlot:
    with sessions.begin() as session:
        return slots.take_slot(session)


def seen_from_elsewhere(sessions: Sessions, slot: WorkerSlot, *, host: str, pid: int) -> None:
    with sessions.begin() as session:
        row = session.get_one(WorkerSlot, slot.name)
        row.host, row.pid = host, pid


def test_two_workers_have_two_names(sessions: Sessions) -> None:
    first = take(sessions)
    seen_from_elsewhere(sessions, first, host="elsewhere", pid=1)

    assert [first.name, take(sessions).name] == ["worker-1", "worker-2"]


def test_a_name_that_was_given_back_is_taken_again(sessions: Sessions) -> None:
    first = take(sessions)
    seen_from_elsewhere(sessions, first, host="elsewhere", pid=1)
    with sessions.begin() as session:
        slots.release(session, first)

    assert take(sessions).name == "worker-1"


def test_a_worker_that_is_silent_for_a_minute_loses_its_name(sessions: Sessions) -> None:
    first = take(sessions)
    seen_from_elsewhere(sessions, first, host="elsewhere", pid=1)

    with time_machine.travel(clock.now() + slots.SILENCE + timedelta(seconds=1)):
        second = take(sessions)
        with sessions.begin() as session:
            assert slots.beat(session, first) is False
            assert slots.beat(session, second) is True
            slots.release(session, first)  # not its own any more: nothing happens
            assert list(slots.alive(session)) == ["worker-1"]
    assert second.name == "worker-1"


def test_a_worker_that_beats_keeps_its_name(sessions: Sessions) -> None:
    first = take(sessions)
    seen_from_elsewhere(sessions, first, host="elsewhere", pid=1)

    with time_machine.travel(clock.now() + timedelta(seconds=50)) as traveller:
        with sessions.begin() as session:
            assert slots.beat(session, first) is True
        traveller.shift(50)
        assert take(sessions).name == "worker-2"


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 7], ids=["ours", "gone"])
def test_a_restarted_worker_finds_its_name_at_once(sessions: Sessions, pid: int) -> None:
    """The old process is gone, or had our own number: no minute of waiting then."""
    first = take(sessions)
    with sessions.begin() as session:
        session.get_one(WorkerSlot, first.name).pid = pid

    assert take(sessions).name == "worker-1"


def test_a_running_process_of_this_machine_keeps_its_name(sessions: Sessions) -> None:
    first = take(sessions)
    with sessions.begin() as session:
        session.get_one(WorkerSlot, first.name).pid = os.getppid()

    assert take(sessions).name == "worker-2"
