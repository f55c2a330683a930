"""Films as records: public films, and as deleted records those that were public."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.catalog.queries import page_options
from app.core.config import Settings
from app.core.db import UTCDateTime
from app.discovery.oai.film_sets import SetDescription, was_public
from app.discovery.oai.record_sources import Item, RecordQuery
from app.discovery.xml import Element

_COLUMNS = select(Film.slug, Film.id, Film.updated_at, Film.status).where(was_public())


@dataclass(frozen=True, slots=True)
class FilmSource:
    """The films as a record source; ``make`` writes a film with all its relations loaded."""

    make: Callable[[Film, Settings], Element]
    sets: ClassVar[Sequence[SetDescription]] = ()

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Do nothing: the films are the catalog."""

    def earliest(self, session: Session) -> datetime | None:
        """Return when the first film was published."""
        return session.scalar(select(func.min(Film.published_at)))

    def find(self, session: Session, local_id: str) -> Item | None:
        """Return the film with this slug."""
        items = _items(session, _COLUMNS.where(Film.slug == local_id))
        return items[0] if items else None

    def count(self, session: Session, query: RecordQuery) -> int:
        """Return how many films there are."""
        conditions = query.conditions(Film.updated_at, Film.id)
        statement = select(func.count(Film.id)).where(was_public(), *conditions)
        return session.scalar(statement) or 0

    def page(
        self,
        session: Session,
        query: RecordQuery,
        *,
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> Sequence[Item]:
        """Return the films that follow ``after``."""
        statement = _COLUMNS.where(*query.conditions(Film.updated_at, Film.id))
        if after is not None:
            seen = tuple_(literal(after[0], UTCDateTime()), literal(after[1]))
            statement = statement.where(tuple_(Film.updated_at, Film.id) > seen)
        return _items(session, statement.order_by(Film.updated_at, Film.id).limit(limit))

    def write(
        self, session: Session, items: Sequence[Item], settings: Settings
    ) -> Sequence[Element | None]:
        """Return the films in the format of ``make``."""
        ids = [item.film_id for item in items]
        rows = session.scalars(select(Film).where(Film.id.in_(ids)).options(*page_options()))
        films = {film.id: film for film in rows}
        return [self.make(films[film_id], settings) for film_id in ids]


def _items(session: Session, statement: Select[str, int, datetime, FilmStatus]) -> list[Item]:
    return [
        Item(slug, film_id, film_id, changed_at, status is not FilmStatus.PUBLISHED)
        for slug, film_id, changed_at, status in session.execute(statement)
    ]
