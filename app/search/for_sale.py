"""What is for sale of each film, to anyone or to one buyer, as sets of films.

Most offers share delivery, rights, term, price list, and windows. The rules of ``app/offers`` judge
each such group once for all its films; a single offer is judged by the same rules.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from threading import Lock
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.money import Money
from app.offers.licensing import Buyer
from app.offers.pricing import lowest_price
from app.offers.sale_rules import is_for_sale
from app.search.bitmaps import bitmap
from app.search.facets import Facet, Ppr, PriceBand
from app.search.offer_groups import OfferGroup, find_offer_groups
from app.search.query import format_term

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
        """Return this with the offers of these films, in new slots, read anew; None on a new day.

        Their old slots keep what they had: whoever asks masks them.
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
