"""Kinds of licenses by delivery and term, the columns of pages with several films."""

from collections.abc import Iterable, Sequence

from app.catalog.titles import slugify
from app.offers.licensing import OfferAnswer
from app.offers.states import DELIVERY_LABELS, Delivery


def kind_of(offer: OfferAnswer) -> str:
    """Return the delivery and term of an offer as a code: ``file-1-year``."""
    return f"{offer.delivery}-{slugify(offer.term_label)}"


def is_of_kind(offer: OfferAnswer, kind: str) -> bool:
    """Return whether ``kind`` is the offer's delivery, or its delivery and term."""
    return kind in {str(offer.delivery), kind_of(offer)}


def list_kinds(offers: Iterable[OfferAnswer]) -> list[tuple[str, str]]:
    """Return the kinds of ``offers`` with their labels: a delivery, or each of its terms."""
    by_delivery: dict[Delivery, dict[str, OfferAnswer]] = {}
    for offer in offers:
        by_delivery.setdefault(offer.delivery, {}).setdefault(kind_of(offer), offer)
    labels: dict[str, str] = {}
    for delivery in Delivery:
        terms = by_delivery.get(delivery, {})
        if len(terms) == 1:
            labels[str(delivery)] = DELIVERY_LABELS[delivery]
            continue
        for kind, offer in sorted(terms.items(), key=_by_length):
            labels[kind] = f"{DELIVERY_LABELS[delivery]}, {offer.term_label}"
    return list(labels.items())


def find_of_kind(offers: Sequence[OfferAnswer], kind: str) -> list[OfferAnswer]:
    """Return the offers of one kind, in their order."""
    return [offer for offer in offers if is_of_kind(offer, kind)]


def _by_length(term: tuple[str, OfferAnswer]) -> tuple[bool, int, str]:
    """Return the sort key by length; unlimited terms come last."""
    kind, offer = term
    months = offer.term.length_months
    return (months is None, months or 0, kind)
