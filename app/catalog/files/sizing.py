"""The job that makes a picture's sizes: durable, tried again, and seen by staff when it fails."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.catalog.files import names, service
from app.catalog.files.kinds import FileState
from app.catalog.files.models import FilmFile
from app.core import clock
from app.core.due import Due
from app.core.storage import Storage

log = logging.getLogger(__name__)

# How long to wait after each failure; after the last it has failed, and staff are told.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30))
# Longer than the largest picture takes.
LEASE = timedelta(minutes=5)


def due(session: Session, *, at: datetime, limit: int = 20) -> list[Due]:
    """Return the pictures whose sizes are to be made now, those that wait longest first."""
    rows = session.execute(
        select(FilmFile.id, FilmFile.next_attempt_at)
        .where(FilmFile.state == FileState.WAITING, FilmFile.next_attempt_at <= at)
        .order_by(FilmFile.next_attempt_at, FilmFile.id)
        .limit(limit)
    )
    return [Due(str(file_id), due_at) for file_id, due_at in rows if due_at]


def hold(session: Session, waiting: Sequence[Due], *, at: datetime) -> None:
    """Note that these are being made. They fall due again if nothing comes of it."""
    for each in waiting:
        session.execute(
            update(FilmFile)
            .where(
                FilmFile.id == int(each.key),
                FilmFile.state == FileState.WAITING,
                FilmFile.next_attempt_at == each.due_at,
            )
            .values(next_attempt_at=at + LEASE)
            .execution_options(synchronize_session=False)
        )


def make(
    sessions: sessionmaker[Session],
    readers: sessionmaker[Session],
    storage: Storage,
    *,
    file_id: int,
) -> FileState:
    """Make the sizes of a picture, then show it. Return how far it has come.

    Made twice, they are the same bytes under the same names, so it may be repeated at any point.
    """
    from app.catalog.files import images  # noqa: PLC0415 - see uploads.py

    with readers() as session:
        file = session.get_one(FilmFile, file_id)
    if file.state is not FileState.WAITING:
        return file.state
    try:
        for width, form, data in images.sizes(storage.read(names.kept(file.sha256))):
            storage.write(names.sized(file.sha256, width, form), data)
    except Exception as error:
        log.exception("picture.failed", extra={"file": file.ref})
        return _failed(sessions, file_id, f"{type(error).__name__}: {error}")
    with sessions.begin() as session:
        found = session.get_one(FilmFile, file_id, with_for_update=True)
        if found.state is FileState.WAITING:
            service.became_ready(session, found, actor=Actor.system("pictures"))
        return found.state


def _failed(sessions: sessionmaker[Session], file_id: int, error: str) -> FileState:
    with sessions.begin() as session:
        file = session.get_one(FilmFile, file_id, with_for_update=True)
        if file.state is FileState.WAITING:
            wait = BACKOFF[file.attempts] if file.attempts < len(BACKOFF) else None
            file.attempts += 1
            file.last_error = error
            file.next_attempt_at = clock.now() + wait if wait else None
            file.state = FileState.WAITING if wait else FileState.FAILED
        return file.state
