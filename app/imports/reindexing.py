"""The index of search compared with the films, and mended: for all films, a batch at a time."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import revisions, search_index
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.imports.bulk_changes import lock_films
from app.imports.reading import documents

BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class ReindexProgress:
    """A batch of films that was looked at: how many, and how many entries were mended."""

    films: int
    mended: int


def film_count(session: Session) -> int:
    """Return how many films there are, of any status."""
    return session.scalar(select(func.count()).select_from(Film)) or 0


def reindex(
    readers: sessionmaker[Session], sessions: sessionmaker[Session]
) -> Iterator[ReindexProgress]:
    """Look at all films, and write those entries anew that are not what their films say.

    Safe beside whoever else writes, and to stop and repeat: each batch is looked at without a lock,
    and what has to be mended is looked at again under one. A worker takes it up within a second.
    """
    last = 0
    while True:
        with readers() as session:
            wanted = select(Film.id).where(Film.id > last).order_by(Film.id).limit(BATCH_SIZE)
            ids = session.scalars(wanted).all()
            wrong = _wrong(session, ids)
        if not ids:
            return
        if wrong:
            with sessions.begin() as session:
                lock_films(session, wrong)
                wrong = _wrong(session, wrong)
                search_index.remove_films(session, list(wrong))
                public = {film_id: told for film_id, told in wrong.items() if told is not None}
                search_index.add_entries(session, list(public.items()))
                if wrong:
                    revisions.bump(session, wrong)
        yield ReindexProgress(len(ids), len(wrong))
        last = ids[-1]


def _wrong(session: Session, film_ids: Collection[int]) -> dict[int, search_index.Entry | None]:
    """Return the right entries of those films of which the index says something else.

    None for a film that is not public, and should have no entry.
    """
    on_postgresql = search_index.is_postgresql(session)
    held = dict(search_index.indexed_words(session, film_ids))
    wrong: dict[int, search_index.Entry | None] = {}
    for film_id, document in documents(session, film_ids).items():
        if document["status"] != FilmStatus.PUBLISHED:
            if film_id in held:
                wrong[film_id] = None
        # As sets: PostgreSQL keeps words in its own order.
        elif [*map(set, search_index.words_of(document))] != [*map(set, held.get(film_id, ()))]:
            wrong[film_id] = search_index.entry(document, on_postgresql)
    return wrong
