"""The index of films for matching lists: read once per catalog revision, kept in memory."""

from collections import defaultdict
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.catalog import revisions
from app.catalog.kinds import CreditRole, FilmStatus, IdentifierKind
from app.catalog.matching import FilmEntry, MatchIndex
from app.catalog.models import Film, FilmTitle
from app.catalog.parts_models import Credit, Identifier, Person

# One index per database: two applications can live in one process.
_kept: WeakKeyDictionary[Any, tuple[int, MatchIndex]] = WeakKeyDictionary()
_reading = Lock()


def match_index(session: Session) -> MatchIndex:
    """Return the index of all published films, as the catalog now stands.

    Takes one query, and four more when the catalog has changed since.
    """
    database = session.connection().engine.pool
    number = revisions.current(session).number
    # One thread reads; the others wait for what it has read.
    with _reading:
        kept = _kept.get(database)
        if kept is None or kept[0] != number:
            kept = _kept[database] = (number, MatchIndex.of(_entries(session)))
    return kept[1]


def _entries(session: Session) -> list[FilmEntry]:
    others = _by_film(
        session, select(FilmTitle.film_id, FilmTitle.title).order_by(FilmTitle.position)
    )
    directors = _by_film(
        session,
        select(Credit.film_id, Person.name)
        .join(Credit.person)
        .where(Credit.role == CreditRole.DIRECTOR)
        .order_by(Credit.position),
    )
    identifiers: dict[int, list[tuple[IdentifierKind, str]]] = defaultdict(list)
    for row in session.execute(select(Identifier.film_id, Identifier.kind, Identifier.value)):
        identifiers[row.film_id].append((row.kind, row.value))
    films = session.execute(
        select(
            Film.id,
            Film.slug,
            Film.title,
            Film.original_title,
            Film.release_year,
            Film.production_year,
            Film.copyright_year,
        )
        .where(Film.status == FilmStatus.PUBLISHED)
        .order_by(Film.id)
    )
    return [
        FilmEntry(
            film_id=film.id,
            slug=film.slug,
            title=film.title,
            other_titles=tuple(filter(None, [film.original_title, *others[film.id]])),
            years=tuple(
                sorted(
                    set(
                        filter(None, (film.release_year, film.production_year, film.copyright_year))
                    )
                )
            ),
            directors=tuple(directors[film.id]),
            identifiers=tuple(identifiers[film.id]),
        )
        for film in films
    ]


def _by_film(session: Session, statement: Select[int, str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for row in session.execute(statement):
        film_id, text = row
        found[film_id].append(text)
    return found
