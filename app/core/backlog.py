"""Whether jobs are being done: when a worker was last heard from, and what waits for one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.due import Agenda
from app.core.jobs_models import WorkerSlot
from app.core.slots import SILENCE

# A worker looks every two seconds; what has been due for so long is not being done.
MAX_DELAY = timedelta(minutes=5)


class JobStatus(BaseModel):
    """The state of the worker and of what waits for it."""

    worker_heard_at: datetime | None
    worker_is_silent: bool
    oldest_due_job: str | None
    oldest_due_at: datetime | None
    is_late: bool

    @classmethod
    def read(cls, session: Session, agendas: Mapping[str, Agenda]) -> Self:
        """Return the state of now."""
        now = clock.now()
        heard_at = session.scalar(select(func.max(WorkerSlot.heard_at)))
        working = session.scalar(
            select(func.count())
            .select_from(WorkerSlot)
            .where(WorkerSlot.released_at.is_(None), WorkerSlot.heard_at > now - SILENCE)
        )
        waiting = {job: agenda.oldest(session, at=now) for job, agenda in agendas.items()}
        oldest = min(((at, job) for job, at in waiting.items() if at), default=None)
        return cls(
            worker_heard_at=heard_at,
            worker_is_silent=not working,
            oldest_due_job=oldest[1] if oldest else None,
            oldest_due_at=oldest[0] if oldest else None,
            is_late=oldest is not None and now - oldest[0] > MAX_DELAY,
        )
