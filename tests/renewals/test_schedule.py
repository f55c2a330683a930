"""The tables of docs/licenses.md are true, and so is the schedule over any term."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import Money
from app.offers.terms import Term, TermKind
from app.renewals.schedule import LEAD_DAYS, find_co_term, find_due_leads, find_leads
from tests.offers.tables import money, numbers, sure_day, table

pytestmark = pytest.mark.once
DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize("row", table("notices", "licenses.md"), ids=lambda row: row["because"])
def test_notices_are_what_the_document_says(row: dict[str, str]) -> None:
    expected = [] if (cell := row["notices before the last day"]) == "none" else numbers(cell)
    assert find_leads(sure_day(row["starts on"]), sure_day(row["ends on"])) == expected


@pytest.mark.parametrize("row", table("co-terms", "licenses.md"), ids=lambda row: row["starts on"])
def test_co_terms_are_what_the_document_says(row: dict[str, str]) -> None:
    found = find_co_term(
        term=Term(kind=TermKind.MONTHS, months=int(row["term in months"])),
        starts_on=sure_day(row["starts on"]),
        full=money(row["full price"]),
        month=int(row["fiscal year ends in"]),
    )
    if row["ends on"] == "-":
        assert found is None
        return
    assert found is not None
    assert found.ends_on == sure_day(row["ends on"])
    assert (found.days, found.full_days) == (int(row["days"]), int(row["full days"]))
    assert found.amount == money(row["price"])


def test_co_term_of_a_semester_is_not_offered() -> None:
    term = Term(kind=TermKind.SEMESTER)
    full = Money(10000, "USD")
    assert find_co_term(term=term, starts_on=date(2027, 1, 1), full=full, month=6) is None


def test_co_term_words_show_the_arithmetic() -> None:
    found = find_co_term(
        term=Term(kind=TermKind.MONTHS, months=36),
        starts_on=date(2029, 7, 20),
        full=Money(90000, "USD"),
        month=6,
    )
    assert found is not None
    assert found.words() == (
        "July 20, 2029 through June 30, 2032: $900.00 for 3 years, prorated for 1,077 of 1,096 "
        "days, is $884.40"
    )


@given(starts_on=DAYS, length=st.integers(1, 1200), months=st.integers(1, 60))
def test_walking_day_by_day_sends_each_notice_once(
    starts_on: date, length: int, months: int
) -> None:
    ends_on = starts_on + timedelta(days=length - 1)
    handled: list[int] = []
    for offset in range(length + 3):
        day = starts_on + timedelta(days=offset)
        due = find_due_leads(starts_on, ends_on, on=day, handled=handled)
        assert len(due) <= 1
        assert all(day == ends_on - timedelta(days=lead) for lead in due)
        handled += due
    assert handled == find_leads(starts_on, ends_on)
    assert set(handled) <= set(LEAD_DAYS)

    co_term = find_co_term(
        term=Term(kind=TermKind.MONTHS, months=months),
        starts_on=starts_on,
        full=Money(10**6, "USD"),
        month=starts_on.month,
    )
    if co_term is not None:
        assert starts_on <= co_term.ends_on <= co_term.full_ends_on
        assert (co_term.ends_on + timedelta(days=1)).day == 1
        assert 0 <= co_term.amount.amount <= 10**6


def test_outage_leaves_only_the_latest_notice_to_send() -> None:
    starts_on, ends_on = date(2026, 3, 15), date(2027, 3, 14)
    assert find_due_leads(starts_on, ends_on, on=date(2027, 3, 1), handled=[120]) == [60, 30]
    assert find_due_leads(starts_on, ends_on, on=date(2027, 3, 15), handled=[]) == []
