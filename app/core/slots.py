"""Names for workers that outlive them: see ``WorkerSlot``."""

import logging
import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import insert_ignore
from app.core.jobs_models import WorkerSlot
from app.core.numbers import new_token

log = logging.getLogger(__name__)

# A worker not heard of for so long is gone, and what it had begun is taken over.
SILENCE = timedelta(minutes=1)


def take_slot(session: Session) -> WorkerSlot:
    """Take the first free place, or make a new one. Its name is this worker's from now on.

    A place is free when its holder left, has been silent for ``SILENCE``, or ran on this machine
    and does not run any more: a worker that is started again at once finds its old place.
    """
    now = clock.now()
    host, pid, claim = socket.gethostname(), os.getpid(), new_token()
    number = 0
    while True:
        number += 1
        values = {"claim": claim, "host": host, "pid": pid, "heard_at": now, "released_at": None}
        name = f"worker-{number}"
        if insert_ignore(session, WorkerSlot, {"name": name, **values}, index_elements=["name"]):
            break
        slot = session.get_one(WorkerSlot, name, populate_existing=True)
        if not _is_free(slot, now=now, host=host, pid=pid):
            continue
        taken = session.execute(
            update(WorkerSlot)
            .where(WorkerSlot.name == name, WorkerSlot.claim == slot.claim)
            .values(**values)
            .returning(WorkerSlot.name)
            .execution_options(synchronize_session=False)
        ).first()
        if taken is not None:  # else another worker was quicker
            break
    log.info("worker.slot_taken", extra={"slot": name})
    return session.get_one(WorkerSlot, name, populate_existing=True)


def beat(session: Session, slot: WorkerSlot) -> bool:
    """Say that the holder is at work. False: it was silent too long, and another took its place."""
    heard = session.execute(
        update(WorkerSlot)
        .where(WorkerSlot.name == slot.name, WorkerSlot.claim == slot.claim)
        .values(heard_at=clock.now())
        .returning(WorkerSlot.name)
        .execution_options(synchronize_session=False)
    ).first()
    return heard is not None


def release(session: Session, slot: WorkerSlot) -> None:
    """Leave the place to the next worker."""
    session.execute(
        update(WorkerSlot)
        .where(WorkerSlot.name == slot.name, WorkerSlot.claim == slot.claim)
        .values(released_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def alive(session: Session) -> Sequence[str]:
    """Return the names of the workers that are at work."""
    return session.scalars(
        select(WorkerSlot.name).where(
            WorkerSlot.released_at.is_(None), WorkerSlot.heard_at > clock.now() - SILENCE
        )
    ).all()


def _is_free(slot: WorkerSlot, *, now: datetime, host: str, pid: int) -> bool:
    if slot.released_at is not None or slot.heard_at <= now - SILENCE:
        return True
    # Our own number on our own machine was another's before us, as in a restarted container.
    return slot.host == host and (slot.pid == pid or not _runs(slot.pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
