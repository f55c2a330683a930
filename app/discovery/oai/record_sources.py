"""Record sources: what OAI-PMH serves records of. Each format has one; several may share one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session, sessionmaker

from app.core.config import Settings
from app.discovery.oai.film_sets import SetDescription
from app.discovery.xml import Element


@dataclass(frozen=True, slots=True)
class Item:
    """What one record describes."""

    local_id: str
    """Its permanent name in this store: the end of the record's identifier."""
    order: int
    """A number of its own in the source, which sorts changes of the same instant."""
    film_id: int
    changed_at: datetime
    is_deleted: bool
    sets: Sequence[str] = ()
    """The source's own sets that contain it."""
    source: int = field(default=0, kw_only=True)
    """The position of its source in a ``JoinedSource``."""


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which records are listed: changed from ``since`` to before ``before``, of ``films``.

    ``films`` selects ids of films, and ``own_set`` names one of the source's ``sets``.
    """

    since: datetime | None = None
    before: datetime | None = None
    films: Select[int] | None = None
    own_set: str | None = None

    def conditions(self, changed_at: Any, film_id: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - columns of any table
        """Return the conditions on a source's columns, without the one for ``own_set``."""
        conditions: list[ColumnElement[bool]] = []
        if self.since is not None:
            conditions.append(changed_at >= self.since)
        if self.before is not None:
            conditions.append(changed_at < self.before)
        if self.films is not None:
            conditions.append(film_id.in_(self.films))
        return conditions


class RecordSource(Protocol):
    """Lists items by ``changed_at``, then ``order``."""

    @property
    def sets(self) -> Sequence[SetDescription]:
        """The source's own sets, in addition to collections and subjects."""

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Update what is derived from the catalog."""

    def earliest(self, session: Session) -> datetime | None:
        """Return an instant before which no record changed; None without records."""

    def find(self, session: Session, local_id: str) -> Item | None:
        """Return the item of this name, deleted or not."""

    def count(self, session: Session, query: RecordQuery) -> int:
        """Return how many items there are now."""

    def page(
        self,
        session: Session,
        query: RecordQuery,
        *,
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> Sequence[Item]:
        """Return up to ``limit`` items that follow ``after``, a change and an order."""

    def write(
        self, session: Session, items: Sequence[Item], settings: Settings
    ) -> Sequence[Element | None]:
        """Return the metadata of each item, none of them deleted; None if it was just removed."""


@dataclass(frozen=True, slots=True)
class JoinedSource:
    """The items of two sources in one order. Their names differ.

    Orders of the first are even, those of the second odd.
    """

    first: RecordSource
    second: RecordSource

    @property
    def _sources(self) -> tuple[RecordSource, RecordSource]:
        return self.first, self.second

    @property
    def sets(self) -> Sequence[SetDescription]:
        """The sets of both."""
        return [*self.first.sets, *self.second.sets]

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Update both."""
        for source in self._sources:
            source.sync(readers, sessions, settings)

    def earliest(self, session: Session) -> datetime | None:
        """Return the earlier instant."""
        instants = [source.earliest(session) for source in self._sources]
        return min((at for at in instants if at is not None), default=None)

    def find(self, session: Session, local_id: str) -> Item | None:
        """Return the item of this name from either source."""
        for index, source in enumerate(self._sources):
            item = source.find(session, local_id)
            if item is not None:
                return _joined(item, index)
        return None

    def count(self, session: Session, query: RecordQuery) -> int:
        """Return how many items both have."""
        return sum(
            source.count(session, query) for source in self._sources if _has_set(source, query)
        )

    def page(
        self,
        session: Session,
        query: RecordQuery,
        *,
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> Sequence[Item]:
        """Return up to ``limit`` items of both that follow ``after``."""
        items: list[Item] = []
        for index, source in enumerate(self._sources):
            if _has_set(source, query):
                # Order n of both is order n / 2 of the first or (n - 1) / 2 of the second.
                own_after = (after[0], (after[1] - index) // 2) if after else None
                page = source.page(session, query, after=own_after, limit=limit)
                items += [_joined(item, index) for item in page]
        return sorted(items, key=lambda item: (item.changed_at, item.order))[:limit]

    def write(
        self, session: Session, items: Sequence[Item], settings: Settings
    ) -> Sequence[Element | None]:
        """Return the metadata of each item, from its own source."""
        elements: dict[int, Element | None] = {}
        for index, source in enumerate(self._sources):
            own = [item for item in items if item.source == index]
            original = [replace(item, order=item.order // 2, source=0) for item in own]
            written = source.write(session, original, settings) if own else []
            elements |= dict(zip([item.order for item in own], written, strict=True))
        return [elements[item.order] for item in items]


def _joined(item: Item, index: int) -> Item:
    return replace(item, order=item.order * 2 + index, source=index)


def _has_set(source: RecordSource, query: RecordQuery) -> bool:
    return query.own_set is None or query.own_set in {spec for spec, _, _ in source.sets}
