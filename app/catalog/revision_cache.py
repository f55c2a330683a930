"""What a process holds in memory of the catalog, kept as fresh as the revision says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalog import public_revision
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.catalog.public_revision import Revision


class OfFilms(Protocol):
    """What is made of the published films."""

    def __len__(self) -> int:
        """Return of how many films it is made."""


T = TypeVar("T", bound=OfFilms)

# After a change of more than this share of the films, reading all again is faster.
RENEWED_SHARE = 4
MIN_RENEWED = 200


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    revision: Revision
    value: T


class RevisionCache(Generic[T]):
    """Something made of the films. Its values never change: a change makes the next from the last.

    ``read`` makes it of all films, as the transaction sees them, for that revision; for None what
    the transaction has changed itself is among them. ``change`` makes it of the one before and of
    the films that changed since, or returns None if that does not pay.
    """

    def __init__(
        self,
        read: Callable[[Session, Revision | None], T],
        change: Callable[[Session, T, Revision, Sequence[int]], T | None],
    ) -> None:
        self._read = read
        self._change = change
        # The newest of a database, and the one before it, for a transaction that began earlier. By
        # the pool: two applications can live in one process.
        self._kept: WeakKeyDictionary[Any, tuple[_Kept[T], ...]] = WeakKeyDictionary()
        self._reading = Lock()

    def get(self, session: Session) -> T:
        """Return it as this transaction sees the films.

        Takes one query, and more when something has changed since. What a transaction has changed
        itself it reads for itself alone.
        """
        if public_revision.is_changing(session):
            return self._read(session, None)
        database = session.connection().engine.pool
        revision = public_revision.current(session)
        found = self._known(database, revision)
        if found is not None:
            return found.value
        # One thread reads; the others wait for what it has read.
        with self._reading:
            found = self._known(database, revision)
            if found is not None:
                return found.value
            before = self._kept.get(database, ())
            value = self._renewed(session, before[0] if before else None, revision)
            self._kept[database] = (_Kept(revision, value), *before[:1])
            return value

    def forget(self) -> None:
        """Let go of everything, as a database that is emptied by a test needs it."""
        self._kept.clear()

    def _known(self, database: object, revision: Revision) -> _Kept[T] | None:
        kept = self._kept.get(database, ())
        for each in kept:
            if each.revision == revision:
                return each
        # Older than all that is kept: another thread has seen a later state. That will do: a film
        # that came since is not in this transaction's rows, and is left out of what it shows.
        return kept[-1] if kept and revision.number < kept[-1].revision.number else None

    def _renewed(self, session: Session, before: _Kept[T] | None, revision: Revision) -> T:
        if before is not None and before.revision.number < revision.number:
            films = public_revision.changed_since(session, before.revision.number)
            if len(films) <= room_for_change(before.value):
                changed = self._change(session, before.value, revision, films)
                public = select(func.count(Film.id)).where(Film.status == FilmStatus.PUBLISHED)
                # A change names its films. If one is not named, everything is read again.
                if changed is not None and session.scalar(public) == len(changed):
                    return changed
        return self._read(session, revision)


def room_for_change(value: OfFilms) -> int:
    """Return how many films may change before it is quicker to read all."""
    return max(MIN_RENEWED, len(value) // RENEWED_SHARE)
