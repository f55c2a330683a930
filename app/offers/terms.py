"""The six kinds of term a license can have: how each is named, and on which day it ends."""

import calendar
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.fields import Whole

# A semester is one academic term of the licensee's own calendar; six months bound the longest.
SEMESTER_MONTHS = 6
MAX_MONTHS = 600
MONTHS_IN_YEAR = 12


class TermKind(StrEnum):
    """Six different things; none of the last three is another word for one of the others."""

    MONTHS = "months"
    SEMESTER = "semester"
    EVENT = "event"
    PERPETUAL = "perpetual"
    LIFE_OF_FORMAT = "life_of_format"
    LIFE_OF_MEDIA = "life_of_media"


# No date ends these, so they need an owner who lets us license without an end.
OPEN_ENDED = frozenset({TermKind.PERPETUAL, TermKind.LIFE_OF_FORMAT, TermKind.LIFE_OF_MEDIA})


class Term(BaseModel):
    """How long a license runs. ``months`` belongs to the kind ``months`` and to no other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: TermKind
    months: Whole | None = Field(default=None, ge=1, le=MAX_MONTHS)

    @model_validator(mode="after")
    def _months_belong_to_their_kind(self) -> Self:
        if (self.kind is TermKind.MONTHS) != (self.months is not None):
            msg = "Enter `months` only for the term kind `months`."
            raise ValueError(msg)
        return self

    @property
    def is_open_ended(self) -> bool:
        """Whether no date ends it."""
        return self.kind in OPEN_ENDED

    @property
    def length_months(self) -> int | None:
        """The most months it can run; 0 for a single event, None if no date ends it."""
        if self.is_open_ended:
            return None
        if self.kind is TermKind.EVENT:
            return 0
        return SEMESTER_MONTHS if self.months is None else self.months

    def end_date(self, starts_on: date) -> date | None:
        """Return the last day on which the license is in force, or None if no date ends it.

        A year from 15 March ends on 14 March. A month that lacks the day ends on its last: one
        month from 31 January ends on the last of February. An event ends on its own day.

        Raises:
            OverflowError: the end lies beyond the calendar (year 9999).
        """
        months = self.length_months
        if months is None:
            return None
        if months == 0:
            return starts_on
        return last_day(starts_on, months)

    def label(self) -> str:
        """Return the term as a noun: ``3 years``, ``one semester``, ``in perpetuity``."""
        if self.kind is not TermKind.MONTHS:
            return KIND_LABELS[self.kind]
        months = self.months or 0
        if months % MONTHS_IN_YEAR == 0:
            years = months // MONTHS_IN_YEAR
            return "1 year" if years == 1 else f"{years} years"
        return "1 month" if months == 1 else f"{months} months"


KIND_LABELS: dict[TermKind, str] = {
    TermKind.SEMESTER: "one semester",
    TermKind.EVENT: "one event",
    TermKind.PERPETUAL: "in perpetuity",
    TermKind.LIFE_OF_FORMAT: "the life of the file format",
    TermKind.LIFE_OF_MEDIA: "the life of the disc",
}


def duration_phrase(label: str) -> str:
    """Return a term's words as part of a sentence.

    >>> duration_phrase("3 years"), duration_phrase("in perpetuity")
    ('for 3 years', 'in perpetuity')
    """
    return label if label.startswith("in ") else f"for {label}"


def last_day(starts_on: date, months: int) -> date:
    """Return the last day of ``months`` months that begin on ``starts_on``.

    Raises:
        OverflowError: the day lies beyond the calendar (year 9999).
    """
    year, month = divmod(starts_on.year * MONTHS_IN_YEAR + starts_on.month - 1 + months, 12)
    if year > date.max.year:
        msg = f"{months} months from {starts_on} lie beyond the calendar"
        raise OverflowError(msg)
    days = calendar.monthrange(year, month + 1)[1]
    if starts_on.day > days:
        return date(year, month + 1, days)
    return date(year, month + 1, starts_on.day) - timedelta(days=1)
