"""When a notice is due before a license ends, and where a renewal may end instead."""

import calendar
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.money import Money
from app.offers.terms import Term, TermKind
from app.offers.window_rules import format_day

# Days before the last day. A license gets the notices that are due in the second half of its term.
LEAD_DAYS = (120, 60, 30, 7)


def find_leads(starts_on: date, ends_on: date) -> list[int]:
    """Return how many days before the last day notices of a license are due, the first one first.

    A license of a few days, such as for one event, has none.
    """
    length = (ends_on - starts_on).days + 1
    return [days for days in LEAD_DAYS if 2 * days <= length]


def find_due_leads(
    starts_on: date, ends_on: date, *, on: date, handled: Collection[int]
) -> list[int]:
    """Return the notices that are due ``on`` that day and were not handled, the latest one last.

    Only the latest one is sent: after an outage the others would say the same with older news.
    None is due once the license has ended.
    """
    if on > ends_on:
        return []
    return [
        days
        for days in find_leads(starts_on, ends_on)
        if ends_on - timedelta(days=days) <= on and days not in handled
    ]


@dataclass(frozen=True, slots=True)
class CoTerm:
    """A renewal that ends with a fiscal year, and how its price follows from the full term's."""

    starts_on: date
    ends_on: date
    full_ends_on: date
    term: str
    full: Money

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.ends_on - self.starts_on).days + 1

    @property
    def full_days(self) -> int:
        """How many days the full term lasts."""
        return (self.full_ends_on - self.starts_on).days + 1

    @property
    def amount(self) -> Money:
        """The full price by the day, halves of a minor unit rounded away from zero."""
        return self.full.prorate(self.days, self.full_days)

    def words(self) -> str:
        """Return the arithmetic as the buyer reads it."""
        return (
            f"{format_day(self.starts_on)} through {format_day(self.ends_on)}: "
            f"{self.full.words()} for {self.term}, prorated for {self.days:,} of "
            f"{self.full_days:,} days, is {self.amount.words()}"
        )


def find_co_term(*, term: Term, starts_on: date, full: Money, month: int) -> CoTerm | None:
    """Return the renewal that ends with the last fiscal year that ends within the full term.

    ``month`` is the last month of the fiscal year, 1 to 12. None if no fiscal year ends within the
    term, or the term has no number of months.
    """
    if term.kind is not TermKind.MONTHS:
        return None
    full_ends_on = term.end_date(starts_on)
    if full_ends_on is None:
        return None
    for year in range(full_ends_on.year, starts_on.year - 1, -1):
        day = date(year, month, calendar.monthrange(year, month)[1])
        if starts_on <= day <= full_ends_on:
            return CoTerm(starts_on, day, full_ends_on, term.label(), full)
    return None
