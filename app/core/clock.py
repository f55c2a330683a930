"""The one place that reads the clock, so that a test can stop it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the current instant, timezone-aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the sanctioned call


def today(timezone: str = "UTC") -> date:
    """Return today's date where ``timezone`` (an IANA name) is kept."""
    return now().astimezone(ZoneInfo(timezone)).date()
