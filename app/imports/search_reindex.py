"""The repair of the search index: all films compared with their entries, in batches."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import public_revision, search_index
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.imports.bulk_writes import lock_films
from app.imports.film_documents import load_documents

BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class ReindexProgress:
    """A batch of films: how many were compared, and how many entries were fixed."""

    films: int
    fixed: int


def film_count(session: Session) -> int:
    """Return the number of films of any status."""
    return session.scalar(select(func.count()).select_from(Film)) or 0


def reindex(
    readers: sessionmaker[Session], sessions: sessionmaker[Session]
) -> Iterator[ReindexProgress]:
    """Compare all films with the search index, and replace wrong entries.

    Safe to stop and repeat, and safe while others write: each batch is compared without a lock, and
    wrong entries are compared again under one.
    """
    last = 0
    while True:
        with readers() as session:
            statement = select(Film.id).where(Film.id > last).order_by(Film.id).limit(BATCH_SIZE)
            ids = session.scalars(statement).all()
            entries = _find_wrong_entries(session, ids)
        if not ids:
            return
        if entries:
            with sessions.begin() as session:
                lock_films(session, entries)
                entries = _find_wrong_entries(session, entries)
                search_index.remove_films(session, list(entries))
                public = {film_id: entry for film_id, entry in entries.items() if entry is not None}
                search_index.add_entries(session, list(public.items()))
                if entries:
                    public_revision.bump(session, entries)
        yield ReindexProgress(len(ids), len(entries))
        last = ids[-1]


def _find_wrong_entries(
    session: Session, film_ids: Collection[int]
) -> dict[int, search_index.Entry | None]:
    """Return the correct entries of films whose entries are wrong; None for films without one."""
    on_postgresql = search_index.is_postgresql(session)
    indexed = dict(search_index.indexed_words(session, film_ids))
    entries: dict[int, search_index.Entry | None] = {}
    for film_id, document in load_documents(session, film_ids).items():
        if document["status"] != FilmStatus.PUBLISHED:
            if film_id in indexed:
                entries[film_id] = None
        # As sets, because PostgreSQL orders words in its own way.
        elif [*map(set, search_index.words_of(document))] != [*map(set, indexed.get(film_id, ()))]:
            entries[film_id] = search_index.entry(document, on_postgresql)
    return entries
