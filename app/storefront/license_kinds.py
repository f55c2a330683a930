"""Kinds of license, by delivery and term: what pages with many films make columns of."""

from collections.abc import Iterable, Sequence

from app.catalog.titles import slugify
from app.offers.licensing import OfferAnswer
from app.offers.states import DELIVERY_LABELS, Delivery


def kind_of(offer: OfferAnswer) -> str:
    """Return how an offer is delivered and for how long, in one word: ``file-1-year``."""
    return f"{offer.delivery}-{slugify(offer.term_label)}"


def is_of_kind(offer: OfferAnswer, kind: str) -> bool:
    """Return whether ``kind`` is the offer's delivery, or its delivery and term."""
    return kind in {str(offer.delivery), kind_of(offer)}


def list_kinds(offers: Iterable[OfferAnswer]) -> list[tuple[str, str]]:
    """Return the kinds of ``offers`` with their names: a delivery, or each of its terms."""
    by_delivery: dict[Delivery, dict[str, OfferAnswer]] = {}
    for offer in offers:
        by_delivery.setdefault(offer.delivery, {}).setdefault(kind_of(offer), offer)
    found: dict[str, str] = {}
    for delivery in Delivery:
        terms = by_delivery.get(delivery, {})
        if len(terms) == 1:
            found[str(delivery)] = DELIVERY_LABELS[delivery]
            continue
        for kind, offer in sorted(terms.items(), key=_by_length):
            found[kind] = f"{DELIVERY_LABELS[delivery]}, {offer.term_label}"
    return list(found.items())


def find_of_kind(offers: Sequence[OfferAnswer], kind: str) -> list[OfferAnswer]:
    """Return the offers of one kind, in their order."""
    return [offer for offer in offers if is_of_kind(offer, kind)]


def _by_length(term: tuple[str, OfferAnswer]) -> tuple[bool, int, str]:
    """Sort terms by their length; those that no date ends come last."""
    kind, offer = term
    months = offer.term.length_months
    return (months is None, months or 0, kind)
