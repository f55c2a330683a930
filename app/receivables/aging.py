"""The age of what is owed, counted in days after the due date. Pure (docs/invoicing.md)."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum


class AgeBucket(StrEnum):
    """How long an amount has been overdue."""

    CURRENT = "current"
    DAYS_1_TO_30 = "1-30"
    DAYS_31_TO_60 = "31-60"
    DAYS_61_TO_90 = "61-90"
    OVER_90 = "over 90"

    @property
    def label(self) -> str:
        """The heading of its column."""
        if self is AgeBucket.CURRENT:
            return "Not yet due"
        if self is AgeBucket.OVER_90:
            return "Over 90 days"
        return f"{self.value} days"


# The last day of each bucket, in days after the due date.
_LAST_DAYS = (
    (0, AgeBucket.CURRENT),
    (30, AgeBucket.DAYS_1_TO_30),
    (60, AgeBucket.DAYS_31_TO_60),
    (90, AgeBucket.DAYS_61_TO_90),
)


def count_days_overdue(due_on: date, *, today: date) -> int:
    """Return how many days ago an amount was due; 0 if it is not overdue.

    An amount that is due today is not overdue.
    """
    return max((today - due_on).days, 0)


def find_bucket(due_on: date, *, today: date) -> AgeBucket:
    """Return the bucket of an amount that is due on ``due_on``."""
    days = count_days_overdue(due_on, today=today)
    return next((bucket for last, bucket in _LAST_DAYS if days <= last), AgeBucket.OVER_90)


def sum_by_bucket(amounts: Iterable[tuple[date, int]], *, today: date) -> dict[AgeBucket, int]:
    """Return the sum of each bucket, in minor units. Each amount comes after its due date."""
    sums = dict.fromkeys(AgeBucket, 0)
    for due_on, amount in amounts:
        sums[find_bucket(due_on, today=today)] += amount
    return sums
