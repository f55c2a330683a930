"""Reading which offers are alike: in delivery, rights, term, price list and the film's windows."""

import json
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import String, Text, case, cast, select, type_coerce
from sqlalchemy.orm import Session

from app.core.db import is_one_of
from app.offers.bundles import parse_bundle
from app.offers.models import Offer, OfferPriceList, RightsWindow
from app.offers.price_lists import PriceLists
from app.offers.pricing import PricePoint
from app.offers.sale_rules import SaleTerms
from app.offers.states import Delivery, HeldRight, OfferStatus
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory
from app.offers.window_rules import Window
from app.search.reading import iterate_batches
from app.search.row_aggregation import MemoDict, aggregate_columns, split_rows


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
