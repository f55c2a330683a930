"""The vocabularies of search: what lists can be narrowed to, and how each value is called."""

from bisect import bisect_right
from enum import StrEnum

from app.core.money import DECIMALS


class LengthBand(StrEnum):
    """How long a film's main version runs, in minutes."""

    UNDER_30 = "under-30"
    FROM_30 = "30-59"
    FROM_60 = "60-89"
    FROM_90 = "90-plus"

    @property
    def label(self) -> str:
        """Return it in words."""
        return _band_label(self, "minutes")

    @classmethod
    def of(cls, minutes: int) -> "LengthBand":
        """Return the band that ``minutes`` lies in.

        >>> LengthBand.of(60).value
        '60-89'
        """
        return LENGTHS[bisect_right((30, 60, 90), minutes)]


class Access(StrEnum):
    """An accessibility feature of any version of a film."""

    CAPTIONS = "captions"
    AUDIO_DESCRIPTION = "audio-description"

    @property
    def label(self) -> str:
        """Return it in words."""
        return {
            Access.CAPTIONS: "Captions that describe sounds",
            Access.AUDIO_DESCRIPTION: "Audio description",
        }[self]


class Ppr(StrEnum):
    """Whether public performance rights come with a license."""

    INCLUDED = "included"

    @property
    def label(self) -> str:
        """Return it in words."""
        return "Included"


class PriceBand(StrEnum):
    """What a license costs, in whole units of its currency."""

    UNDER_100 = "under-100"
    FROM_100 = "100-249"
    FROM_250 = "250-499"
    FROM_500 = "500-plus"

    @property
    def label(self) -> str:
        """Return it in words."""
        return _band_label(self, "")

    @classmethod
    def of(cls, amount: int, currency: str) -> "PriceBand":
        """Return the band of an amount in minor units.

        >>> PriceBand.of(24999, "USD").value
        '100-249'
        """
        whole = amount // 10 ** DECIMALS[currency]
        return PRICES[bisect_right((100, 250, 500), whole)]


class Facet(StrEnum):
    """A filter for films. The value is the name of the parameter."""

    SUBJECT = "subject"
    COUNTRY = "country"
    LANGUAGE = "language"
    SUBTITLES = "subtitles"
    CAPTIONS = "captions"
    DECADE = "decade"
    LENGTH = "length"
    COLOR = "color"
    ACCESS = "access"
    PPR = "ppr"
    DELIVERY = "delivery"
    TERM = "term"
    PRICE = "price"
    PLATFORM = "platform"
    COLLECTION = "collection"

    @property
    def heading(self) -> str:
        """Return what people read above its values."""
        return HEADINGS[self]

    def active_label(self, label: str) -> str:
        """Return a value by its ``label`` as it reads away from the heading.

        >>> Facet.SUBTITLES.active_label("English"), Facet.SUBJECT.active_label("Russia")
        ('Subtitles: English', 'Russia')
        """
        return f"{LABEL_PREFIXES[self]}: {label}" if self in LABEL_PREFIXES else label


LENGTHS = tuple(LengthBand)
PRICES = tuple(PriceBand)
HEADINGS = {
    Facet.SUBJECT: "Subject",
    Facet.COUNTRY: "Country",
    Facet.LANGUAGE: "Spoken language",
    Facet.SUBTITLES: "Subtitles",
    Facet.CAPTIONS: "Captions",
    Facet.DECADE: "Released",
    Facet.LENGTH: "Length",
    Facet.COLOR: "Color",
    Facet.ACCESS: "Access",
    Facet.PPR: "Public performance",
    Facet.DELIVERY: "Delivery",
    Facet.TERM: "License term",
    Facet.PRICE: "Your price",
    Facet.PLATFORM: "Partner platform",
    Facet.COLLECTION: "Collection",
}
# Without these words nobody could tell which facet a value is of.
LABEL_PREFIXES = {
    Facet.LANGUAGE: "Spoken",
    Facet.SUBTITLES: "Subtitles",
    Facet.CAPTIONS: "Captions",
    Facet.PPR: "Public performance",
    Facet.TERM: "Term",
    Facet.PRICE: "Your price",
}
# What one license must have all of: a film's DVD in perpetuity is not its stream for a year.
LICENSE_FACETS = (Facet.DELIVERY, Facet.TERM, Facet.PPR, Facet.PRICE)
FILM_FACETS = tuple(facet for facet in Facet if facet not in LICENSE_FACETS)


def _band_label(band: StrEnum, unit: str) -> str:
    """Return ``Under 30 minutes``, ``30 to 59 minutes``, ``90 minutes or more``."""
    first, _, last = band.value.partition("-")
    after = f" {unit}" if unit else ""
    if first == "under":
        return f"Under {last}{after}"
    return f"{first}{after} or more" if last == "plus" else f"{first} to {last}{after}"
