"""What a list of films is narrowed to, and how that becomes SQL."""

from collections.abc import Collection as Names
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, exists, false
from sqlalchemy.orm import Session

from app.catalog import search
from app.catalog.kinds import FilmStatus, LanguageUse
from app.catalog.models import (
    Collection,
    CollectionFilm,
    Film,
    FilmCountry,
    FilmSubject,
    Subject,
)
from app.catalog.parts_models import Version, VersionLanguage

S = TypeVar("S", bound=Select[*tuple[Any, ...]])
LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class FilmFilters:
    """What a list of films is narrowed to; None means everything.

    ``subject`` and ``collection`` are slugs, ``language`` (spoken, in any version) is ISO 639-3,
    ``country`` ISO 3166-1 alpha-2, the years are release years and inclusive.
    """

    q: str | None = None
    subject: str | None = None
    collection: str | None = None
    language: str | None = None
    country: str | None = None
    year_from: int | None = None
    year_to: int | None = None

    @property
    def query(self) -> str:
        """The search as typed, trimmed; empty if nothing is searched for."""
        return (self.q or "").strip()[:LONGEST_QUERY]


class Selection:
    """The published films that pass the filters, to be applied to any statement that has films."""

    def __init__(self, session: Session, filters: FilmFilters) -> None:
        self.filters = filters
        self._conditions = _conditions(filters)
        self._matches = search.matches(session, filters.query) if filters.query else None
        # A search for punctuation only: there is a question, but nothing answers it.
        self.is_empty = bool(filters.query) and self._matches is None

    @property
    def rank(self) -> ColumnElement[int] | None:
        """How well a film matches, higher is better; None if nothing is searched for."""
        if self._matches is None:
            return None
        return search.score(self._matches, self.filters.query)

    def apply(self, statement: S, *, without: Names[str] = ()) -> S:
        """Return ``statement`` with every filter applied but those named in ``without``."""
        narrowed = statement.where(Film.status == FilmStatus.PUBLISHED)
        if self.is_empty:
            return narrowed.where(false())
        if self._matches is not None:
            narrowed = narrowed.join(self._matches, self._matches.c.film_id == Film.id)
        kept = (clause for name, clause in self._conditions.items() if name not in without)
        return narrowed.where(*kept)


def _conditions(filters: FilmFilters) -> dict[str, ColumnElement[bool]]:
    """Return a condition for each filter in use, by the filter's name; ``q`` is not among them."""
    found: dict[str, ColumnElement[bool]] = {}
    if filters.subject is not None:
        found["subject"] = _has(
            FilmSubject.film_id == Film.id,
            FilmSubject.subject_id == Subject.id,
            Subject.slug == filters.subject,
        )
    if filters.collection is not None:
        found["collection"] = _has(
            CollectionFilm.film_id == Film.id,
            CollectionFilm.collection_id == Collection.id,
            Collection.slug == filters.collection,
        )
    if filters.language is not None:
        found["language"] = _has(
            Version.film_id == Film.id,
            VersionLanguage.version_id == Version.id,
            VersionLanguage.use == LanguageUse.SPOKEN,
            VersionLanguage.language == filters.language,
        )
    if filters.country is not None:
        found["country"] = _has(
            FilmCountry.film_id == Film.id, FilmCountry.country == filters.country
        )
    if filters.year_from is not None:
        found["year_from"] = Film.release_year >= filters.year_from
    if filters.year_to is not None:
        found["year_to"] = Film.release_year <= filters.year_to
    return found


def _has(*clauses: ColumnElement[bool]) -> ColumnElement[bool]:
    # Only the film is the outer statement's: that may join the same tables for ends of its own.
    return exists().where(*clauses).correlate(Film)
