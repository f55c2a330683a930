"""What falls due: rows that say when they are due."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session


class Due(NamedTuple):
    """Something to do now.

    ``due_at`` is the very value of the row: a run named after both is the same run, whoever
    submits it and however often, until the row's time is moved.
    """

    key: str
    due_at: datetime

    @property
    def mark(self) -> str:
        """The part of a run's id that names this one time."""
        return f"{self.key}:{self.due_at:%Y%m%dT%H%M%S.%f}"


@dataclass(frozen=True, slots=True)
class Agenda:
    """The rows of a table that a worker looks after.

    Attributes:
        key: the column that names a row.
        due_at: the column that says when a row falls due; none if nothing is to be done.
        is_due: tells which rows are due at an instant.
        lease: how long after being held a row falls due again: longer than the work takes, so that
            two workers never do the same.
        most: how many are taken at once: their leases run while they wait for each other.
    """

    key: InstrumentedAttribute[int] | InstrumentedAttribute[str]
    due_at: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
    is_due: Callable[[datetime], ColumnElement[bool]]
    lease: timedelta
    most: int = 50

    def due(self, session: Session, *, at: datetime) -> list[Due]:
        """Return what is to be done now, what waits longest first."""
        rows = session.execute(
            select(self.key, self.due_at)
            .where(self.is_due(at))
            .order_by(self.due_at, self.key)
            .limit(self.most)
        )
        return [Due(str(key), due_at) for key, due_at in rows if due_at]

    def oldest(self, session: Session, *, at: datetime) -> datetime | None:
        """Return since when the oldest of what is due has been waiting."""
        return session.scalar(select(func.min(self.due_at)).where(self.is_due(at)))

    def hold(self, session: Session, waiting: Sequence[Due], *, at: datetime) -> None:
        """Note that these are being done. They fall due again if nothing comes of it.

        What is done already, or was put off by somebody else, is left as it is.
        """
        read = self.key.type.python_type
        for each in waiting:
            session.execute(
                update(self.key.class_)
                .where(self.key == read(each.key), self.due_at == each.due_at, self.is_due(at))
                .values({self.due_at: at + self.lease})
                .execution_options(synchronize_session=False)
            )
