"""Price lists: the price rows of an offer, stored once for all offers with the same rows.

Most offers are sold by the list of many others: who needs the prices of all of them reads a few
lists instead of every row. When a row changes, the database takes the list away from its offer (a
trigger), and the code that changed it writes it again in the same transaction. What an offer
without a list costs is read from its rows. So a list may be missing, but is never wrong.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.customers import CustomerClass
from app.core.db import insert_missing, insert_new, is_one_of, upsert
from app.core.money import Money
from app.offers.models import Offer, OfferPriceList, PriceList, PriceRow
from app.offers.pricing import PricePoint, SizeBand

T = TypeVar("T")
BATCH_SIZE = 500


class PriceLists(Generic[T]):
    """What the price lists of offers say of one day, as ``make`` has it: each read once."""

    def __init__(
        self, session: Session, on: date, make: Callable[[Iterable[PricePoint]], T]
    ) -> None:
        self._session = session
        self._on = on
        self._make = make
        self._known: dict[int, T] = {}

    def of(self, lists: Mapping[int, int | None]) -> dict[int, T]:
        """Return it for each offer; ``lists`` has the offers with the ids of their lists, or None.

        Takes one query for lists that were not asked for before, and one for offers without any.
        """
        new = {key for key in lists.values() if key is not None and key not in self._known}
        if new:
            told = select(PriceList.id, PriceList.prices).where(
                is_one_of(self._session, PriceList.id, new)
            )
            for key, text in self._session.execute(told):
                self._known[key] = self._of_day(parse_points(text))
        bare = [offer_id for offer_id, key in lists.items() if key is None]
        rows = _rows(self._session, bare) if bare else {}
        return {
            offer_id: self._of_day(rows[offer_id]) if key is None else self._known[key]
            for offer_id, key in lists.items()
        }

    def _of_day(self, points: Iterable[PricePoint]) -> T:
        return self._make(point for point in points if point.is_valid(self._on))


def save_price_list(session: Session, offer: Offer) -> None:
    """Store what was changed of an offer's prices, and store the list that they are now."""
    session.flush()
    text = format_points(row.point for row in offer.prices)
    sha256 = _hash(text)
    wanted = select(PriceList.id).where(PriceList.sha256 == sha256)
    key = session.scalar(wanted)
    if key is None:
        new = insert_new(session, PriceList, {"sha256": sha256, "prices": text})
        key = new.id if new else session.scalars(wanted).one()
    row = {"offer_id": offer.id, "price_list_id": key}
    upsert(session, OfferPriceList, [row], index_elements=["offer_id"])


def save_missing(sessions: sessionmaker[Session]) -> int:
    """Write the lists of all offers that have none; return how many.

    Only SQL from outside the application writes prices without this. Safe to repeat and to run
    next to other writers: some offers at a time, each batch in its own transaction.
    """
    last = written = 0
    while True:
        with sessions.begin() as session:
            wanted = select(Offer.id).where(
                Offer.id > last, Offer.id.not_in(select(OfferPriceList.offer_id))
            )
            # Locked as every change of their prices does.
            ids = session.scalars(
                wanted.order_by(Offer.id).limit(BATCH_SIZE).with_for_update()
            ).all()
            if not ids:
                return written
            _save_batch(session, ids)
        last = ids[-1]
        written += len(ids)


def _save_batch(session: Session, offer_ids: Sequence[int]) -> None:
    rows = _rows(session, offer_ids)
    texts = {offer_id: format_points(rows[offer_id]) for offer_id in offer_ids}
    hashes = {text: _hash(text) for text in texts.values()}
    made = [{"sha256": sha256, "prices": text} for text, sha256 in hashes.items()]
    insert_missing(session, PriceList, made, index_elements=["sha256"])
    known = select(PriceList.sha256, PriceList.id).where(
        is_one_of(session, PriceList.sha256, hashes.values())
    )
    ids = {sha256: key for sha256, key in session.execute(known)}  # noqa: C416 - typed so
    of_offers = [
        {"offer_id": offer_id, "price_list_id": ids[hashes[text]]}
        for offer_id, text in texts.items()
    ]
    upsert(session, OfferPriceList, of_offers, index_elements=["offer_id"])


def format_points(points: Iterable[PricePoint]) -> str:
    """Return a list as JSON: class, sizes, amount, currency and days of each price, sorted.

    Equal lists have equal texts, in any order of their prices.
    """
    rows = sorted(
        json.dumps(
            [
                point.customer_class,
                point.band.size_from,
                point.band.size_below,
                point.amount.amount,
                point.amount.currency,
                point.valid_from.isoformat(),
                point.valid_to and point.valid_to.isoformat(),
            ]
        )
        for point in points
    )
    return f"[{', '.join(rows)}]"


def parse_points(text: str) -> list[PricePoint]:
    """Return the prices of a list."""
    return [
        _point((*told, date.fromisoformat(first), date.fromisoformat(last) if last else None))
        for *told, first, last in json.loads(text)
    ]


def _rows(session: Session, offer_ids: Collection[int]) -> Mapping[int, list[PricePoint]]:
    """Return the prices of these offers, of any day, as their rows say."""
    found: dict[int, list[PricePoint]] = defaultdict(list)
    rows = session.execute(
        select(
            PriceRow.offer_id, PriceRow.customer_class, PriceRow.size_from, PriceRow.size_below,
            PriceRow.amount, PriceRow.currency, PriceRow.valid_from, PriceRow.valid_to,
        ).where(is_one_of(session, PriceRow.offer_id, offer_ids))
    )  # fmt: skip
    for offer_id, *told in rows:
        found[offer_id].append(_point(told))
    return found


def _point(told: Sequence[Any]) -> PricePoint:
    customer_class, size_from, size_below, amount, currency, valid_from, valid_to = told
    band, price = SizeBand(size_from, size_below), Money(amount, currency)
    return PricePoint(CustomerClass(customer_class), band, price, valid_from, valid_to)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
