"""Shelves: what there are records of. Each format has one, and several may share one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Select
from sqlalchemy.orm import Session, sessionmaker

from app.core.config import Settings
from app.discovery.oai.sets import Described
from app.discovery.xml import Element


class Item(Protocol):
    """What one record is of. ``order`` tells apart what changed in the same instant."""

    @property
    def local_id(self) -> str:
        """Its name in this store, which stays: the end of the record's identifier."""

    @property
    def order(self) -> int:
        """A number of its own on the shelf."""

    @property
    def film_id(self) -> int:
        """The film whose sets it is in."""

    @property
    def changed_at(self) -> datetime:
        """When its record came, changed or went last."""

    @property
    def is_deleted(self) -> bool:
        """Whether it went."""

    @property
    def sets(self) -> Sequence[str]:
        """The sets of the shelf's own that it is in."""


class RecordSource(Protocol):
    """Gives items in the order of ``changed_at`` and ``order``.

    ``since`` is the first instant that counts and ``before`` the first that no longer does;
    ``films`` narrows to ids of films, and ``own_set`` to one of the shelf's ``sets``.
    """

    @property
    def sets(self) -> Sequence[Described]:
        """The sets of its own, beyond the films' collections and subjects."""

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Bring what is derived from the catalog up to its present state."""

    def earliest(self, session: Session) -> datetime | None:
        """Return an instant before which no record changed; None if there are none."""

    def find(self, session: Session, local_id: str) -> Item | None:
        """Return the item of this name, deleted ones too."""

    def count(
        self,
        session: Session,
        *,
        since: datetime | None,
        before: datetime | None,
        films: Select[int] | None,
        own_set: str | None,
    ) -> int:
        """Return how many there are now."""

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
    ) -> Sequence[Item]:
        """Return up to ``limit`` items behind the place ``after``."""

    def write(
        self, session: Session, items: Sequence[Item], settings: Settings
    ) -> Sequence[Element | None]:
        """Return the metadata of each item, none of them deleted; None if it has just gone."""
