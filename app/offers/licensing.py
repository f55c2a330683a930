"""What a buyer may license, at what price, and if not, why not: the one answer for every caller."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES, CustomerClass
from app.catalog.models import Film
from app.catalog.parts_models import PartnerLink
from app.core import clock
from app.core.money import Money
from app.offers import pricing, queries
from app.offers.bundles import RightsBundle
from app.offers.models import LicenseText, Offer
from app.offers.price_lists import PriceLists
from app.offers.pricing import PriceAnswer, PricePoint
from app.offers.rights_text import RightsSentence, describe_rights
from app.offers.sale_rules import find_refusals, is_for_sale
from app.offers.states import Delivery, HeldRight, OfferStatus, Refusal
from app.offers.terms import Term
from app.offers.territories import Territory
from app.offers.window_rules import Reason, Window, find_rights_refusals, last_grant_day, rights_end

SEEN = (OfferStatus.PUBLISHED, OfferStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who asks. ``size`` is counted as the class counts it; ``country`` is ISO 3166-1 alpha-2."""

    customer_class: CustomerClass
    size: int | None
    country: str


@dataclass(frozen=True, slots=True)
class OfferAnswer:
    """A yes: the offer as it is for this buyer on this day, with its price explained."""

    offer: Offer
    buyer: Buyer
    on: date
    price: PriceAnswer
    rights: RightsBundle
    rights_sentences: tuple[RightsSentence, ...]
    rights_end_on: date | None
    last_day: date | None
    """The last day to order it, for the whole term must fit; None: no day is the last."""

    @property
    def sku(self) -> str:
        """The offer's public name."""
        return self.offer.sku

    @property
    def title(self) -> str:
        """The offer's title, without the film's title."""
        return self.offer.title

    @property
    def delivery(self) -> Delivery:
        """How it reaches the licensee."""
        return self.offer.delivery

    @property
    def term(self) -> Term:
        """How long the license runs."""
        return self.offer.term

    @property
    def term_label(self) -> str:
        """The term as a noun, such as ``3 years``."""
        return self.offer.term.label()

    @property
    def license_text(self) -> LicenseText:
        """The text that the buyer accepts."""
        return self.offer.license_text

    @property
    def versions(self) -> list[str]:
        """The labels of the film's versions that come with it."""
        return [version.label for version in self.offer.versions]

    @property
    def ships(self) -> bool:
        """Whether the offer ships a physical item."""
        return self.offer.shippable

    def refusal_in(self, currency: str) -> str | None:
        """Return why a store that sells in ``currency`` cannot sell at this price; None: it can."""
        own = self.price.total.currency
        return (
            None
            if own == currency
            else (f"This license is priced in {own}, but the store sells in {currency}.")
        )

    def snapshot(self) -> dict[str, Any]:
        """Return all of it as JSON, for an order to keep: later changes leave that be."""
        return {
            "sku": self.sku,
            "title": self.title,
            "film": {"slug": self.offer.film.slug, "title": self.offer.film.title},
            "delivery": str(self.delivery),
            "ships": self.ships,
            "versions": self.versions,
            "rights": self.rights.model_dump(mode="json"),
            "rights_text": [
                sentence.as_json(self.buyer.customer_class) for sentence in self.rights_sentences
            ],
            "term": {**self.term.model_dump(mode="json"), "words": self.term_label},
            "territory": self.offer.sale_territory.codes(),
            "license_text": {
                "code": self.license_text.code,
                "version": self.license_text.version,
                "title": self.license_text.title,
                "sha256": self.license_text.sha256,
            },
            "price": self.price.as_json(),
            "buyer": {
                "class": str(self.buyer.customer_class),
                "size": self.buyer.size,
                "country": self.buyer.country,
            },
            "priced_on": self.on.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A no, with every reason for it. ``delivery`` is None if there is no such offer."""

    sku: str
    title: str
    delivery: Delivery | None
    term_label: str
    refusals: tuple[Reason, ...]

    @property
    def needs_size(self) -> bool:
        """Whether nothing but the buyer's size is missing."""
        return {refusal.code for refusal in self.refusals} == {Refusal.SIZE_NEEDED}

    @property
    def reasons(self) -> list[str]:
        """The reasons as sentences to the buyer."""
        return [refusal.words for refusal in self.refusals]

    @property
    def codes(self) -> list[Refusal]:
        """The reasons for programs, in the same order."""
        return [refusal.code for refusal in self.refusals]


@dataclass(frozen=True, slots=True)
class LicensingAnswer:
    """All of a film's offers for one buyer: what may be licensed, and what may not."""

    film: Film
    buyer: Buyer
    on: date
    offers: tuple[OfferAnswer, ...]
    not_offered: tuple[NotOffered, ...]
    size_needed: tuple[NotOffered, ...] = ()
    """What may be licensed once the buyer has given a size: nothing else stands against it."""

    @property
    def size_question(self) -> str:
        """What to ask a buyer whose size is needed."""
        return CLASSES[self.buyer.customer_class].size_question

    @property
    def partner_links(self) -> list[PartnerLink]:
        """Where this buyer can stream the film through a partner; the film has them loaded."""
        return [
            link
            for link in self.film.partner_links
            if (not link.classes or self.buyer.customer_class in link.classes)
            and (not link.territory or Territory.parse(link.territory).contains(self.buyer.country))
        ]


def get_licensing(session: Session, film: Film, buyer: Buyer, *, on: date) -> LicensingAnswer:
    """Return what ``buyer`` may license of ``film`` on that day, and why not the rest.

    Takes four queries however many offers, versions and prices the film has.
    """
    return _build_licensing(session, [film], buyer, on=on)[film.id]


def get_licensing_of_films(
    session: Session, films: Collection[Film], buyer: Buyer, *, on: date
) -> dict[int, LicensingAnswer]:
    """Return, by film, what ``buyer`` may license of it on that day, and why not the rest.

    Takes six queries, however many films there are.
    """
    return _build_licensing(session, films, buyer, on=on, of_many=True)


def _build_licensing(
    session: Session, films: Collection[Film], buyer: Buyer, *, on: date, of_many: bool = False
) -> dict[int, LicensingAnswer]:
    film_ids = [film.id for film in films]
    windows = queries.find_windows_by_film(session, film_ids)
    offers = queries.find_visible_offers(session, film_ids, statuses=SEEN, of_many=of_many)
    points = queries.read_price_points(
        session, [offer.id for offer in offers], buyer.customer_class
    )
    answers: dict[int, list[OfferAnswer | NotOffered]] = defaultdict(list)
    for offer in offers:
        answers[offer.film_id].append(
            answer_offer(offer, windows[offer.film_id], points[offer.id], buyer, quantity=1, on=on)
        )
    refused = {
        film.id: [each for each in answers[film.id] if isinstance(each, NotOffered)]
        for film in films
    }
    return {
        film.id: LicensingAnswer(
            film=film,
            buyer=buyer,
            on=on,
            offers=tuple(each for each in answers[film.id] if isinstance(each, OfferAnswer)),
            not_offered=tuple(no for no in refused[film.id] if not no.needs_size),
            size_needed=tuple(no for no in refused[film.id] if no.needs_size),
        )
        for film in films
    }


def build_offer_answer(
    session: Session, sku: str, buyer: Buyer, *, quantity: int, on: date
) -> OfferAnswer | NotOffered:
    """Return the answer for one offer, as carts and orders ask it.

    A draft is as unknown to buyers as a SKU that never was.
    """
    offer = queries.get_visible_offer(session, sku)
    if offer is None:
        reason = Reason(Refusal.UNKNOWN, f"Offer “{sku}” not found.")
        return NotOffered(sku=sku, title="", delivery=None, term_label="", refusals=(reason,))
    windows = queries.find_windows_by_film(session, [offer.film_id])[offer.film_id]
    points = queries.read_price_points(session, [offer.id], buyer.customer_class)
    return answer_offer(offer, windows, points[offer.id], buyer, quantity=quantity, on=on)


def find_grant_refusals(
    session: Session,
    *,
    film_id: int,
    needed: Collection[HeldRight],
    territory: Territory,
    term: Term,
    starts_on: date,
    ends_on: date | None = None,
) -> list[Reason]:
    """Return why a license may not be granted under the rights that we hold now; empty: it may.

    ``ends_on`` is a last day that was agreed instead of the term's own.
    """
    return find_rights_refusals(
        queries.find_windows_by_film(session, [film_id])[film_id],
        needed=needed,
        territory=territory,
        term=term,
        starts_on=starts_on,
        ends_on=ends_on,
    )


def find_starting_prices(
    session: Session, film_ids: Collection[int], *, on: date | None = None
) -> dict[int, Money]:
    """Return the lowest price that anyone pays on that day for any license of each film.

    None is today, by UTC. Films without an offer that can be sold then, throughout its territory,
    are left out. Takes three queries, and one more for offers without a price list.
    """
    on = on or clock.today()
    windows = queries.find_windows_by_film(session, film_ids)
    offers = queries.find_sellable_offers(session, film_ids)
    lists = PriceLists(session, on, partial(pricing.lowest_price, on=on))
    prices = lists.of({offer.id: price_list_id for offer, price_list_id in offers})
    lowest: dict[int, Money] = {}
    for offer, _ in offers:
        price, known = prices[offer.id], lowest.get(offer.film_id)
        if price is None or (known is not None and known.amount <= price.amount):
            continue
        if is_for_sale(offer.sale_terms, windows[offer.film_id], country=None, on=on):
            lowest[offer.film_id] = price
    return lowest


def find_public_offers(
    session: Session, film_ids: Collection[int], *, on: date
) -> dict[int, list[Offer]]:
    """Return what of each film is sold on that day, throughout an offer's territory, to anyone.

    The offers come in their order, with all their prices; one without a price that day is left
    out, and so is a film without an offer. Takes four queries.
    """
    windows = queries.find_windows_by_film(session, film_ids)
    published = queries.find_offers_of_films(session, film_ids, statuses=[OfferStatus.PUBLISHED])
    found: dict[int, list[Offer]] = {}
    for offer in published:
        terms, held = offer.sale_terms, windows[offer.film_id]
        if offer.prices_on(on) and is_for_sale(terms, held, country=None, on=on):
            found.setdefault(offer.film_id, []).append(offer)
    return found


def answer_offer(
    offer: Offer,
    windows: Sequence[Window],
    points: Sequence[PricePoint],
    buyer: Buyer,
    *,
    quantity: int,
    on: date,
) -> OfferAnswer | NotOffered:
    """Return the answer for one offer, from its film's rights and its prices for the class."""
    terms = offer.sale_terms
    refusals = find_refusals(terms, windows, country=buyer.country, on=on)
    if quantity > 1 and not offer.shippable:
        words = "One license covers the whole institution. Set the quantity to 1."
        refusals.append(Reason(Refusal.QUANTITY, words))
    price = pricing.find_price(
        points,
        customer_class=buyer.customer_class,
        size=buyer.size,
        quantity=quantity,
        on=on,
    )
    # A missing size is asked for; where something else stands against it, it is no reason.
    if isinstance(price, Reason) and not (refusals and price.code is Refusal.SIZE_NEEDED):
        refusals.append(price)
    if refusals or isinstance(price, Reason):
        return NotOffered(
            sku=offer.sku,
            title=offer.title,
            delivery=offer.delivery,
            term_label=offer.term.label(),
            refusals=tuple(refusals),
        )
    bundle = offer.bundle
    there = Territory(frozenset({buyer.country}))
    return OfferAnswer(
        offer=offer,
        buyer=buyer,
        on=on,
        price=price,
        rights=bundle,
        rights_sentences=_sentences(bundle, offer.term, buyer.customer_class),
        rights_end_on=rights_end(windows, needed=terms.needed, territory=there, on=on),
        last_day=last_grant_day(
            windows, needed=terms.needed, territory=there, term=terms.term, on=on
        ),
    )


@lru_cache(maxsize=1024)
def _sentences(
    bundle: RightsBundle, term: Term, customer_class: CustomerClass
) -> tuple[RightsSentence, ...]:
    return tuple(describe_rights(bundle, term, customer_class=customer_class))
