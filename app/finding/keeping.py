"""The index of each database, kept as fresh as its revision says."""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.catalog.per_revision import PerRevision
from app.catalog.revisions import Revision
from app.finding.index import FilmIndex

log = logging.getLogger(__name__)

# After a change of more films than one in so many, or with as many dead slots, all is read anew.
RENEWED_SHARE = 4
LEAST_RENEWED = 200


def _read(session: Session, revision: Revision | None) -> FilmIndex:
    return FilmIndex.read(session, revision)


def _changed(
    session: Session, index: FilmIndex, revision: Revision, films: Sequence[int]
) -> FilmIndex | None:
    room = max(LEAST_RENEWED, len(index.slots) // RENEWED_SHARE)
    if len(films) + index.dead > room:
        return None
    changed = index.changed(session, revision, films)
    public = select(func.count(Film.id)).where(Film.status == FilmStatus.PUBLISHED)
    # Whoever changes films must name them; should one not be named, all is read.
    return changed if session.scalar(public) == len(changed.slots) else None


kept = PerRevision[FilmIndex](_read, _changed)


def film_index(session: Session) -> FilmIndex:
    """Return the index of the public films as this transaction sees them.

    Takes one query, and a dozen more when something has changed since.
    """
    return kept.get(session)


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
