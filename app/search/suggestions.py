"""Get search suggestions: films, people, subjects, by their names."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmSort, FilmStatus
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Person
from app.catalog.search_words import pairs, plain_words, terms
from app.catalog.titles import sort_key, sort_title
from app.search.cards import FilmCard
from app.search.facets import Facet
from app.search.index import MAX_SORTED, FilmIndex
from app.search.index_cache import get_film_index

MAX_TITLES = 5
MAX_PEOPLE = 4
MAX_SUBJECTS = 3


class SuggestedEntry(NamedTuple):
    """Someone or something with films."""

    slug: str
    name: str
    film_count: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What may have been meant, the likeliest first."""

    titles: list[FilmCard]
    people: list[SuggestedEntry]
    subjects: list[SuggestedEntry]


class PrefixIndex:
    """People or subjects, found by the beginnings of the words of their names."""

    def __init__(self, named: Sequence[SuggestedEntry]) -> None:
        self._named = named
        self._words = sorted(
            (piece, position)
            for position, entry in enumerate(named)
            for word in plain_words(entry.name)
            # As it is written, for its beginning, and in the pairs that are found within it.
            for piece in {word, *pairs(word, with_last=True)}
        )

    def find(self, words: Sequence[str], *, limit: int) -> list[SuggestedEntry]:
        """Return those with a word that begins with each of ``words``; the most films first."""
        found: set[int] | None = None
        for word in words:
            first = bisect_left(self._words, (word,))
            last = bisect_left(self._words, (word + "\U0010ffff",))
            positions = {position for _, position in self._words[first:last]}
            found = positions if found is None else found & positions
        chosen = [self._named[position] for position in found or ()]
        return sorted(chosen, key=lambda entry: (-entry.film_count, entry.name))[:limit]


def find_suggestions(session: Session, typed: str) -> Suggestions:
    """Return what ``typed`` may be the beginning of; nothing if there is no word in it."""
    words = [piece for word in plain_words(typed) for piece in pairs(word)]
    if not words:
        return Suggestions([], [], [])
    index = get_film_index(session)
    return Suggestions(
        titles=_find_titles(session, index, typed),
        people=index.memoize("people", lambda: PrefixIndex(_read_people(session))).find(
            words, limit=MAX_PEOPLE
        ),
        subjects=index.memoize("subjects", lambda: PrefixIndex(_count_subjects(index))).find(
            words, limit=MAX_SUBJECTS
        ),
    )


def _find_titles(session: Session, index: FilmIndex, typed: str) -> list[FilmCard]:
    """Return the films whose titles have the words: first those whose title begins with them."""
    found = index.text_index(session).find_in_titles(terms(typed), index.live)
    start = sort_key(sort_title(typed.strip()))
    slots = list(islice(index.iterate_sorted(found, FilmSort.TITLE), MAX_SORTED))
    slots.sort(key=lambda slot: not index.cards[slot].sort_key.startswith(start))
    return [index.cards[slot] for slot in slots[:MAX_TITLES]]


def _read_people(session: Session) -> list[SuggestedEntry]:
    rows = session.execute(
        select(Person.slug, Person.name, func.count(distinct(Credit.film_id)))
        .join(Credit, Credit.person_id == Person.id)
        .join(Film, Film.id == Credit.film_id)
        .where(Film.status == FilmStatus.PUBLISHED)
        .group_by(Person.id, Person.slug, Person.name)
    )
    return [SuggestedEntry(*row) for row in rows]


def _count_subjects(index: FilmIndex) -> list[SuggestedEntry]:
    return [
        SuggestedEntry(slug, index.labels[Facet.SUBJECT, slug], (members & index.live).bit_count())
        for slug, members in index.values.get(Facet.SUBJECT, {}).items()
        if members & index.live
    ]
