"""Several films' licenses side by side: which films, which of their licenses, and the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.catalog.models import Film
from app.offers.licensing import LicensingAnswer, NotOffered, OfferAnswer
from app.offers.rights_text import RightsSentence, Topic
from app.offers.states import Delivery
from app.storefront.film_view import MAIN_TOPICS, captions_of, until
from app.storefront.license_kinds import is_of_kind, list_kinds

MAX_FILMS = 4
# As many columns fit beside the questions; of more, one kind of license is shown at a time.
MAX_COLUMNS = 4
ALL = "all"
KIND = rf"({ALL}|({'|'.join(Delivery)})(-[a-z0-9-]{{1,60}})?)"


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """Which films are compared, by slug and in their order, and which kind of license."""

    slugs: tuple[str, ...]
    kind: str | None = None
    """A delivery, a delivery with a term (``file-1-year``), or ``all``."""

    def url(self, slugs: Sequence[str], *, kind: str | None = None) -> str:
        """Return the address of the comparison of these films."""
        given = [("film", slug) for slug in slugs]
        given += [("as", kind)] if kind else []
        return f"/compare?{urlencode(given)}" if given else "/compare"

    @property
    def here(self) -> str:
        """The address of this comparison."""
        return self.url(self.slugs, kind=self.kind)

    def without(self, slug: str) -> str:
        """Return the address without one of the films."""
        kept = [each for each in self.slugs if each != slug]
        return self.url(kept, kind=self.kind)

    def plus(self, slug: str) -> str:
        """Return the address with one film more."""
        return self.url([*self.slugs, slug], kind=self.kind)

    def as_kind(self, kind: str | None) -> str:
        """Return the address with the licenses of one kind only."""
        return self.url(self.slugs, kind=kind)


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
class UnavailableLicenses:
    """What of one film cannot be licensed, and why; without offers there is no reason at all."""

    film: Film
    not_offered: Sequence[NotOffered]


@dataclass(frozen=True, slots=True)
class Table:
    """The comparison: films over their columns, and the rows of questions."""

    films: Sequence[tuple[Film, int]]
    columns: Sequence[Column]
    main: Sequence[tuple[str, Sequence[RightsSentence]]]
    more: Sequence[tuple[str, Sequence[RightsSentence]]]
    refused: Sequence[UnavailableLicenses]
    kinds: Sequence[tuple[str, str]]
    """What the licenses may be narrowed to, in words; empty where there is no choice."""
    kind: str
    """The kind that is shown; ``all`` for every one."""
    total: int
    """How many licenses there are of all kinds."""
    size_needed: Sequence[tuple[Film, Sequence[NotOffered]]]
    """What each film is licensed as once the buyer has given a size."""
    size_question: str
    missing: Sequence[Film]
    """Films that have licenses, but none of this kind."""

    @property
    def captions_equal(self) -> bool:
        """Whether all columns have the same captions."""
        return len({column.captions for column in self.columns}) == 1

    @property
    def until_equal(self) -> bool:
        """Whether all columns can be ordered until the same day."""
        return len({column.until for column in self.columns}) == 1

    @property
    def equal_count(self) -> int:
        """How many questions have the same answer in every column."""
        rows = sum(is_equal(answers) for _, answers in self.main)
        return rows + self.captions_equal + self.until_equal


def table(films: Sequence[Film], answers: Sequence[LicensingAnswer], kind: str | None) -> Table:
    """Return the comparison of these films' licenses, in the order of the films."""
    pairs = list(zip(films, answers, strict=True))
    every = [Column(film, offer) for film, answer in pairs for offer in answer.offers]
    kinds = list_kinds(each.offer for each in every)
    chosen = kind or (ALL if len(every) <= MAX_COLUMNS else _commonest(every, kinds))
    columns = [each for each in every if chosen == ALL or is_of_kind(each.offer, chosen)]
    shown = {column.film.id for column in columns}
    return Table(
        films=_over(columns),
        columns=columns,
        main=_rows(columns, MAIN_TOPICS),
        more=_rows(columns, [topic for topic in Topic if topic not in MAIN_TOPICS]),
        refused=[
            UnavailableLicenses(film, answer.not_offered)
            for film, answer in pairs
            if answer.not_offered or not (answer.offers or answer.size_needed)
        ],
        kinds=kinds if len(kinds) > 1 or not columns else [],
        kind=chosen,
        total=len(every),
        size_needed=[(film, answer.size_needed) for film, answer in pairs if answer.size_needed],
        size_question=pairs[0][1].size_question,
        missing=[film for film, answer in pairs if answer.offers and film.id not in shown],
    )


def is_equal(answers: Sequence[RightsSentence]) -> bool:
    """Return whether all columns answer a question in the same words."""
    return len({said.answer for said in answers}) == 1


def _commonest(columns: Sequence[Column], kinds: Sequence[tuple[str, str]]) -> str:
    """Return the kind that most of the films have; of several, the first."""
    films = {
        kind: len({each.film.id for each in columns if is_of_kind(each.offer, kind)})
        for kind, _ in kinds
    }
    return max(films, key=lambda kind: films[kind])


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
