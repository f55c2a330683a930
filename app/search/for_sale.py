"""What is for sale of each film, to anyone or to one buyer, as sets of films.

Most offers share delivery, rights, term, price list, and windows. The rules of ``app/offers`` judge
each such group once for all its films; a single offer is judged by the same rules.
"""

import json
from array import array
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import String, Text, case, cast, select, type_coerce
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.db import is_one_of
from app.core.money import Money
from app.offers.bundles import parse_bundle
from app.offers.licensing import Buyer
from app.offers.models import Offer, OfferPriceList, RightsWindow
from app.offers.price_lists import PriceLists
from app.offers.pricing import PricePoint, lowest_price
from app.offers.sale_rules import SaleTerms, is_for_sale
from app.offers.states import Delivery, HeldRight, OfferStatus
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory
from app.offers.window_rules import Window
from app.search.bitmaps import bitmap
from app.search.facets import Facet, Ppr, PriceBand
from app.search.query import format_term
from app.search.reading import MemoDict, aggregate_columns, iterate_batches, split_rows


class OfferTerms(NamedTuple):
    """What offers of one kind have in common."""

    delivery: str
    has_ppr: bool
    terms: SaleTerms


Points = tuple[PricePoint, ...]
Windows = tuple[Window, ...]
OfferGroup = tuple[OfferTerms, Points, Windows]


def find_offer_groups(
    session: Session, film_ids: Collection[int] | None, *, on: date
) -> Iterator[tuple[OfferGroup, "array[int]"]]:
    """Yield each lot that is published and has prices on that day, with the ids of its films.

    Of all films, or of those named. A lot may come more than once, and a film stand in it twice.
    """
    kinds: dict[tuple[object, ...], OfferTerms] = {}
    shared_points: dict[Points, Points] = {}
    shared_windows: dict[Windows, Windows] = {}

    def points_of(prices: Iterable[PricePoint]) -> Points:
        made = tuple(sorted((each.as_of(on) for each in prices), key=_place))
        return shared_points.setdefault(made, made)

    def windows_of(text: str) -> Windows:
        made = tuple(map(_window, sorted(split_rows(text))))
        return shared_windows.setdefault(made, made)

    lists, windows = PriceLists(session, on, points_of), MemoDict(windows_of)
    # By identity: to compare all that they say would take longer than to read it.
    found: dict[tuple[int, int, int], tuple[OfferGroup, array[int]]] = {}
    connection = session.connection()
    for portion in iterate_batches(session, film_ids):
        held = connection.execute(WINDOWS.where(is_one_of(session, RightsWindow.film_id, portion)))
        of_film = {film_id: windows[text] for film_id, text in held}
        # Not in the statement: SQLite would look up all published offers rather than these films'.
        told = connection.execute(OFFERS.where(is_one_of(session, Offer.film_id, portion)))
        rows = [row[1:] for row in told if row[0] == OfferStatus.PUBLISHED]
        prices = lists.of({offer_id: price_list_id for _, offer_id, price_list_id, *_ in rows})
        for film_id, offer_id, _, *terms in rows:
            points = prices[offer_id]
            if not points:
                continue
            kind = kinds.get(tuple(terms))
            if kind is None:
                kind = kinds[tuple(terms)] = _kind(terms)
            lot = (kind, points, of_film.get(film_id, ()))
            key = (id(lot[0]), id(lot[1]), id(lot[2]))
            if key not in found:
                found[key] = (lot, array("I"))
            found[key][1].append(film_id)
    yield from found.values()


OFFERS = select(
    type_coerce(Offer.status, String), Offer.film_id, Offer.id, OfferPriceList.price_list_id,
    type_coerce(Offer.delivery, String), type_coerce(Offer.term_kind, String),
    Offer.term_months, Offer.on_sale_from, cast(Offer.rights, Text), cast(Offer.territory, Text),
).outerjoin(OfferPriceList, OfferPriceList.offer_id == Offer.id)  # fmt: skip
WINDOWS = select(
    RightsWindow.film_id,
    aggregate_columns(
        RightsWindow.right, RightsWindow.territory, RightsWindow.starts_on, RightsWindow.ends_on,
        RightsWindow.max_term_months,
        case((RightsWindow.may_sublicense_perpetual, "1"), else_=""),
    ),
).group_by(RightsWindow.film_id)  # fmt: skip


def _kind(terms: Sequence[Any]) -> OfferTerms:
    delivery, term, months, on_sale_from, rights, territory = terms
    bundle = parse_bundle(json.dumps(json.loads(rights), sort_keys=True))
    sale_terms = SaleTerms(
        territory=Territory.parse(json.loads(territory)),
        needed=bundle.rights_needed(Delivery(delivery)),
        term=Term(kind=TermKind(term), months=months),
        on_sale_from=on_sale_from,
    )
    return OfferTerms(delivery, bundle.ppr.included, sale_terms)


def _window(row: Sequence[str]) -> Window:
    right, territory, starts_on, ends_on, longest, is_perpetual = row
    return Window(
        HeldRight(right),
        Territory.parse(json.loads(territory)),
        date.fromisoformat(starts_on),
        date.fromisoformat(ends_on) if ends_on else None,
        int(longest) if longest else None,
        bool(is_perpetual),
    )


def _place(point: PricePoint) -> tuple[object, ...]:
    """Return what a point stands by: equal lists come in one order."""
    band = point.band
    return (point.customer_class, band.size_from, point.amount.amount, band.size_below or 0)


MAX_VIEWS = 16


class LicenseFacets(NamedTuple):
    """The facets that one license has."""

    delivery: str
    term: str
    ppr: str
    price: str

    def value(self, facet: Facet) -> str:
        """Return its value of a facet of licenses."""
        return str(getattr(self, facet.value))


@dataclass(frozen=True, slots=True)
class OfferView:
    """What is for sale to one buyer, or to anyone: the films by kind of license, and from what."""

    films: Mapping[LicenseFacets, int]
    prices: Mapping[int, Money]
    """The lowest price of any license, by slot."""


class OffersForSale:
    """The offers for sale on one day, in groups with equal terms; ``view`` is a buyer's part."""

    def __init__(
        self, on: date, held: Mapping[OfferGroup, "array[int]"] | None = None, *, size: int = 0
    ) -> None:
        """Begin with these groups, each with the slots of its films, of ``size`` slots."""
        self.on = on
        self._groups = dict(held or {})
        self._size = size
        self._views: OrderedDict[tuple[object, ...], OfferView] = OrderedDict()
        self._viewing = Lock()

    @property
    def is_of_today(self) -> bool:
        """Whether prices and rights are still those of this day (UTC)."""
        return self.on == clock.today()

    @classmethod
    def read(cls, session: Session, slots: Mapping[int, int]) -> "OffersForSale":
        """Read in batches what is for sale of the films, which stand in these slots."""
        made = cls(clock.today())
        made._add(session, slots, None)
        return made

    def with_changes(
        self, session: Session, slots: Mapping[int, int], film_ids: Collection[int]
    ) -> "OffersForSale | None":
        """Return this with the offers of these films, in new slots, read again; None on a new day.

        Their old slots keep what they had: callers mask them.
        """
        if not self.is_of_today:
            return None
        made = OffersForSale(self.on, self._groups, size=self._size)
        if film_ids:
            made._add(session, slots, film_ids)
        else:
            made._views = OrderedDict(self._views)
        return made

    def view(self, buyer: Buyer | None) -> OfferView:
        """Return what ``buyer`` may license; None: what anyone may, throughout its territory.

        Without a size, the prices are the lowest of the buyer's class.
        """
        with self._viewing:
            key = self._key(buyer)
            view = self._views.pop(key, None) or self._build_view(buyer)
            self._views[key] = view
            while len(self._views) > MAX_VIEWS:
                self._views.popitem(last=False)
            return view

    def _key(self, buyer: Buyer | None) -> tuple[object, ...]:
        """Return what tells buyers apart: of their size only between which edges it lies."""
        if buyer is None:
            return ()
        if buyer.size is None:
            return (buyer.customer_class, None, buyer.country)
        return (
            buyer.customer_class,
            bisect_right(self._edges[buyer.customer_class], buyer.size),
            buyer.country,
        )

    @cached_property
    def _edges(self) -> Mapping[CustomerClass, Sequence[int]]:
        """The edges of the size bands of each class, in order."""
        found: dict[CustomerClass, set[int]] = defaultdict(set)
        for points in {id(points): points for _, points, _ in self._groups}.values():
            for point in points:
                found[point.customer_class].update(
                    (point.band.size_from, point.band.size_below or 0)
                )
        return defaultdict(list, {key: sorted(edges) for key, edges in found.items()})

    def _build_view(self, buyer: Buyer | None) -> OfferView:
        customer_class, size, country = None, None, None
        if buyer is not None:
            customer_class, size, country = buyer.customer_class, buyer.size, buyer.country
        priced: dict[int, Money | None] = {}
        slots: dict[LicenseFacets, list[int]] = defaultdict(list)
        prices: dict[int, Money] = {}
        for (kind, points, windows), held in self._groups.items():
            if id(points) not in priced:  # of equal lists most are one object
                priced[id(points)] = lowest_price(
                    points, on=self.on, customer_class=customer_class, size=size
                )
            price = priced[id(points)]
            if price is None or not is_for_sale(kind.terms, windows, country=country, on=self.on):
                continue
            sold = LicenseFacets(
                kind.delivery,
                format_term(kind.terms.term.kind, kind.terms.term.months),
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

    def _add(
        self, session: Session, slots: Mapping[int, int], film_ids: Collection[int] | None
    ) -> None:
        """Add the offers of these films; None: of all. Existing arrays stay as they are."""
        self._size = max(slots.values(), default=-1) + 1
        for group, film_ids_held in find_offer_groups(session, film_ids, on=self.on):
            held = array("I", (slots[key] for key in film_ids_held if key in slots))
            known = self._groups.get(group)
            self._groups[group] = held if known is None else known + held
