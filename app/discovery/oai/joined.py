"""Two shelves as one: a format in which the items of both are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select
from sqlalchemy.orm import Session, sessionmaker

from app.core.config import Settings
from app.discovery.oai.record_sources import Item, RecordSource
from app.discovery.oai.sets import Described
from app.discovery.xml import Element


@dataclass(frozen=True, slots=True)
class JoinedItem:
    """An item of one of the shelves; orders of the first are even, of the second odd."""

    item: Item
    place: int

    @property
    def local_id(self) -> str:
        """Its name."""
        return self.item.local_id

    @property
    def order(self) -> int:
        """Its number among those of both shelves."""
        return self.item.order * 2 + self.place

    @property
    def film_id(self) -> int:
        """Its film."""
        return self.item.film_id

    @property
    def changed_at(self) -> datetime:
        """When it changed last."""
        return self.item.changed_at

    @property
    def is_deleted(self) -> bool:
        """Whether it went."""
        return self.item.is_deleted

    @property
    def sets(self) -> Sequence[str]:
        """The sets of its shelf's own."""
        return self.item.sets


@dataclass(frozen=True, slots=True)
class Joined:
    """The items of two shelves, in one order. Their names differ."""

    first: RecordSource
    second: RecordSource

    @property
    def _shelves(self) -> tuple[RecordSource, RecordSource]:
        return self.first, self.second

    @property
    def sets(self) -> Sequence[Described]:
        """The sets of both."""
        return [*self.first.sets, *self.second.sets]

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Bring both up."""
        for shelf in self._shelves:
            shelf.sync(readers, sessions, settings)

    def earliest(self, session: Session) -> datetime | None:
        """Return the earlier instant."""
        found = [shelf.earliest(session) for shelf in self._shelves]
        return min((each for each in found if each is not None), default=None)

    def find(self, session: Session, local_id: str) -> JoinedItem | None:
        """Return the item of this name."""
        for place, shelf in enumerate(self._shelves):
            item = shelf.find(session, local_id)
            if item is not None:
                return JoinedItem(item, place)
        return None

    def count(
        self,
        session: Session,
        *,
        since: datetime | None,
        before: datetime | None,
        films: Select[int] | None,
        own_set: str | None,
    ) -> int:
        """Return how many there are on both."""
        return sum(
            shelf.count(session, since=since, before=before, films=films, own_set=own_set)
            for shelf in self._shelves
            if _has(shelf, own_set)
        )

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
    ) -> Sequence[JoinedItem]:
        """Return up to ``limit`` items of both behind ``after``."""
        found: list[JoinedItem] = []
        for place, shelf in enumerate(self._shelves):
            if not _has(shelf, own_set):
                continue
            items = shelf.page(
                session,
                since=since,
                before=before,
                films=films,
                own_set=own_set,
                # Behind order n of both: behind n / 2 of the first, (n - 1) / 2 of the second.
                after=(after[0], (after[1] - place) // 2) if after else None,
                limit=limit,
            )
            found += [JoinedItem(item, place) for item in items]
        return sorted(found, key=lambda item: (item.changed_at, item.order))[:limit]

    def write(
        self, session: Session, items: Sequence[Item], settings: Settings
    ) -> Sequence[Element | None]:
        """Return the metadata of each item, from its own shelf."""
        made: dict[int, Element | None] = {}
        for place, shelf in enumerate(self._shelves):
            own = [item for item in items if isinstance(item, JoinedItem) and item.place == place]
            written = shelf.write(session, [item.item for item in own], settings) if own else []
            made |= dict(zip([item.order for item in own], written, strict=True))
        return [made[item.order] for item in items]


def _has(shelf: RecordSource, own_set: str | None) -> bool:
    return own_set is None or own_set in {spec for spec, _, _ in shelf.sets}
