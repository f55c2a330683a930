"""The one place that reads the clock, so that a test can stop it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_past: ContextVar[datetime | None] = ContextVar("past", default=None)


def now() -> datetime:
    """Return the current instant, timezone-aware, in UTC."""
    return _past.get() or datetime.now(UTC)  # noqa: TID251 - the sanctioned call


def today(timezone: str = "UTC") -> date:
    """Return today's date where ``timezone`` (an IANA name) is kept."""
    return now().astimezone(ZoneInfo(timezone)).date()


@contextmanager
def turned_back(to: datetime) -> Iterator[None]:
    """Let it be an instant of the past: for sample data, which needs a history."""
    token = _past.set(to)
    try:
        yield
    finally:
        _past.reset(token)
