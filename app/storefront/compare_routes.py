"""The comparison of up to four films' licenses in one table; its address holds the whole choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from app.catalog import groups, queries
from app.catalog.filters import MAX_QUERY_LENGTH
from app.catalog.models import Film
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.offers.licensing import LicensingAnswer, NotOffered, OfferAnswer, get_licensing_of_films
from app.offers.rights_text import RightsSentence, Topic
from app.offers.states import Delivery
from app.search.film_search import Search
from app.search.query import FilmQuery
from app.storefront import film_view
from app.storefront.buyer_form import CLASS_CHOICES, size_questions
from app.storefront.film_view import MAIN_TOPICS, captions_of, until
from app.storefront.license_kinds import is_of_kind, list_kinds
from app.storefront.visitor import BuyerDep, buyer_words, film_cookies
from app.web.rendering import render

router = APIRouter()
SUGGESTED = 6
# Our own addresses never have more.
MAX_NAMED = 40
Slug = Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]
MAX_FILMS = 4
# So many columns fit; with more, the page shows one kind of license at a time.
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
        params = [("film", slug) for slug in slugs]
        params += [("as", kind)] if kind else []
        return f"/compare?{urlencode(params)}" if params else "/compare"

    @property
    def here(self) -> str:
        """The address of this comparison."""
        return self.url(self.slugs, kind=self.kind)

    def without(self, slug: str) -> str:
        """Return the address without one of the films."""
        return self.url([other for other in self.slugs if other != slug], kind=self.kind)

    def plus(self, slug: str) -> str:
        """Return the address with another film."""
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
        """The label on narrow screens, which stack the columns."""
        return f"{self.film.title}: {self.offer.title}"

    @property
    def captions(self) -> str:
        """The captions of the delivered versions."""
        return captions_of(self.film, self.offer)

    @property
    def until(self) -> str:
        """The last day to order it."""
        return until(self.offer)


@dataclass(frozen=True, slots=True)
class UnavailableLicenses:
    """The offers of a film that cannot be licensed, with reasons; empty if it has no offers."""

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
    """Kinds of licenses with their labels; empty without a choice."""
    kind: str
    """The kind that is shown; ``all`` for every one."""
    total: int
    """How many licenses there are of all kinds."""
    size_needed: Sequence[tuple[Film, Sequence[NotOffered]]]
    """The offers of each film that need the size of the buyer."""
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
    all_columns = [Column(film, offer) for film, answer in pairs for offer in answer.offers]
    kinds = list_kinds(column.offer for column in all_columns)
    chosen = kind or (ALL if len(all_columns) <= MAX_COLUMNS else _commonest(all_columns, kinds))
    columns = [
        column for column in all_columns if chosen == ALL or is_of_kind(column.offer, chosen)
    ]
    shown = {column.film.id for column in columns}
    return Table(
        films=_film_spans(columns),
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
        total=len(all_columns),
        size_needed=[(film, answer.size_needed) for film, answer in pairs if answer.size_needed],
        size_question=pairs[0][1].size_question,
        missing=[film for film, answer in pairs if answer.offers and film.id not in shown],
    )


def is_equal(answers: Sequence[RightsSentence]) -> bool:
    """Return whether all columns have the same answer."""
    return len({sentence.answer for sentence in answers}) == 1


def _commonest(columns: Sequence[Column], kinds: Sequence[tuple[str, str]]) -> str:
    """Return the kind that most of the films have; of several, the first."""
    films = {
        kind: len({column.film.id for column in columns if is_of_kind(column.offer, kind)})
        for kind, _ in kinds
    }
    return max(films, key=lambda kind: films[kind])


def _film_spans(columns: Sequence[Column]) -> list[tuple[Film, int]]:
    spans: list[tuple[Film, int]] = []
    for column in columns:
        if spans and spans[-1][0].id == column.film.id:
            spans[-1] = (column.film, spans[-1][1] + 1)
        else:
            spans.append((column.film, 1))
    return spans


def _rows(
    columns: Sequence[Column], topics: Sequence[Topic]
) -> list[tuple[str, Sequence[RightsSentence]]]:
    """Return the questions of the topics that all columns answer, with their answers."""
    answers = [
        {sentence.topic: sentence for sentence in column.offer.rights_sentences}
        for column in columns
    ]
    return [
        (answers[0][topic].question, [by_topic[topic] for by_topic in answers])
        for topic in topics
        if answers and all(topic in by_topic for by_topic in answers)
    ]


def comparison_request(
    film: Annotated[list[Slug] | None, Query(max_length=MAX_NAMED)] = None,
    kind: Annotated[
        Annotated[str, Field(pattern=f"^{KIND}$")] | None,
        BeforeValidator(lambda value: value or None),
        Query(alias="as"),
    ] = None,
) -> ComparisonRequest:
    """Return the requested comparison, with each film once."""
    return ComparisonRequest(tuple(dict.fromkeys(slug for slug in film or [] if slug)), kind)


RequestedDep = Annotated[ComparisonRequest, Depends(comparison_request)]


@router.get("/compare")
@public_read(cookies=film_cookies)
def compare(
    request: Request,
    session: ReadSessionDep,
    buyer: BuyerDep,
    requested: RequestedDep,
    add: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """Show the licenses of the films side by side."""
    found = queries.films_by_slug(session, requested.slugs)
    films = [found[slug] for slug in requested.slugs if slug in found]
    current = ComparisonRequest(tuple(film.slug for film in films), requested.kind)
    searched = _search(session, add, films)
    if len(searched) == 1 and len(films) < MAX_FILMS:
        return RedirectResponse(current.plus(searched[0].slug))
    too_many = len(films) > MAX_FILMS
    compared = None
    if buyer and films and not too_many:
        answers = get_licensing_of_films(session, films, buyer, on=clock.today())
        compared = table(films, [answers[film.id] for film in films], current.kind)
    return render(
        request,
        "storefront/compare.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if too_many else HTTPStatus.OK,
        asked=current,
        films=films,
        missing=[slug for slug in requested.slugs if slug not in found],
        most=MAX_FILMS,
        too_many=too_many,
        buyer=buyer,
        buyer_words=buyer_words(buyer) if buyer else "",
        table=compared,
        all_kinds=ALL,
        is_equal=is_equal,
        add=add,
        searched=searched,
        suggested=[] if add or too_many else _suggested(session, films),
        card_line=film_view.card_line,
        view=film_view,
        classes=CLASS_CHOICES,
        size_questions=size_questions(),
    )


def _search(session: Session, text: str, films: Sequence[Film]) -> list[Film]:
    """Return the films for ``text`` that are not compared yet."""
    if not text.strip():
        return []
    shown = {film.id for film in films}
    cards = Search(session, FilmQuery(q=text[:MAX_QUERY_LENGTH])).page(1, SUGGESTED + MAX_FILMS)
    found = queries.films_by_id(session, [card.id for card in cards])
    return [film for film in found if film.id not in shown][:SUGGESTED]


def _suggested(session: Session, films: Sequence[Film]) -> list[Film]:
    """Return films that are similar to the compared ones; without any, the newest."""
    if len(films) == MAX_FILMS:
        return []
    shown = {film.id for film in films}
    candidates = (
        groups.similar(session, films[-1], limit=SUGGESTED + MAX_FILMS)
        if films
        else queries.recent(session, SUGGESTED)
    )
    return [film for film in candidates if film.id not in shown][:SUGGESTED]
