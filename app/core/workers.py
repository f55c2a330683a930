"""Workers: their names, their signs of life, and whether jobs are being done."""

import fcntl
import hashlib
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Self

from pydantic import BaseModel
from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base, upsert
from app.core.work_queue import WorkQueue

# A worker that was not heard of for so long is gone, and others go on with what it had started.
HEARTBEAT_TIMEOUT = timedelta(minutes=1)
# A worker looks twice a second; what has been due for so long is not being done.
MAX_DELAY = timedelta(minutes=5)


class WorkerHeartbeat(Base):
    """The last sign of life of each worker, by the name under which it runs jobs."""

    __tablename__ = "worker_heartbeats"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    heartbeat_at: Mapped[datetime] = mapped_column(index=True)
    stopped_at: Mapped[datetime | None] = mapped_column(default=None)


@contextmanager
def worker_name(store: str) -> Iterator[str]:
    """Hold a name that no other worker of ``store`` on this machine has, for as long as it runs.

    The job engine remembers under this name who started what: a worker that is started again after
    a crash finds the old name, for the system lets go of a killed process's lock.
    """
    mark = hashlib.sha256(f"{os.getuid()} {store}".encode()).hexdigest()[:12]
    for number in count(1):
        path = Path(tempfile.gettempdir()) / f"reelright-{mark}-worker-{number}.lock"
        with path.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield f"{socket.gethostname()[:200]}-{number}"
            return


def record_heartbeat(session: Session, name: str, *, is_stopping: bool = False) -> None:
    """Record that a worker is alive, or that it ends now."""
    now = clock.now()
    row = {"name": name, "heartbeat_at": now, "stopped_at": now if is_stopping else None}
    upsert(session, WorkerHeartbeat, [row], index_elements=["name"])


def find_running(session: Session) -> Sequence[str]:
    """Return the names of the workers that run."""
    return session.scalars(
        select(WorkerHeartbeat.name).where(
            WorkerHeartbeat.stopped_at.is_(None),
            WorkerHeartbeat.heartbeat_at > clock.now() - HEARTBEAT_TIMEOUT,
        )
    ).all()


class JobStatus(BaseModel):
    """The state of the workers and of the jobs that wait for one."""

    worker_heard_at: datetime | None
    worker_is_silent: bool
    oldest_due_job: str | None
    oldest_due_at: datetime | None
    is_late: bool

    @classmethod
    def read(cls, session: Session, queues: Mapping[str, WorkQueue]) -> Self:
        """Return the current state."""
        now = clock.now()
        oldest_by_job = {job: queue.find_oldest(session, at=now) for job, queue in queues.items()}
        oldest = min(((at, job) for job, at in oldest_by_job.items() if at), default=None)
        return cls(
            worker_heard_at=session.scalar(select(func.max(WorkerHeartbeat.heartbeat_at))),
            worker_is_silent=not find_running(session),
            oldest_due_job=oldest[1] if oldest else None,
            oldest_due_at=oldest[0] if oldest else None,
            is_late=oldest is not None and now - oldest[0] > MAX_DELAY,
        )
