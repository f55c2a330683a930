"""From events to counts, by the rules of COUNTER. Pure.

Of two equal actions of one session within 30 seconds only the later counts (a double click). A
film counts once a session as unique. Where no session is known, an address and a browser's name are
one session for each hour.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from app.usage.events import ADDRESS_KIND
from app.usage.models import CountMetric, EventMetric

DOUBLE_CLICK = timedelta(seconds=30)
TOTALS = {
    EventMetric.INVESTIGATION: CountMetric.TOTAL_ITEM_INVESTIGATIONS,
    EventMetric.REQUEST: CountMetric.TOTAL_ITEM_REQUESTS,
    EventMetric.NO_LICENSE: CountMetric.NO_LICENSE,
    EventMetric.LIMIT_EXCEEDED: CountMetric.LIMIT_EXCEEDED,
    EventMetric.SEARCH: CountMetric.SEARCHES_PLATFORM,
}
UNIQUES = {
    EventMetric.INVESTIGATION: CountMetric.UNIQUE_ITEM_INVESTIGATIONS,
    EventMetric.REQUEST: CountMetric.UNIQUE_ITEM_REQUESTS,
}
CountKey = tuple[int, int | None, CountMetric]
"""Institution, film, and metric."""


class Event(NamedTuple):
    """What counting needs of an event."""

    institution_id: int
    film_id: int | None
    metric: EventMetric
    session_key: str
    at: datetime


def count_events(events: Iterable[Event]) -> Counter[CountKey]:
    """Return the counts of one day's events, which come in any order."""
    counts: Counter[CountKey] = Counter()
    for (institution, film, metric, session_key), same in groupby(
        sorted(events, key=_sort_key), key=_action
    ):
        times = [event.at for event in same]
        counted = [
            at for at, following in pairwise(times) if following - at > DOUBLE_CLICK
        ] + times[-1:]  # fmt: skip
        counts[institution, film, TOTALS[metric]] += len(counted)
        if metric in UNIQUES:
            is_address = session_key.startswith(ADDRESS_KIND)
            sessions = len({at.hour for at in counted}) if is_address else 1
            counts[institution, film, UNIQUES[metric]] += sessions
    return counts


_action = attrgetter("institution_id", "film_id", "metric", "session_key")


def _sort_key(event: Event) -> tuple[int, int, EventMetric, str, datetime]:
    return (event.institution_id, event.film_id or 0, event.metric, event.session_key, event.at)
