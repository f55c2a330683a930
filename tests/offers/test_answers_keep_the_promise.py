"""The promise, through the database: whatever staff do, nobody is offered more than we hold."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.errors import AppError
from app.offers import offer_service, queries, window_service
from app.offers.licensing import Buyer, get_licensing
from app.offers.staff_schemas import WindowPatch
from app.offers.territories import Territory
from tests import factories
from tests.offers import offer_factories
from tests.offers.test_promise import lies_inside

TODAY = clock.today()
TERMS: list[dict[str, Any]] = [
    {"kind": "event"},
    {"kind": "semester"},
    {"kind": "months", "months": 1},
    {"kind": "months", "months": 12},
    {"kind": "months", "months": 36},
    {"kind": "life_of_format"},
    {"kind": "perpetual"},
]
PLACES = st.sampled_from([["WORLD"], ["US"], ["US", "CA"], ["FR"]])
LIMITS = st.fixed_dictionaries(
    {
        "ends_on": st.none() | st.integers(0, 1200).map(lambda days: TODAY + timedelta(days=days)),
        "may_sublicense_perpetual": st.booleans(),
        "territory": PLACES,
    }
)
SALES = st.lists(st.tuples(st.sampled_from(TERMS), PLACES), min_size=1, max_size=3, unique_by=str)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contract=LIMITS,
    sales=SALES,
    change=st.none() | LIMITS,
    country=st.sampled_from(["US", "CA", "FR"]),
    waited=st.integers(0, 1300),
)
@example(
    contract={"ends_on": None, "may_sublicense_perpetual": True, "territory": ["WORLD"]},
    sales=[(TERMS[4], ["WORLD"]), (TERMS[6], ["WORLD"])],
    change={
        "ends_on": TODAY + timedelta(days=400),
        "may_sublicense_perpetual": False,
        "territory": ["WORLD"],
    },
    country="US",
    waited=0,
)
def test_whatever_is_offered_lies_inside_the_rights_of_that_day(
    *,
    sessions: sessionmaker[Session],
    contract: dict[str, Any],
    sales: list[tuple[dict[str, Any], list[str]]],
    change: dict[str, Any] | None,
    country: str,
    waited: int,
) -> None:
    with sessions() as session:
        film = factories.film(session)
        factories.license_text(session, code="digital-site-license")
        window = offer_factories.window(session, film, "dsl", **contract)
        for place, (term, territory) in enumerate(sales):
            offer = offer_factories.draft(
                session, film, sku=f"{film.slug}-{place}", term=term, territory=territory
            )
            offer_factories.price(session, offer)
            publish(session, offer.sku)
        if change is not None:
            patch = WindowPatch.model_validate(change)
            window_service.change_window(
                session, ref=window.ref, patch=patch, actor=offer_factories.STAFF
            )
        on: date = TODAY + timedelta(days=waited)
        buyer = Buyer(CustomerClass.COLLEGE, 100, country)
        answer = get_licensing(session, film, buyer, on=on)
        (held,) = queries.find_windows(session, [film.id])
        here = Territory(frozenset({country}))
        for offered in answer.offers:
            assert lies_inside(offered.term, on, here, held.window)
            assert offered.offer.sale_territory.contains(country)
        for refused in answer.not_offered:
            assert refused.reasons
        session.rollback()


def publish(session: Session, sku: str) -> None:
    """Try to put an offer on sale, as staff do; the rules may refuse."""
    try:
        with session.begin_nested():
            offer_service.publish_offer(session, sku=sku, actor=offer_factories.STAFF)
    except AppError as error:
        assert error.type == "outside-rights-window"  # noqa: PT017 - either way is right
        assert queries.get_offer(session, sku).status == "draft"


@pytest.mark.parametrize("days", [0, 34, 35, 399, 400, 401])
def test_semester_and_year_stop_on_the_day_that_they_no_longer_fit(
    session: Session, days: int
) -> None:
    film = offer_factories.film_with_rights(session)
    for place, term in enumerate(({"kind": "semester"}, {"kind": "months", "months": 12})):
        offer_factories.published(session, film, sku=f"term-{place}", term=term)
    (dsl,) = [row for row in queries.find_windows(session, [film.id]) if row.right == "dsl"]
    ends_on = TODAY + timedelta(days=400)
    patch = WindowPatch(ends_on=ends_on, may_sublicense_perpetual=False)
    window_service.change_window(session, ref=dsl.ref, patch=patch, actor=offer_factories.STAFF)
    on = TODAY + timedelta(days=days)
    offered = get_licensing(session, film, offer_factories.COLLEGE, on=on).offers
    expected = [
        sku
        for sku, months in (("term-0", 6), ("term-1", 12))
        if months_later(on, months) - timedelta(days=1) <= ends_on
    ]
    assert [answer.sku for answer in offered] == expected


def months_later(start: date, months: int) -> date:
    """Return the same day so many months on, or the day after the month's last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    try:
        return date(year, month + 1, start.day)
    except ValueError:
        return months_later(start.replace(day=1), months + 1)
