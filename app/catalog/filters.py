"""Films by a search and a collection, as SQL: for what goes through them all, such as records.

What people browse is found in memory: see ``app/search``.
"""

from pydantic import BaseModel, Field
from sqlalchemy import Select, exists, false, select
from sqlalchemy.orm import Session

from app.catalog import search_index
from app.catalog.documents import Slug
from app.catalog.enums import FilmStatus
from app.catalog.models import Collection, CollectionFilm, Film

MAX_QUERY_LENGTH = 200


class FilmFilters(BaseModel, frozen=True):
    """The filters of files of many films; None means everything."""

    collection: Slug | None = Field(
        default=None,
        description="A collection's slug",
        examples=["russia-and-the-former-soviet-union"],
    )
    q: str | None = Field(
        default=None,
        max_length=MAX_QUERY_LENGTH,
        description="A search, as in the list of films",
        examples=["stalin"],
    )

    @property
    def query(self) -> str:
        """The search as typed, trimmed; empty if nothing is searched for."""
        return (self.q or "").strip()


def film_ids(session: Session, filters: FilmFilters) -> Select[int]:
    """Return a query for the ids of the published films that pass the filters, in no order."""
    statement = select(Film.id).where(Film.status == FilmStatus.PUBLISHED)
    if filters.query:
        rows = search_index.matching(session, filters.query)
        # A search for punctuation only: there is a question, but nothing answers it.
        statement = statement.where(false() if rows is None else Film.id.in_(rows))
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
