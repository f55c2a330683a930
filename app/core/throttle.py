"""Limits on how often something may be tried, counted in the database for all workers at once."""

import hashlib
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import String, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.dml import ReturningInsert

from app.core import clock
from app.core.db import Base, table_of
from app.core.errors import TooManyRequestsError


class ThrottleCount(Base):
    """How often one caller did one thing within one window of time."""

    __tablename__ = "throttle_counts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True, doc="SHA-256: no addresses kept")
    window_ends_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int] = mapped_column(default=0)


def hit(session: Session, name: str, identity: str, *, limit: int, seconds: int) -> int:
    """Count one try of ``name`` by ``identity``; return how many are left in this window.

    The caller must commit even when it then fails, or the try is not counted.

    Raises:
        TooManyRequestsError: more than ``limit`` tries within ``seconds``; says when to come back.
    """
    now = clock.now()
    window = int(now.timestamp()) // seconds
    ends_at = datetime.fromtimestamp((window + 1) * seconds, UTC)
    key = _key(name, identity, window)
    counting = _count_statement(session.get_bind().dialect.name)
    count = session.scalars(counting, {"key": key, "window_ends_at": ends_at, "count": 1}).one()
    if count > limit:
        wait = max(1, int((ends_at - now).total_seconds()))
        detail = f"More than {limit} attempts. Try again in {in_words(wait)}."
        raise TooManyRequestsError(detail, headers={"Retry-After": str(wait)})
    return limit - count


def release(session: Session, name: str, identity: str, *, seconds: int) -> None:
    """Take back one try that was counted: it was no failure after all."""
    window = int(clock.now().timestamp()) // seconds
    session.execute(
        update(ThrottleCount)
        .where(ThrottleCount.key == _key(name, identity, window), ThrottleCount.count > 0)
        .values(count=ThrottleCount.count - 1)
    )


def _key(name: str, identity: str, window: int) -> str:
    return hashlib.sha256(f"{name}\n{identity}\n{window}".encode()).hexdigest()


def delete_expired(session: Session) -> None:
    """Delete the counts of windows that are over."""
    session.execute(delete(ThrottleCount).where(ThrottleCount.window_ends_at <= clock.now()))


@cache
def _count_statement(dialect: str) -> ReturningInsert[int]:
    """Return the statement that counts one try, the first or another, and tells how many."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = table_of(ThrottleCount)
    return (
        insert(table)
        .on_conflict_do_update(index_elements=["key"], set_={"count": table.c.count + 1})
        .returning(table.c.count)
    )


def in_words(seconds: int) -> str:
    """Return a wait as a person would say it."""
    if seconds < 120:  # noqa: PLR2004 - below two minutes, seconds read better
        return f"{seconds} second{'s' * (seconds != 1)}"
    return f"{seconds // 60 + 1} minutes"
