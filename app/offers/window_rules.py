"""The rule that no license reaches outside the rights that the distributor holds.

A window is one right in one territory for one span of time, as the contract with the owner says.
A license needs every right that its bundle grants, each from **one** window that holds it in the
place and for the whole of the term: two windows are never added up, for the day between them
would be nobody's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.offers.states import HELD_RIGHT_LABELS, HeldRight, Refusal
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory


@dataclass(frozen=True, slots=True)
class Window:
    """What one contract gives us. Both days are inside; no ``ends_on`` means without an end.

    ``may_sublicense_perpetual``: the owner lets licenses without an end date, granted while the
    window is open, outlive it.
    """

    right: HeldRight
    territory: Territory
    starts_on: date
    ends_on: date | None
    max_term_months: int | None
    may_sublicense_perpetual: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a no: a code to branch on, and the sentence that a buyer reads."""

    code: Refusal
    words: str


def format_day(value: date) -> str:
    """Return a date as prose has it: ``March 5, 2027``.

    >>> format_day(date(2027, 3, 5))
    'March 5, 2027'
    """
    return f"{value:%B} {value.day}, {value.year}"


def find_rights_refusals(
    windows: Iterable[Window],
    *,
    needed: Iterable[HeldRight],
    territory: Territory,
    term: Term,
    starts_on: date,
    ends_on: date | None = None,
) -> list[Reason]:
    """Return why a license of ``term`` from ``starts_on`` may not be granted; empty if it may.

    ``ends_on`` is a last day that was agreed instead of the term's own. Each right that lacks a
    window is named with the best that any of its windows could do. Rights that fail for one and
    the same reason are named once.
    """
    held = list(windows)
    found: list[Reason] = []
    for right in sorted(needed):
        mine = [window for window in held if window.right is right]
        reason = _refusal(
            mine, right=right, territory=territory, term=term, starts_on=starts_on, ends_on=ends_on
        )
        if reason is not None and reason not in found:
            found.append(reason)
    return found


def window_allows(window: Window, *, term: Term, starts_on: date) -> bool:
    """Whether the whole of ``term`` from ``starts_on`` lies within what ``window`` allows."""
    return _is_open(window, starts_on) and _shortfall(window, term, starts_on) is None


def rights_end(
    windows: Iterable[Window], *, needed: Iterable[HeldRight], territory: Territory, on: date
) -> date | None:
    """Return the last day on which we hold every needed right; None if no day ends them all.

    Of a right that several open windows give, the one that ends last counts.
    """
    held = [w for w in windows if w.territory.covers(territory) and _is_open(w, on)]
    ends = []
    for right in set(needed):
        of_right = [w.ends_on for w in held if w.right is right]
        days = [day for day in of_right if day is not None]
        if days and len(days) == len(of_right):
            ends.append(max(days))
    return min(ends, default=None)


def last_grant_day(
    windows: Iterable[Window],
    *,
    needed: Iterable[HeldRight],
    territory: Territory,
    term: Term,
    on: date,
) -> date | None:
    """Return the last day on which a license of ``term`` may begin that may begin on ``on``.

    None if no day is the last. Of a right that several open windows give, the one that lets it
    begin last counts.
    """
    held = [
        w
        for w in windows
        if w.territory.covers(territory) and window_allows(w, term=term, starts_on=on)
    ]
    last: list[date] = []
    for right in set(needed):
        of_right = [w for w in held if w.right is right]
        days = [_last_start(w, term, on) for w in of_right if w.ends_on is not None]
        if days and len(days) == len(of_right):
            last.append(max(days))
    return min(last, default=None)


def _last_start(window: Window, term: Term, on: date) -> date:
    """Return the last day from which ``term`` fits into a window with an end; on ``on`` it does."""
    first, days = on, ((window.ends_on or on) - on).days
    # A later start never ends earlier, so the days on which it fits come before all others.
    low, high = 0, days
    while low < high:
        middle = (low + high + 1) // 2
        if window_allows(window, term=term, starts_on=first + timedelta(days=middle)):
            low = middle
        else:
            high = middle - 1
    return first + timedelta(days=low)


def _is_open(window: Window, on: date) -> bool:
    return window.starts_on <= on and (window.ends_on is None or on <= window.ends_on)


def _refusal(
    windows: Sequence[Window],
    *,
    right: HeldRight,
    territory: Territory,
    term: Term,
    starts_on: date,
    ends_on: date | None,
) -> Reason | None:
    name = HELD_RIGHT_LABELS[right]
    here = [window for window in windows if window.territory.covers(territory)]
    if not here:
        words = f"We don't hold the rights for {name} {territory.label()}."
        return Reason(Refusal.RIGHTS_NOT_HELD, words)
    current = [window for window in here if _is_open(window, starts_on)]
    if not current:
        return _closed(here, name, starts_on)
    shortfalls = [_shortfall(window, term, starts_on, ends_on) for window in current]
    if None in shortfalls:
        return None
    # The window that comes nearest: the one that ends last is the one to tell the buyer of.
    best = max(current, key=lambda window: window.ends_on or date.max)
    return _shortfall(best, term, starts_on, ends_on)


def _closed(windows: Sequence[Window], name: str, starts_on: date) -> Reason:
    coming = [window.starts_on for window in windows if window.starts_on > starts_on]
    if coming:
        words = f"Our rights for {name} begin on {format_day(min(coming))}."
        return Reason(Refusal.RIGHTS_NOT_HELD, words)
    ended = max(window.ends_on for window in windows if window.ends_on is not None)
    return Reason(Refusal.RIGHTS_NOT_HELD, f"Our rights for {name} ended on {format_day(ended)}.")


def _shortfall(
    window: Window, term: Term, starts_on: date, agreed_end: date | None = None
) -> Reason | None:
    if term.is_open_ended:
        return None if window.may_sublicense_perpetual else _not_perpetual(window, term)
    ends_on = agreed_end or _end_date(term, starts_on)
    length = term.label() if agreed_end is None else f"use through {format_day(agreed_end)}"
    if window.max_term_months is not None:
        longest = Term(kind=TermKind.MONTHS, months=window.max_term_months)
        months = term.length_months or 0
        too_long = (
            months > window.max_term_months
            if agreed_end is None
            else agreed_end > _end_date(longest, starts_on)
        )
        if too_long:
            words = (
                f"The owner allows licenses of up to {longest.label()}. This one is for {length}."
            )
            return Reason(Refusal.TERM_TOO_LONG, words)
    if window.ends_on is not None and ends_on > window.ends_on:
        words = (
            f"A license for {length} would run past {format_day(window.ends_on)}, "
            "when our rights to this film end."
        )
        return Reason(Refusal.TERM_OUTLASTS_RIGHTS, words)
    return None


def _end_date(term: Term, starts_on: date) -> date:
    """Return the last day of a term with an end; the calendar's last if it lies beyond that."""
    try:
        return term.end_date(starts_on) or date.max
    except OverflowError:
        return date.max


def _not_perpetual(window: Window, term: Term) -> Reason:
    kind = "in perpetuity" if term.kind is TermKind.PERPETUAL else f"for {term.label()}"
    if window.ends_on is None:
        words = f"The owner does not allow licenses {kind}."
    else:
        words = (
            f"We can't license this film {kind} because our own rights end on "
            f"{format_day(window.ends_on)}."
        )
    return Reason(Refusal.NOT_PERPETUAL, words)
