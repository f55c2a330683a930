"""The promise: no license reaches outside the rights that we hold."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.offers.states import HeldRight
from app.offers.terms import OPEN_ENDED, Term, TermKind
from app.offers.territories import Territory
from app.offers.window_rules import Window, find_rights_refusals

pytestmark = pytest.mark.once

DAYS = st.dates(date(2019, 1, 1), date(2033, 12, 31))
TERRITORIES = st.one_of(
    st.just(Territory(None)),
    st.sets(st.sampled_from(["US", "CA", "FR"]), min_size=1).map(lambda s: Territory(frozenset(s))),
)
TERMS = st.one_of(
    st.builds(Term, kind=st.just(TermKind.MONTHS), months=st.integers(1, 120)),
    st.sampled_from([Term(kind=kind) for kind in TermKind if kind is not TermKind.MONTHS]),
)


@st.composite
def any_window(draw: st.DrawFn) -> Window:
    """Return any window that the database would take."""
    starts_on = draw(DAYS)
    longest = draw(st.none() | st.integers(1, 120))
    length = draw(st.none() | st.integers(0, 4000))
    return Window(
        right=draw(st.sampled_from(HeldRight)),
        territory=draw(TERRITORIES),
        starts_on=starts_on,
        ends_on=None if length is None else starts_on + timedelta(days=length),
        max_term_months=longest,
        may_sublicense_perpetual=longest is None and draw(st.booleans()),
    )


def lies_inside(term: Term, starts_on: date, territory: Territory, window: Window) -> bool:
    """Tell it by the days, knowing nothing of how the rule is written."""
    countries = window.territory.countries
    if countries is not None and not (territory.countries and territory.countries <= countries):
        return False
    last_held = window.ends_on or date.max
    if not window.starts_on <= starts_on <= last_held:
        return False
    if term.kind in OPEN_ENDED:
        return window.may_sublicense_perpetual
    ends_on = term.end_date(starts_on)
    assert ends_on is not None
    months = {TermKind.EVENT: 0, TermKind.SEMESTER: 6}.get(term.kind, term.months)
    assert months is not None
    return ends_on <= last_held and months <= (window.max_term_months or months)


@given(
    windows=st.lists(any_window(), max_size=5),
    needed=st.sets(st.sampled_from(HeldRight), min_size=1),
    territory=TERRITORIES,
    term=TERMS,
    starts_on=DAYS,
)
@example([], {HeldRight.DSL}, Territory(None), Term(kind=TermKind.PERPETUAL), date(2026, 1, 1))
def test_a_term_is_granted_exactly_when_every_right_holds_all_of_it(
    windows: list[Window],
    needed: set[HeldRight],
    territory: Territory,
    term: Term,
    starts_on: date,
) -> None:
    refusals = find_rights_refusals(
        windows, needed=needed, territory=territory, term=term, starts_on=starts_on
    )
    held = [
        any(
            window.right is right and lies_inside(term, starts_on, territory, window)
            for window in windows
        )
        for right in needed
    ]
    assert (refusals == []) == all(held)
    assert len(refusals) <= held.count(False)


@given(starts_on=DAYS, months=st.integers(1, 600))
def test_a_term_of_months_is_whole_months_long(starts_on: date, months: int) -> None:
    ends_on = Term(kind=TermKind.MONTHS, months=months).end_date(starts_on)
    assert ends_on is not None
    whole = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month
    assert whole in {months, months - 1}  # a term from the 1st ends in the month before
    assert starts_on <= ends_on
    shorter = (
        Term(kind=TermKind.MONTHS, months=months - 1).end_date(starts_on) if months > 1 else None
    )
    assert shorter is None or shorter < ends_on
