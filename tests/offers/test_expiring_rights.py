"""What can be licensed for a while only, and until when."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.offers.expiring_rights import ExpiringPage, find_expiring_films
from app.offers.states import HeldRight
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory
from app.offers.window_rules import Window, last_grant_day, window_allows
from tests import factories

TODAY = date(2026, 11, 22)
ENDS = date(2028, 2, 29)
US = Territory.parse(["US"])


def window(ends_on: date | None, *, right: HeldRight = HeldRight.DSL, **changes: object) -> Window:
    facts = {
        "right": right,
        "territory": Territory.parse(["WORLD"]),
        "starts_on": date(2020, 1, 1),
        "ends_on": ends_on,
        "max_term_months": None,
        "may_sublicense_perpetual": True,
    }
    return Window(**(facts | changes))  # type: ignore[arg-type]


def last_day(term: Term, *windows: Window) -> date | None:
    needed = {window.right for window in windows}
    return last_grant_day(windows, needed=needed, territory=US, term=term, on=TODAY)


@pytest.mark.once
@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (Term(kind=TermKind.MONTHS, months=12), date(2027, 3, 1)),
        (Term(kind=TermKind.SEMESTER), date(2027, 9, 1)),
        (Term(kind=TermKind.EVENT), ENDS),
        (Term(kind=TermKind.PERPETUAL), ENDS),
    ],
)
def test_the_last_day_is_the_last_from_which_the_whole_term_fits(
    term: Term, expected: date
) -> None:
    held = window(ENDS)
    assert last_day(term, held) == expected
    assert window_allows(held, term=term, starts_on=expected)
    assert not window_allows(held, term=term, starts_on=expected + timedelta(days=1))


@pytest.mark.once
def test_the_right_that_ends_first_decides_and_another_contract_may_carry_on() -> None:
    year = Term(kind=TermKind.MONTHS, months=12)
    sooner = window(date(2027, 12, 31), right=HeldRight.PPR)
    assert last_day(year, window(ENDS), sooner) == date(2027, 1, 1)
    assert last_day(year, window(ENDS), window(None)) is None
    assert last_day(year, window(ENDS), window(date(2030, 1, 1))) == date(2029, 1, 2)
    elsewhere = window(None, territory=Territory.parse(["FR"]))
    assert last_day(year, window(ENDS), elsewhere) == date(2027, 3, 1)


def test_films_leave_when_a_right_that_something_on_sale_needs_ends_soon(session: Session) -> None:
    today = clock.today()
    later = factories.film(session, title="Later")
    factories.offer(session, of=later, delivery="file", rights_end=today + timedelta(days=500))
    sooner = factories.film(session, title="Sooner")
    ends = today + timedelta(days=400)
    offer = factories.offer(session, of=sooner, delivery="file", rights_end=ends)
    far = factories.film(session, title="Far")
    factories.offer(session, of=far, delivery="file", rights_end=today + timedelta(days=900))
    unsold = factories.film(session, title="Nothing on sale")
    factories.hold(session, unsold, HeldRight.DSL, ends_on=ends)
    session.flush()

    found = find_expiring_films(session, on=today, most=9).films
    assert [(one.film_id, one.rights_end_on) for one in found] == [
        (sooner.id, ends),
        (later.id, today + timedelta(days=500)),
    ]
    (chance,) = found[0].offers
    assert chance.offer.sku == offer.sku
    assert chance.until is not None
    assert today < chance.until <= ends - timedelta(days=364)
    assert found[0].known_at <= clock.now()
    # By the day after it, nobody may have it: what is not on sale does not leave.
    assert sooner.id not in {
        one.film_id
        for one in find_expiring_films(session, on=chance.until + timedelta(days=1), most=9).films
    }


def test_a_right_that_goes_on_under_another_contract_does_not_end(session: Session) -> None:
    film = factories.film(session)
    factories.offer(
        session, of=film, delivery="file", rights_end=clock.today() + timedelta(days=400)
    )
    factories.hold(session, film, HeldRight.DSL)
    session.flush()
    assert find_expiring_films(session, on=clock.today(), most=9) == ExpiringPage([], None)
