"""The index of films for matching lists, kept in memory; a change costs the films it touches."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.catalog.enums import CreditRole, FilmStatus, IdentifierKind
from app.catalog.models import Film, FilmTitle
from app.catalog.parts_models import Credit, Identifier, Person
from app.catalog.public_revision import Revision
from app.catalog.revision_cache import RevisionCache
from app.core.db import is_one_of
from app.lookup.matching import FilmEntry, MatchIndex


def get_match_index(session: Session) -> MatchIndex:
    """Return the index of all published films, as this transaction sees the catalog.

    Takes one query, and some more when the catalog has changed since.
    """
    return match_index_cache.get(session)


def _read(session: Session, revision: Revision | None) -> MatchIndex:
    del revision  # all is read at once
    return MatchIndex.build(_entries(session))


def _changed(
    session: Session, index: MatchIndex, revision: Revision, films: Sequence[int]
) -> MatchIndex:
    del revision
    return index.with_changes(films, _entries(session, films)) if films else index


match_index_cache = RevisionCache[MatchIndex](_read, _changed)


def _entries(session: Session, film_ids: Collection[int] | None = None) -> list[FilmEntry]:
    """Return what is known of the published films: all, or those of ``film_ids``."""

    def asked(column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        return true() if film_ids is None else is_one_of(session, column, film_ids)

    others = _by_film(
        session,
        select(FilmTitle.film_id, FilmTitle.title)
        .where(asked(FilmTitle.film_id))
        .order_by(FilmTitle.position),
    )
    directors = _by_film(
        session,
        select(Credit.film_id, Person.name)
        .join(Credit.person)
        .where(Credit.role == CreditRole.DIRECTOR, asked(Credit.film_id))
        .order_by(Credit.position),
    )
    identifiers: dict[int, list[tuple[IdentifierKind, str]]] = defaultdict(list)
    for row in session.execute(
        select(Identifier.film_id, Identifier.kind, Identifier.value).where(
            asked(Identifier.film_id)
        )
    ):
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
        .where(Film.status == FilmStatus.PUBLISHED, asked(Film.id))
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
