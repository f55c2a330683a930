"""Several films' licenses side by side: which films, which of their licenses, and the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.catalog.models import Film
from app.offers.licensing import LicensingAnswer, NotOffered, OfferAnswer
from app.offers.states import DELIVERY_WORDS, Delivery, Refusal
from app.offers.words import RightsSentence, Topic
from app.storefront.film_view import MAIN_TOPICS, captions_of, until

MOST_FILMS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """Which films are compared, by slug and in their order, and as what they are delivered."""

    slugs: tuple[str, ...]
    delivery: Delivery | None = None

    def url(self, slugs: Sequence[str], *, delivery: Delivery | None = None) -> str:
        """Return the address of the comparison of these films."""
        given = [("film", slug) for slug in slugs]
        given += [("as", str(delivery))] if delivery else []
        return f"/compare?{urlencode(given)}" if given else "/compare"

    @property
    def here(self) -> str:
        """The address of this comparison."""
        return self.url(self.slugs, delivery=self.delivery)

    def without(self, slug: str) -> str:
        """Return the address without one of the films."""
        kept = [each for each in self.slugs if each != slug]
        return self.url(kept, delivery=self.delivery)

    def plus(self, slug: str) -> str:
        """Return the address with one film more."""
        return self.url([*self.slugs, slug], delivery=self.delivery)

    def as_delivery(self, delivery: Delivery | None) -> str:
        """Return the address with the licenses of one delivery only; None for all."""
        return self.url(self.slugs, delivery=delivery)


@dataclass(frozen=True, slots=True)
class Column:
    """One license of one film."""

    film: Film
    offer: OfferAnswer

    @property
    def label(self) -> str:
        """What it is called where columns stand below each other."""
        return f"{self.film.title}: {self.offer.title}"

    @property
    def captions(self) -> str:
        """The captions of what is delivered."""
        return captions_of(self.film, self.offer)

    @property
    def until(self) -> str:
        """Until when it can be ordered."""
        return until(self.offer)


@dataclass(frozen=True, slots=True)
class Refused:
    """What of one film cannot be licensed, and why; without offers there is no reason at all."""

    film: Film
    not_offered: Sequence[NotOffered]
    needs_size: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The comparison: films over their columns, and the rows of questions."""

    films: Sequence[tuple[Film, int]]
    columns: Sequence[Column]
    main: Sequence[tuple[str, Sequence[RightsSentence]]]
    more: Sequence[tuple[str, Sequence[RightsSentence]]]
    refused: Sequence[Refused]
    deliveries: Sequence[tuple[Delivery, str]]
    """What the licenses may be narrowed to; empty where there is no choice."""

    @property
    def needs_size(self) -> bool:
        """Whether the buyer's size would answer more."""
        return any(each.needs_size for each in self.refused)


def table(
    films: Sequence[Film], answers: Sequence[LicensingAnswer], delivery: Delivery | None
) -> Table:
    """Return the comparison of these films' licenses, in the order of the films."""
    pairs = list(zip(films, answers, strict=True))
    ways = {offer.delivery for answer in answers for offer in answer.offers}
    columns = [
        Column(film, offer)
        for film, answer in pairs
        for offer in answer.offers
        if delivery is None or offer.delivery is delivery
    ]
    return Table(
        films=_over(columns),
        columns=columns,
        main=_rows(columns, MAIN_TOPICS),
        more=_rows(columns, [topic for topic in Topic if topic not in MAIN_TOPICS]),
        refused=[
            Refused(
                film,
                answer.not_offered,
                any(Refusal.SIZE_NEEDED in no.codes for no in answer.not_offered),
            )
            for film, answer in pairs
            if answer.not_offered or not answer.offers
        ],
        deliveries=[(way, DELIVERY_WORDS[way]) for way in Delivery if way in ways]
        if len(ways) > 1 or delivery not in {None, *ways}
        else [],
    )


def _over(columns: Sequence[Column]) -> list[tuple[Film, int]]:
    found: list[tuple[Film, int]] = []
    for column in columns:
        if found and found[-1][0].id == column.film.id:
            found[-1] = (column.film, found[-1][1] + 1)
        else:
            found.append((column.film, 1))
    return found


def _rows(
    columns: Sequence[Column], topics: Sequence[Topic]
) -> list[tuple[str, Sequence[RightsSentence]]]:
    """Return the topics' questions with each column's answer; one that some lack is left out."""
    said = [{each.topic: each for each in column.offer.rights_sentences} for column in columns]
    return [
        (said[0][topic].question, [each[topic] for each in said])
        for topic in topics
        if said and all(topic in each for each in said)
    ]
