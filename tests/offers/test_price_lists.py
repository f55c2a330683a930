"""Price lists say what the price rows say, on every day, whoever wrote the rows."""

import random
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, insert, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

import app
from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.money import Money
from app.offers import offer_service, price_rows, queries
from app.offers.models import Offer, OfferPriceList, PriceList, PriceRow
from app.offers.price_lists import PriceLists, format_points, parse_points, save_missing
from app.offers.pricing import PricePoint
from app.search.for_sale import OfferGroup, find_offer_groups
from tests import factories
from tests.offers import offer_factories

TODAY = clock.today()
DAYS = [TODAY + timedelta(days=days) for days in (-400, -1, 0, 1, 30, 400)]


def listed(session: Session) -> Mapping[int, str]:
    """Return the offers that have a list, with its text."""
    found = select(OfferPriceList.offer_id, PriceList.prices).join(
        PriceList, PriceList.id == OfferPriceList.price_list_id
    )
    return {key: text for key, text in session.execute(found)}  # noqa: C416 - typed so


def as_rows_say(session: Session) -> Mapping[int, str]:
    """Return the list that each offer should have."""
    session.expire_all()
    offers = [queries.get_offer(session, sku) for sku in session.scalars(select(Offer.sku))]
    return {offer.id: format_points(row.point for row in offer.prices) for offer in offers}


def test_every_way_to_write_a_price_writes_the_list(session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    offer = offer_factories.draft(session, film)
    other = offer_factories.published(session, film, sku="another")

    def step() -> None:
        assert listed(session) == as_rows_say(session)

    row = offer_factories.price(session, offer)
    step()
    price_rows.remove_price(session, ref=row.ref, actor=offer_factories.STAFF)
    step()
    assert listed(session)[offer.id] == "[]"
    row = offer_factories.price(session, offer, valid_from=TODAY - timedelta(days=9))
    offer_service.publish_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    step()
    later = price_rows.change_price(
        session,
        ref=row.ref,
        price=Money(24900, "USD"),
        valid_from=TODAY + timedelta(days=9),
        currency="USD",
        actor=offer_factories.STAFF,
    )
    step()
    price_rows.change_price(
        session,
        ref=later.ref,
        price=Money(25900, "USD"),
        valid_from=None,
        currency="USD",
        actor=offer_factories.STAFF,
    )
    step()
    (row,) = queries.get_offer(session, other.sku).prices
    price_rows.end_price(session, ref=row.ref, valid_to=None, actor=offer_factories.STAFF)
    step()
    offer_factories.price(session, other, valid_from=TODAY + timedelta(days=1))
    step()


def test_only_one_module_writes_prices() -> None:
    writes = re.compile(
        r"(?<!class )\bPriceRow\(|\.prices\.(append|remove)|(insert|update|delete)\(PriceRow"
    )
    texts = {path: path.read_text(encoding="utf-8") for path in Path(app.__path__[0]).rglob("*.py")}
    found = {
        path.name
        for path, text in texts.items()
        if writes.search(text) and "class PriceRow:" not in text  # a page has rows of that name
    }
    assert found == {"price_rows.py"}


@pytest.mark.seeded
def test_all_that_is_seeded_has_a_list(session: Session) -> None:
    assert listed(session) == as_rows_say(session)
    assert len(set(listed(session).values())) < len(listed(session)) / 2


def test_offers_of_one_list_share_it(session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    one, two = (offer_factories.draft(session, film, sku=sku) for sku in ("one", "two"))
    for offer, classes in ((one, ("college", "hospital")), (two, ("hospital", "college"))):
        for each in classes:
            offer_factories.price(session, offer, 19900, **{"class": each})
    assert len(set(listed(session).values())) == 1
    wanted = select(OfferPriceList.price_list_id).distinct()
    assert len(session.scalars(wanted).all()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        insert(PriceRow).values(
            ref="PR-raw", offer_id=select(Offer.id).where(Offer.sku == "one").scalar_subquery(),
            customer_class="hospital", size_from=0, amount=1, currency="USD", valid_from=TODAY,
            created_at=clock.now(),
        ),
        update(PriceRow).where(PriceRow.amount == 100).values(valid_to=TODAY),
        delete(PriceRow).where(PriceRow.amount == 100),
    ],
    ids=["insert", "update", "delete"],
)  # fmt: skip
def test_a_change_that_passes_the_store_by_takes_the_list_away(
    session: Session, sessions: sessionmaker[Session], statement: Executable
) -> None:
    film = offer_factories.film_with_rights(session)
    one, two = (offer_factories.draft(session, film, sku=sku) for sku in ("one", "two"))
    offer_factories.price(session, one, 100)
    offer_factories.price(session, two, 200)
    session.commit()

    session.execute(statement)
    session.commit()

    right = as_rows_say(session)
    assert listed(session) == {two.id: right[two.id]}
    assert dict(of_day(session, TODAY)) == {key: parse_points(text) for key, text in right.items()}
    session.commit()
    assert save_missing(sessions) == 1
    assert listed(session) == right
    session.commit()
    assert save_missing(sessions) == 0


def of_day(session: Session, on: date) -> Mapping[int, list[PricePoint]]:
    """Return what each offer costs on a day, as who asks for all offers reads it."""
    ids = select(Offer.id, OfferPriceList.price_list_id).outerjoin(OfferPriceList)
    lists = PriceLists(session, on, lambda points: parse_points(format_points(points)))
    return lists.of({offer_id: key for offer_id, key in session.execute(ids)})  # noqa: C416


def test_lists_of_any_day_are_the_rows_of_that_day(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    chance = random.Random(80)  # noqa: S311 - the same prices each run
    film = offer_factories.film_with_rights(session)
    offers = [offer_factories.draft(session, film, sku=f"offer-{number}") for number in range(12)]
    rows = [
        {
            "ref": f"PR-{offer.id}-{number}",
            "offer_id": offer.id,
            "customer_class": chance.choice(list(CustomerClass)),
            "size_from": number,
            "size_below": chance.choice((None, number + 1, 2**31 - 1)),
            "amount": chance.choice((0, 1, 19900, 2**31 - 1)),
            "currency": chance.choice(("USD", "JPY")),
            "valid_from": (first := chance.choice(DAYS)),
            "valid_to": chance.choice((None, first, max(first, TODAY), DAYS[-1])),
            "created_at": clock.now(),
        }
        for offer in offers
        for number in range(chance.randint(0, 9))
    ]
    session.execute(insert(PriceRow), rows)
    session.commit()
    save_missing(sessions)
    left = [offer.id for offer in offers[::3]]
    session.execute(delete(OfferPriceList).where(OfferPriceList.offer_id.in_(left)))

    for on in [*DAYS, TODAY + timedelta(days=2)]:
        wanted = (
            select(PriceRow)
            .where(PriceRow.valid_from <= on)
            .where(or_(PriceRow.valid_to.is_(None), PriceRow.valid_to >= on))
        )
        valid = session.scalars(wanted).all()
        told = {
            offer.id: parse_points(
                format_points(row.point for row in valid if row.offer_id == offer.id)
            )
            for offer in offers
        }
        assert of_day(session, on) == told
    assert len({len(prices) for prices in of_day(session, TODAY).values()}) > 3


def test_search_reads_the_same_with_lists_and_without(session: Session) -> None:
    for amount in (100, 200):
        film = factories.film(session)
        for sized in (True, False):
            made = factories.offer(session, of=film, amount=amount, sized=sized)
            session.flush()
            for days in (0, 1):
                from_then = TODAY + timedelta(days=days)
                each = CustomerClass.HOSPITAL if days else CustomerClass.K12_SCHOOL
                factories.add_price(
                    session, made.sku, 50 + days, customer_class=each, valid_from=from_then
                )

    def read(on: date) -> dict[OfferGroup, list[int]]:
        return {lot: list(film_ids) for lot, film_ids in find_offer_groups(session, None, on=on)}

    when = [TODAY - timedelta(days=900), TODAY, TODAY + timedelta(days=1)]
    with_lists = [read(on) for on in when]
    session.execute(delete(OfferPriceList))
    assert [read(on) for on in when] == with_lists
    assert [len(found) for found in with_lists] == [0, 4, 4]
