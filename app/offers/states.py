"""Small vocabularies of the offers: their codes are part of the API and never change."""

from enum import StrEnum


class OfferStatus(StrEnum):
    """Where an offer stands. Only a published one can be bought."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Delivery(StrEnum):
    """How the film is delivered to the licensee."""

    DVD = "dvd"
    BLURAY = "bluray"
    FILE = "file"
    STREAM = "stream"


class HeldRight(StrEnum):
    """A right that an owner grants to the distributor, window by window."""

    DVD = "dvd"
    PPR = "ppr"
    EDU_STREAM = "edu_stream"
    DSL = "dsl"


DELIVERY_LABELS: dict[Delivery, str] = {
    Delivery.DVD: "DVD",
    Delivery.BLURAY: "Blu-ray disc",
    Delivery.FILE: "Video file",
    Delivery.STREAM: "Hosted stream",
}

HELD_RIGHT_LABELS: dict[HeldRight, str] = {
    HeldRight.DVD: "sale on disc",
    HeldRight.PPR: "public performance",
    HeldRight.EDU_STREAM: "educational streaming",
    HeldRight.DSL: "digital site licensing",
}

DISCS = frozenset({Delivery.DVD, Delivery.BLURAY})


class Refusal(StrEnum):
    """Why an offer is not sold to this buyer today; a person reads the sentence beside it."""

    UNKNOWN = "unknown"
    FILM_WITHDRAWN = "film_withdrawn"
    WITHDRAWN = "withdrawn"
    NOT_ON_SALE_YET = "not_on_sale_yet"
    OUTSIDE_TERRITORY = "outside_territory"
    RIGHTS_NOT_HELD = "rights_not_held"
    TERM_OUTLASTS_RIGHTS = "term_outlasts_rights"
    TERM_TOO_LONG = "term_too_long"
    NOT_PERPETUAL = "not_perpetual"
    NOT_FOR_CLASS = "not_for_class"
    SIZE_NEEDED = "size_needed"
    SIZE_NOT_PRICED = "size_not_priced"
    NO_PRICE_TODAY = "no_price_today"
    QUANTITY = "quantity"


# DRAFT -> PUBLISHED -> WITHDRAWN, and back on sale again; never back to draft, as it was seen.
OFFER_TRANSITIONS: dict[OfferStatus, frozenset[OfferStatus]] = {
    OfferStatus.DRAFT: frozenset({OfferStatus.PUBLISHED}),
    OfferStatus.PUBLISHED: frozenset({OfferStatus.WITHDRAWN}),
    OfferStatus.WITHDRAWN: frozenset({OfferStatus.PUBLISHED}),
}
