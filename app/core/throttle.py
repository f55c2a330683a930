"""Limits on how often something may be tried, counted in the database for all workers at once."""

import hashlib
from datetime import UTC, datetime

from sqlalchemy import String, delete, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base, insert_ignore
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
    key = hashlib.sha256(f"{name}\n{identity}\n{window}".encode()).hexdigest()
    values = {"key": key, "window_ends_at": ends_at, "count": 0}
    if insert_ignore(session, ThrottleCount, values, index_elements=["key"]):
        session.execute(delete(ThrottleCount).where(ThrottleCount.window_ends_at <= now))
    count = session.execute(
        update(ThrottleCount)
        .where(ThrottleCount.key == key)
        .values(count=ThrottleCount.count + 1)
        .returning(ThrottleCount.count)
    ).scalar_one()
    if count > limit:
        wait = max(1, int((ends_at - now).total_seconds()))
        detail = f"more than {limit} tries; please come back in {in_words(wait)}"
        raise TooManyRequestsError(detail, headers={"Retry-After": str(wait)})
    return limit - count


def in_words(seconds: int) -> str:
    """Return a wait as a person would say it."""
    if seconds < 120:  # noqa: PLR2004 - below two minutes, seconds read better
        return f"{seconds} second{'s' * (seconds != 1)}"
    return f"{seconds // 60 + 1} minutes"
