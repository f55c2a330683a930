"""The index of each database, kept as fresh as its revision says."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.catalog import revisions
from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.catalog.revisions import Revision
from app.finding.index import FilmIndex

log = logging.getLogger(__name__)

# After a change of more films than one in so many, or with as many dead slots, all is read anew.
RENEWED_SHARE = 4
LEAST_RENEWED = 200


@dataclass(frozen=True, slots=True)
class _Kept:
    revision: Revision
    index: FilmIndex


# The newest index of a database, and the one before it, for a transaction that began earlier. By
# the pool: two applications can live in one process.
_kept: WeakKeyDictionary[Any, tuple[_Kept, ...]] = WeakKeyDictionary()
_reading = Lock()


def film_index(session: Session) -> FilmIndex:
    """Return the index of the public films as this transaction sees them.

    Takes one query, and a dozen more when something has changed since. What a transaction has
    changed itself it reads for itself alone.
    """
    if revisions.is_changing(session):
        return FilmIndex.read(session, None)
    database = session.connection().engine.pool
    revision = revisions.current(session)
    found = _known(database, revision)
    if found is not None:
        return found
    # One thread reads; the others wait for what it has read.
    with _reading:
        found = _known(database, revision)
        if found is not None:
            return found
        before = _kept.get(database, ())
        index = _renewed(session, before[0] if before else None, revision)
        _kept[database] = (_Kept(revision, index), *before[:1])
        return index


def warm(sessions: Callable[[], Session]) -> None:
    """Read all that questions need, so that the first one need not wait for it."""
    try:
        with sessions() as session:
            index = film_index(session)
            index.offered(session).view(None)
            index.text(session)
    except SQLAlchemyError:
        # The first question will read it, and say what is wrong.
        log.warning("finding.not_read", exc_info=True)


def _known(database: object, revision: Revision) -> FilmIndex | None:
    kept = _kept.get(database, ())
    for each in kept:
        if each.revision == revision:
            return each.index
    # Older than all that is kept: another thread has seen a later state. That will do: a film that
    # came since is not in this transaction's rows, and is left out of what it shows.
    return kept[-1].index if kept and revision.number < kept[-1].revision.number else None


def _renewed(session: Session, before: _Kept | None, revision: Revision) -> FilmIndex:
    if before is None or before.revision.number >= revision.number:
        return FilmIndex.read(session, revision)
    films = revisions.changed_since(session, before.revision.number)
    room = max(LEAST_RENEWED, len(before.index.slots) // RENEWED_SHARE)
    if len(films) + before.index.dead > room:
        return FilmIndex.read(session, revision)
    index = before.index.changed(session, revision, films)
    public = select(func.count(Film.id)).where(Film.status == FilmStatus.PUBLISHED)
    # Whoever changes films must name them; should one not be named, all is read.
    return (
        index if session.scalar(public) == len(index.slots) else FilmIndex.read(session, revision)
    )
