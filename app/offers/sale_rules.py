"""What is for sale: the one rule, for a single offer and for all offers that search knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.offers.states import HeldRight, OfferStatus, Refusal
from app.offers.terms import Term
from app.offers.territories import Territory
from app.offers.window_rules import Reason, Window, find_rights_refusals, format_day


@dataclass(frozen=True, slots=True)
class SaleTerms:
    """What of an offer decides whether it is for sale, apart from its prices."""

    territory: Territory
    needed: frozenset[HeldRight]
    term: Term
    on_sale_from: date | None
    status: OfferStatus = OfferStatus.PUBLISHED
    is_film_public: bool = True


def find_refusals(
    terms: SaleTerms,
    windows: Iterable[Window],
    *,
    country: str | None,
    on: date,
    ends_on: date | None = None,
) -> list[Reason]:
    """Return why the offer is not for sale on that day to buyers in ``country``; empty if it is.

    None as the country asks for the offer's whole territory. ``windows`` are those of its film.
    ``ends_on`` is a last day that was agreed instead of the term's own.
    """
    found = []
    territory = terms.territory
    if country is not None and territory.contains(country):
        territory = Territory(frozenset({country}))
    elif country is not None:
        words = f"This license is available {territory.label()} only."
        found.append(Reason(Refusal.OUTSIDE_TERRITORY, words))
    if not terms.is_film_public:
        found.append(Reason(Refusal.FILM_WITHDRAWN, "This film is not in our catalog."))
    if terms.status is not OfferStatus.PUBLISHED:
        found.append(Reason(Refusal.WITHDRAWN, "This license is no longer available."))
    if terms.on_sale_from is not None and terms.on_sale_from > on:
        words = f"This license will be available on {format_day(terms.on_sale_from)}."
        found.append(Reason(Refusal.NOT_ON_SALE_YET, words))
    return found + find_rights_refusals(
        windows,
        needed=terms.needed,
        territory=territory,
        term=terms.term,
        starts_on=on,
        ends_on=ends_on,
    )


def is_for_sale(
    terms: SaleTerms, windows: Iterable[Window], *, country: str | None, on: date
) -> bool:
    """Return whether the offer is for sale on that day, as ``find_refusals`` decides."""
    return not find_refusals(terms, windows, country=country, on=on)
