"""Work queues: rows that say when something is to be done about them.

The rows are the outbox of jobs: each is written in the transaction that causes the work, and says
by itself whether and when it is due. The worker finds due rows and runs a job for each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, cast, func, literal, select, union_all, update
from sqlalchemy.orm import InstrumentedAttribute, Session

# How many due rows of a queue are looked at in one poll: more than run at once in all workers.
BATCH_SIZE = 50


class JobGroup(StrEnum):
    """Jobs that may wait for each other. What stops one group delays no other."""

    PAYMENTS = "payments"
    EMAILS = "emails"
    FILMS = "films"
    # Encoding, which takes hours and all processors.
    MEDIA = "media"


class DueItem(NamedTuple):
    """A row that is due. ``due_at`` is the exact value of the row."""

    job: str
    key: str
    due_at: datetime

    @property
    def run_id(self) -> str:
        """The id of the run that does it: the same for every worker until the row's time moves."""
        return f"{self.job}:{self.key}:{self.due_at:%Y%m%dT%H%M%S.%f}"


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """The rows of one table that a job is run for.

    Attributes:
        key: the column that names a row.
        due_at: the column that says when a row is due; null if nothing is to be done.
        is_due: returns the condition for rows that are due at an instant.
        retry_after: how long a row waits after a run that left it due, because it failed without
            saying when to try again.
        group: the jobs that it may wait for.
    """

    key: InstrumentedAttribute[int] | InstrumentedAttribute[str]
    due_at: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
    is_due: Callable[[datetime], ColumnElement[bool]]
    retry_after: timedelta
    group: JobGroup = JobGroup.PAYMENTS

    def find_oldest(self, session: Session, *, at: datetime) -> datetime | None:
        """Return since when the oldest due row has been due."""
        return session.scalar(select(func.min(self.due_at)).where(self.is_due(at)))

    def postpone(self, session: Session, item: DueItem, *, at: datetime) -> None:
        """Make a row due again later, unless its run has moved its time or ended its work."""
        key = self.key.type.python_type(item.key)
        session.execute(
            update(self.key.class_)
            .where(self.key == key, self.due_at == item.due_at, self.is_due(at))
            .values({self.due_at: at + self.retry_after})
            .execution_options(synchronize_session=False)
        )


def find_due(session: Session, queues: Mapping[str, WorkQueue], *, at: datetime) -> list[DueItem]:
    """Return the due rows of all queues, by the job that does them, the longest due first."""
    parts = [
        select(
            literal(job).label("job"),
            cast(queue.key, String).label("key"),
            queue.due_at.label("due_at"),
        )
        .where(queue.is_due(at))
        .order_by(queue.due_at, queue.key)
        .limit(BATCH_SIZE)
        .subquery()
        for job, queue in queues.items()
    ]
    rows = session.execute(union_all(*(select(part) for part in parts)))
    return sorted((DueItem(*row) for row in rows), key=lambda item: item.due_at)
