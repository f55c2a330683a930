"""Films by a search and a collection, as SQL: for what goes through them all, such as records.

What people browse is found in memory: see ``app/finding``.
"""

from dataclasses import dataclass

from sqlalchemy import Select, exists, false, select
from sqlalchemy.orm import Session

from app.catalog import search
from app.catalog.kinds import FilmStatus
from app.catalog.models import Collection, CollectionFilm, Film

LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class FilmFilters:
    """What films are narrowed to; None means everything. ``collection`` is a slug."""

    q: str | None = None
    collection: str | None = None

    @property
    def query(self) -> str:
        """The search as typed, trimmed; empty if nothing is searched for."""
        return (self.q or "").strip()[:LONGEST_QUERY]


def film_ids(session: Session, filters: FilmFilters) -> Select[int]:
    """Return a query for the ids of the published films that pass the filters, in no order."""
    statement = select(Film.id).where(Film.status == FilmStatus.PUBLISHED)
    if filters.query:
        found = search.matching(session, filters.query)
        # A search for punctuation only: there is a question, but nothing answers it.
        statement = statement.where(false() if found is None else Film.id.in_(found))
    if filters.collection is not None:
        statement = statement.where(
            exists()
            .where(
                CollectionFilm.film_id == Film.id,
                CollectionFilm.collection_id == Collection.id,
                Collection.slug == filters.collection,
            )
            .correlate(Film)
        )
    return statement
