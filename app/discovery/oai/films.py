"""The films as records: those that are public, and, as deleted, those that were."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.catalog.queries import page_options
from app.core.config import Settings
from app.core.db import UTCDateTime
from app.discovery.oai.record_sources import Item
from app.discovery.oai.sets import Described, was_public
from app.discovery.xml import Element


@dataclass(frozen=True, slots=True)
class FilmItem:
    """A film that is or was public."""

    local_id: str
    order: int
    changed_at: datetime
    is_deleted: bool
    sets: Sequence[str] = ()

    @property
    def film_id(self) -> int:
        """The film, which is its own order."""
        return self.order


@dataclass(frozen=True, slots=True)
class Films:
    """The shelf of films; ``make`` writes one that is loaded whole."""

    make: Callable[[Film, Settings], Element]
    sets: ClassVar[Sequence[Described]] = ()

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Do nothing: the films are the catalog."""

    def earliest(self, session: Session) -> datetime | None:
        """Return when the first film was published."""
        return session.scalar(select(func.min(Film.published_at)))

    def find(self, session: Session, local_id: str) -> FilmItem | None:
        """Return the film with this slug."""
        rows = _items(session, _COLUMNS.where(Film.slug == local_id, was_public()))
        return rows[0] if rows else None

    def count(
        self,
        session: Session,
        *,
        since: datetime | None,
        before: datetime | None,
        films: Select[int] | None,
        own_set: str | None,
    ) -> int:
        """Return how many films there are."""
        del own_set
        conditions = _conditions(since, before, films)
        return session.scalar(select(func.count(Film.id)).where(*conditions)) or 0

    def page(
        self,
        session: Session,
        *,
        since: datetime | None,
        before: datetime | None,
        films: Select[int] | None,
        own_set: str | None,
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> Sequence[FilmItem]:
        """Return the films of the list behind ``after``."""
        del own_set
        statement = _COLUMNS.where(*_conditions(since, before, films))
        if after is not None:
            seen = tuple_(literal(after[0], UTCDateTime()), literal(after[1]))
            statement = statement.where(tuple_(Film.updated_at, Film.id) > seen)
        return _items(session, statement.order_by(Film.updated_at, Film.id).limit(limit))

    def write(
        self, session: Session, items: Sequence[Item], settings: Settings
    ) -> Sequence[Element | None]:
        """Return the films as the format has them."""
        ids = [item.film_id for item in items]
        rows = session.scalars(select(Film).where(Film.id.in_(ids)).options(*page_options()))
        found = {film.id: film for film in rows}
        return [self.make(found[film_id], settings) for film_id in ids]


_COLUMNS = select(Film.slug, Film.id, Film.updated_at, Film.status)


def _items(session: Session, statement: Select[str, int, datetime, FilmStatus]) -> list[FilmItem]:
    return [
        FilmItem(slug, film_id, changed_at, status is not FilmStatus.PUBLISHED)
        for slug, film_id, changed_at, status in session.execute(statement)
    ]


def _conditions(
    since: datetime | None, before: datetime | None, films: Select[int] | None
) -> list[ColumnElement[bool]]:
    found = [was_public()]
    if since is not None:
        found.append(Film.updated_at >= since)
    if before is not None:
        found.append(Film.updated_at < before)
    if films is not None:
        found.append(Film.id.in_(films))
    return found
