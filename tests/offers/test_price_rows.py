"""Price rows are added and ended, never changed; no two hold for one buyer on one day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.catalog.public_revision import current
from app.core import clock
from app.core.errors import InvalidInputError, NotFoundError
from app.offers import offer_service, price_rows, queries
from app.offers.errors import ImmutableRowError, PriceOverlapError
from app.offers.models import Offer, PriceRow
from tests.offers import offer_factories

TODAY = clock.today()
TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def offer(session: Session) -> Offer:
    """An offer on sale, at $199 for colleges of every size."""
    made = offer_factories.published(session, offer_factories.film_with_rights(session))
    session.commit()
    return made


def amounts(session: Session) -> list[int]:
    """Return the amounts that the database holds, in the order they were added."""
    return list(session.scalars(select(PriceRow.amount).order_by(PriceRow.id)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"size_from": 0, "size_below": 2500}, {"size_from": 2499}),
        ({"size_from": 2500}, {"size_from": 0, "size_below": 2501}),
        ({"size_from": 0}, {"size_from": 500, "size_below": 501}),
        ({"valid_to": TOMORROW}, {"valid_from": TOMORROW}),
        ({}, {"valid_from": TODAY + timedelta(days=400)}),
    ],
)
def test_price_that_meets_another_is_refused(
    session: Session, offer: Offer, first: dict[str, object], second: dict[str, object]
) -> None:
    kept = offer_factories.price(session, offer, 100, **{"class": "hospital"} | first)
    with pytest.raises(PriceOverlapError, match=kept.ref):
        offer_factories.price(session, offer, 200, **{"class": "hospital"} | second)
    assert amounts(session) == [19900, 100]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"size_from": 0, "size_below": 2500}, {"size_from": 2500}),
        ({"valid_to": TODAY}, {"valid_from": TOMORROW}),
        ({"class": "government"}, {}),
    ],
)
def test_prices_that_only_touch_live_side_by_side(
    session: Session, offer: Offer, first: dict[str, object], second: dict[str, object]
) -> None:
    offer_factories.price(session, offer, 100, **{"class": "hospital"} | first)
    offer_factories.price(session, offer, 200, **{"class": "hospital"} | second)
    session.commit()
    assert amounts(session) == [19900, 100, 200]


def test_of_clashing_prices_at_the_same_moment_one_is_kept(
    sessions: sessionmaker[Session], offer: Offer
) -> None:
    racers = 6
    start = Barrier(racers)

    def add(edge: int) -> bool:
        # Different lower edges, so that no unique key helps: only the lock can tell.
        start.wait()
        try:
            with sessions.begin() as session:
                offer_factories.price(
                    session, offer, 100 + edge, **{"class": "hospital", "size_from": edge}
                )
        except PriceOverlapError:
            return False
        return True

    with ThreadPoolExecutor(racers) as pool:
        kept = list(pool.map(add, range(racers)))
    assert kept.count(True) == 1
    with sessions() as session:
        assert len(amounts(session)) == 2


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"price": {"amount": 100, "currency": "EUR"}}, "#/price/currency"),
        ({"size_from": 10, "size_below": 10}, "#/size_below"),
        ({"valid_from": TOMORROW, "valid_to": TODAY}, "#/valid_to"),
        ({"valid_from": YESTERDAY}, "#/valid_from"),
    ],
)
def test_price_that_makes_no_sense_is_refused_by_its_field(
    session: Session, offer: Offer, changes: dict[str, object], pointer: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        offer_factories.price(session, offer, 100, **{"class": "hospital"} | changes)
    assert [problem.pointer for problem in caught.value.errors] == [pointer]
    assert amounts(session) == [19900]


def test_price_of_a_draft_may_begin_in_the_past(session: Session) -> None:
    offer = offer_factories.draft(session, offer_factories.film_with_rights(session))
    row = offer_factories.price(session, offer, valid_from=date(2026, 1, 1))
    assert row.valid_from == date(2026, 1, 1)


def test_price_of_an_unknown_offer_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError):
        offer_factories.price(session, Offer(sku="no-such-offer"))


def test_price_is_ended_once_and_another_takes_its_place(session: Session, offer: Offer) -> None:
    (row,) = queries.get_offer(session, offer.sku).prices
    ended = price_rows.end_price(session, ref=row.ref, valid_to=None, actor=offer_factories.STAFF)
    assert ended.valid_to == TODAY
    again = price_rows.end_price(session, ref=row.ref, valid_to=TODAY, actor=offer_factories.STAFF)
    assert again.valid_to == TODAY
    with pytest.raises(ImmutableRowError, match="already ended"):
        price_rows.end_price(session, ref=row.ref, valid_to=TOMORROW, actor=offer_factories.STAFF)
    offer_factories.price(session, offer, 24900, valid_from=TOMORROW)
    session.commit()
    history = [entry.action for entry in entries_about(session, "offer", offer.sku)]
    assert history == [
        "offer.created",
        "offer.prices.added",
        "offer.status.published",
        "offer.prices.ended",
        "offer.prices.added",
    ]


def test_price_does_not_end_in_the_past(session: Session, offer: Offer) -> None:
    (row,) = queries.get_offer(session, offer.sku).prices
    with pytest.raises(InvalidInputError) as caught:
        price_rows.end_price(session, ref=row.ref, valid_to=YESTERDAY, actor=offer_factories.STAFF)
    assert caught.value.errors[0].pointer == "#/valid_to"


def test_price_does_not_end_before_it_begins(session: Session, offer: Offer) -> None:
    row = offer_factories.price(
        session, offer, 555, **{"class": "hospital", "valid_from": TOMORROW}
    )
    with pytest.raises(InvalidInputError, match="invalid"):
        price_rows.end_price(session, ref=row.ref, valid_to=TODAY, actor=offer_factories.STAFF)


def test_price_that_has_not_begun_can_be_removed(session: Session, offer: Offer) -> None:
    row = offer_factories.price(
        session, offer, 555, **{"class": "hospital", "valid_from": TOMORROW}
    )
    price_rows.remove_price(session, ref=row.ref, actor=offer_factories.STAFF)
    session.commit()
    assert amounts(session) == [19900]
    last = entries_about(session, "offer", offer.sku)[-1]
    assert last.action == "offer.prices.removed"
    assert last.before is not None
    assert last.before["amount"] == 555


def test_price_that_holds_cannot_be_removed(session: Session, offer: Offer) -> None:
    (row,) = queries.get_offer(session, offer.sku).prices
    with pytest.raises(ImmutableRowError, match="End it instead"):
        price_rows.remove_price(session, ref=row.ref, actor=offer_factories.STAFF)
    assert amounts(session) == [19900]


def test_price_of_a_draft_can_be_removed(session: Session) -> None:
    offer = offer_factories.draft(session, offer_factories.film_with_rights(session))
    row = offer_factories.price(session, offer)
    price_rows.remove_price(session, ref=row.ref, actor=offer_factories.STAFF)
    assert amounts(session) == []


@pytest.mark.parametrize("field", ["amount", "size_from", "valid_from"])
def test_price_in_hand_cannot_be_changed(session: Session, offer: Offer, field: str) -> None:
    (row,) = queries.get_offer(session, offer.sku).prices
    setattr(row, field, TOMORROW if field == "valid_from" else 1)
    with pytest.raises(ImmutableRowError, match="never changes"):
        session.flush()


@pytest.mark.parametrize(
    "statement",
    [
        update(PriceRow).values(amount=1),
        update(PriceRow).values(size_below=10),
        text("UPDATE price_rows SET customer_class = 'hospital'"),
        text("UPDATE license_texts SET body = 'Other words.'"),
        text("DELETE FROM license_texts"),
    ],
    ids=str,
)
def test_database_itself_keeps_prices_and_texts(
    session: Session, offer: Offer, statement: object
) -> None:
    assert offer.sku
    with pytest.raises(DatabaseError, match="never change"):
        session.execute(statement)  # type: ignore[call-overload]
    session.rollback()
    assert amounts(session) == [19900]


def test_database_lets_a_price_be_ended_once(session: Session, offer: Offer) -> None:
    assert offer.sku
    session.execute(update(PriceRow).values(valid_to=TODAY))
    with pytest.raises(DatabaseError, match="never change"):
        session.execute(update(PriceRow).values(valid_to=None))


def test_every_change_of_a_price_makes_the_catalog_new(session: Session, offer: Offer) -> None:
    session.commit()
    before = current(session).number
    row = offer_factories.price(
        session, offer, 555, **{"class": "hospital", "valid_from": TOMORROW}
    )
    session.commit()
    price_rows.remove_price(session, ref=row.ref, actor=offer_factories.STAFF)
    session.commit()
    offer_service.withdraw_offer(session, sku=offer.sku, actor=offer_factories.STAFF)
    assert current(session).number == before + 3
