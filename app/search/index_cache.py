"""The index of each database, kept as fresh as its revision says."""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.catalog.public_revision import Revision
from app.catalog.revision_cache import RevisionCache, room_for_change
from app.search import synonyms
from app.search.index import FilmIndex
from app.search.synonyms import Synonyms

log = logging.getLogger(__name__)


def _read(session: Session, revision: Revision | None) -> FilmIndex:
    return FilmIndex.read(session, revision)


def _changed(
    session: Session, index: FilmIndex, revision: Revision, films: Sequence[int]
) -> FilmIndex | None:
    # The slots of films that were replaced stay, until there are many.
    if len(films) + index.dead_count > room_for_change(index):
        return None
    return index.with_changes(session, revision, films)


film_index_cache = RevisionCache[FilmIndex](_read, _changed)


def get_film_index(session: Session) -> FilmIndex:
    """Return the index of the public films as this transaction sees them.

    Takes one query, and a dozen more when something has changed since.
    """
    return film_index_cache.get(session)


def get_synonyms(index: FilmIndex, session: Session) -> Synonyms:
    """Return the words that mean one thing, read once for each index: every change makes one."""
    return index.memoize("synonyms", lambda: Synonyms(synonyms.read_synonyms(session)))


def preload(sessions: Callable[[], Session]) -> None:
    """Read all that questions need, so that the first one need not wait for it."""
    try:
        with sessions() as session:
            index = get_film_index(session)
            index.offers_for_sale(session).view(None)
            index.text_index(session)
            get_synonyms(index, session)
    except SQLAlchemyError:
        # The first question will read it, and say what is wrong.
        log.warning("finding.not_read", exc_info=True)
