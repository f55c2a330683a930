"""What is on sale of each film, for anyone or for one buyer, as sets of films.

Most offers are alike: they share delivery, rights, term, price list and windows. Each such lot is
judged once, by the rules that also answer for one offer (``app/offers``), for all its films.
"""

import json
from array import array
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, Text, cast, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.money import Money
from app.finding.bits import bitmap
from app.finding.query import term_value
from app.finding.values import Facet, Ppr, PriceBand
from app.offers.bundles import parsed_bundle
from app.offers.licensing import Buyer
from app.offers.models import Offer, PriceRow, RightsWindow
from app.offers.states import HeldRight, OfferStatus
from app.offers.terms import Term
from app.offers.territories import Territory
from app.offers.windows import Window, fits

KEPT_VIEWS = 16
PORTION = 500


class Kind(NamedTuple):
    """What offers of one kind have in common."""

    delivery: str
    term: Term
    has_ppr: bool
    needed: frozenset[HeldRight]
    territory: Territory
    on_sale_from: date | None


class Point(NamedTuple):
    """A price that is valid today; sizes from ``size_from`` up to but not ``size_below``."""

    customer_class: CustomerClass
    size_from: int
    size_below: int | None
    amount: int
    currency: str


class Sold(NamedTuple):
    """The facets that one license has."""

    delivery: str
    term: str
    ppr: str
    price: str

    def value(self, facet: Facet) -> str:
        """Return its value of a facet of licenses."""
        return str(getattr(self, facet.value))


Windows = tuple[Window, ...]
Lot = tuple[Kind, tuple[Point, ...], Windows]


@dataclass(frozen=True, slots=True)
class OfferView:
    """What is on sale to one buyer, or to anyone: the films by kind of license, and from what."""

    films: Mapping[Sold, int]
    prices: Mapping[int, Money]
    """The lowest price of any license, by slot."""


class Offered:
    """The offers on sale on one day, in lots; ``view`` shows them to a buyer."""

    def __init__(self, on: date) -> None:
        self.on = on
        self._lots: dict[Lot, array[int]] = {}
        self._size = 0
        self._views: OrderedDict[tuple[object, ...], OfferView] = OrderedDict()
        self._viewing = Lock()

    @property
    def is_of_today(self) -> bool:
        """Whether prices and rights are still those of this day (UTC)."""
        return self.on == clock.today()

    @classmethod
    def read(cls, session: Session, slots: Mapping[int, int]) -> "Offered":
        """Read what is on sale of the films, which stand in these slots: in portions."""
        made = cls(clock.today())
        made._size = max(slots.values(), default=-1) + 1
        film_ids = list(slots)
        for start in range(0, len(film_ids), PORTION):
            made._add(session, slots, film_ids[start : start + PORTION], own=())
        return made

    def changed(
        self, session: Session, slots: Mapping[int, int], film_ids: Collection[int]
    ) -> "Offered | None":
        """Return this with the offers of these films, in new slots, read anew; None on a new day.

        Their old slots keep what they had: whoever asks masks them.
        """
        if not self.is_of_today:
            return None
        made = Offered(self.on)
        made._lots = dict(self._lots)
        made._size = max(slots.values(), default=-1) + 1
        if film_ids:
            made._add(session, slots, film_ids, own=self._lots)
        else:
            made._views = OrderedDict(self._views)
        return made

    def view(self, buyer: Buyer | None) -> OfferView:
        """Return what ``buyer`` may license; None: what anyone may, throughout its territory.

        Without a size, the prices are the lowest of the buyer's class.
        """
        with self._viewing:
            key = self._key(buyer)
            view = self._views.pop(key, None) or self._seen(buyer)
            self._views[key] = view
            while len(self._views) > KEPT_VIEWS:
                self._views.popitem(last=False)
            return view

    def _key(self, buyer: Buyer | None) -> tuple[object, ...]:
        """Return what tells buyers apart: of their size only between which edges it lies."""
        if buyer is None:
            return ()
        if buyer.size is None:
            return (buyer.customer_class, None, buyer.country)
        lists = {points for _, points, _ in self._lots}
        edges = {
            edge
            for points in lists
            for point in points
            if point.customer_class is buyer.customer_class
            for edge in (point.size_from, point.size_below)
            if edge is not None
        }
        return (buyer.customer_class, bisect_right(sorted(edges), buyer.size), buyer.country)

    def _seen(self, buyer: Buyer | None) -> OfferView:
        priced: dict[tuple[Point, ...], Money | None] = {}
        slots: dict[Sold, list[int]] = defaultdict(list)
        prices: dict[int, Money] = {}
        for (kind, points, windows), held in self._lots.items():
            if points not in priced:
                priced[points] = _lowest(points, buyer)
            price = priced[points]
            if price is None or not self._may_be_sold(kind, windows, buyer):
                continue
            sold = Sold(
                kind.delivery,
                term_value(kind.term.kind, kind.term.months),
                Ppr.INCLUDED.value if kind.has_ppr else "",
                PriceBand.of(price.amount, price.currency).value,
            )
            slots[sold].extend(held)
            for slot in held:
                known = prices.get(slot)
                if known is None or price.amount < known.amount:
                    prices[slot] = price
        films = {sold: bitmap(found, self._size) for sold, found in slots.items()}
        return OfferView(films, prices)

    def _may_be_sold(self, kind: Kind, windows: Windows, buyer: Buyer | None) -> bool:
        if kind.on_sale_from is not None and kind.on_sale_from > self.on:
            return False
        territory = kind.territory
        if buyer is not None:
            if not territory.contains(buyer.country):
                return False
            territory = Territory(frozenset({buyer.country}))
        return all(
            any(
                window.right is right
                and window.territory.covers(territory)
                and fits(window, term=kind.term, starts_on=self.on)
                for window in windows
            )
            for right in kind.needed
        )

    def _add(
        self,
        session: Session,
        slots: Mapping[int, int],
        film_ids: Collection[int],
        *,
        own: Collection[Lot],
    ) -> None:
        """Add the offers of these films. The lots ``own`` are another's too: they stay as is."""
        rows = select(
            Offer.id, Offer.film_id, Offer.status, Offer.delivery, Offer.term_kind,
            Offer.term_months, Offer.on_sale_from, cast(Offer.rights, Text).label("rights"),
            cast(Offer.territory, Text).label("territory"),
        ).where(Offer.film_id.in_(film_ids))  # fmt: skip
        # Not in the statement: SQLite would look up all published offers rather than these films'.
        found = [row for row in session.execute(rows) if row.status is OfferStatus.PUBLISHED]
        lists = _price_lists(session, [row.id for row in found], on=self.on)
        windows = _windows(session, film_ids)
        kinds: dict[tuple[object, ...], Kind] = {}
        shared = set(own)
        for row in found:
            slot, points = slots.get(row.film_id), lists.get(row.id)
            if slot is None or points is None:
                continue
            told = row[3:]
            if told not in kinds:
                kinds[told] = _kind(row)
            lot = (kinds[told], points, windows.get(row.film_id, ()))
            if lot in shared:
                shared.discard(lot)
                self._lots[lot] = array("I", self._lots[lot])
            self._lots.setdefault(lot, array("I")).append(slot)


def _kind(row: Any) -> Kind:  # noqa: ANN401 - a row with the columns above
    bundle = parsed_bundle(json.dumps(json.loads(row.rights), sort_keys=True))
    return Kind(
        row.delivery.value,
        Term(kind=row.term_kind, months=row.term_months),
        bundle.ppr.included,
        bundle.rights_needed(row.delivery),
        Territory.parse(json.loads(row.territory)),
        row.on_sale_from,
    )


def _windows(session: Session, film_ids: Collection[int]) -> dict[int, Windows]:
    """Return the windows of each film; films with the same ones share one tuple."""
    known: dict[tuple[object, ...], Window] = {}
    held: dict[int, list[Window]] = defaultdict(list)
    rows = select(
        RightsWindow.film_id, RightsWindow.right, cast(RightsWindow.territory, Text),
        RightsWindow.starts_on, RightsWindow.ends_on, RightsWindow.max_term_months,
        RightsWindow.may_sublicense_perpetual,
    ).order_by(RightsWindow.film_id, RightsWindow.right, RightsWindow.id)  # fmt: skip
    for row in session.execute(rows.where(RightsWindow.film_id.in_(film_ids))):
        key = row[1:]
        if key not in known:
            _, right, territory, starts_on, ends_on, longest, is_perpetual = row
            where = Territory.parse(json.loads(territory))
            known[key] = Window(right, where, starts_on, ends_on, longest, is_perpetual)
        held[row.film_id].append(known[key])
    shared: dict[Windows, Windows] = {}
    return {key: shared.setdefault(tuple(found), tuple(found)) for key, found in held.items()}


def _price_lists(
    session: Session, offer_ids: Collection[int], *, on: date
) -> dict[int, tuple[Point, ...]]:
    """Return the prices of each offer that are valid on that day.

    The database puts each list together as one text: most offers share theirs, and so a few texts
    are read instead of a hundred thousand rows.
    """
    parts = (
        PriceRow.customer_class, PriceRow.size_from, func.coalesce(PriceRow.size_below, -1),
        PriceRow.amount, PriceRow.currency,
    )  # fmt: skip
    told: ColumnElement[str] = cast(parts[0], String)
    for part in parts[1:]:
        told = told + "," + cast(part, String)
    rows = (
        select(PriceRow.offer_id, func.aggregate_strings(told, ";"))
        .where(
            PriceRow.offer_id.in_(offer_ids),
            PriceRow.valid_from <= on,
            or_(PriceRow.valid_to.is_(None), PriceRow.valid_to >= on),
        )
        .group_by(PriceRow.offer_id)
    )
    known: dict[str, tuple[Point, ...]] = {}
    shared: dict[tuple[Point, ...], tuple[Point, ...]] = {}
    found: dict[int, tuple[Point, ...]] = {}
    for offer_id, text in session.execute(rows):
        if text not in known:
            points = tuple(sorted(map(_point, text.split(";"))))
            known[text] = shared.setdefault(points, points)
        found[offer_id] = known[text]
    return found


def _point(text: str) -> Point:
    customer_class, size_from, size_below, amount, currency = text.split(",")
    return Point(
        CustomerClass(customer_class),
        int(size_from),
        None if size_below == "-1" else int(size_below),
        int(amount),
        currency,
    )


def _lowest(points: tuple[Point, ...], buyer: Buyer | None) -> Money | None:
    """Return the lowest price that the buyer may pay; None if there is none."""
    fitting = [
        point
        for point in points
        if buyer is None
        or (
            point.customer_class is buyer.customer_class
            and (
                buyer.size is None
                or (
                    point.size_from <= buyer.size
                    and (point.size_below is None or buyer.size < point.size_below)
                )
            )
        )
    ]
    best = min(fitting, key=lambda point: point.amount, default=None)
    return Money(best.amount, best.currency) if best else None
