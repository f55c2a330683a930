"""Counting events equals a naive reading of COUNTER's rules."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.usage.counting import TOTALS, UNIQUES, CountKey, Event, count_events
from app.usage.models import CountMetric, EventMetric

MORNING = datetime(2026, 11, 3, 9, 59, tzinfo=UTC)


def count_naively(events: list[Event]) -> Counter[CountKey]:
    """Count in the words of the rules, one event after another, with every other one at hand."""
    counts: Counter[CountKey] = Counter()
    kept = []
    for place, event in enumerate(events):
        same = [
            (other.at, number)
            for number, other in enumerate(events)
            if (other.institution_id, other.film_id, other.metric, other.session_key)
            == (event.institution_id, event.film_id, event.metric, event.session_key)
        ]
        is_followed = any(
            (event.at, place) < later and later[0] <= event.at + timedelta(seconds=30)
            for later in same
        )
        if not is_followed:
            kept.append(event)
    for event in kept:
        counts[event.institution_id, event.film_id, TOTALS[event.metric]] += 1
    sessions = {
        (
            event.institution_id,
            event.film_id,
            UNIQUES[event.metric],
            event.session_key,
            event.at.hour if event.session_key[0] == "a" else None,
        )
        for event in kept
        if event.metric in UNIQUES
    }
    for institution, film, metric, _, _ in sessions:
        counts[institution, film, metric] += 1
    return counts


seen = st.builds(
    Event,
    institution_id=st.sampled_from([1, 2]),
    film_id=st.sampled_from([None, 7, 8]),
    metric=st.sampled_from(list(EventMetric)),
    session_key=st.sampled_from(["s1", "s2", "a1"]),
    at=st.integers(0, 200).map(lambda seconds: MORNING + timedelta(seconds=seconds)),
)


@given(st.lists(seen, max_size=40))
def test_count_events_of_any_events_equals_a_naive_reading(events: list[Event]) -> None:
    assert count_events(events) == count_naively(events)


@pytest.mark.parametrize(
    ("seconds", "total"),
    [([0], 1), ([0, 30], 1), ([0, 31], 2), ([0, 25, 50], 1), ([0, 25, 60], 2), ([5, 5], 1)],
)
def test_count_events_of_a_double_click_counts_the_later(seconds: list[int], total: int) -> None:
    events = [
        Event(1, 7, EventMetric.REQUEST, "s1", MORNING + timedelta(seconds=second))
        for second in seconds
    ]
    counts = count_events(events)
    assert counts[1, 7, CountMetric.TOTAL_ITEM_REQUESTS] == total
    assert counts[1, 7, CountMetric.UNIQUE_ITEM_REQUESTS] == 1


def test_count_events_of_an_address_counts_a_film_once_an_hour() -> None:
    events = [
        Event(1, 7, EventMetric.REQUEST, "a1", MORNING + timedelta(minutes=minutes))
        for minutes in (-20, 0, 10, 20)
    ]
    assert count_events(events)[1, 7, CountMetric.UNIQUE_ITEM_REQUESTS] == 2
