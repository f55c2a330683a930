"""The job that makes a picture's sizes: durable, tried again, and seen by staff when it fails."""

import logging
from datetime import timedelta

from sqlalchemy import and_
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.catalog.file_enums import FileState
from app.catalog.file_models import FilmFile
from app.core import clock
from app.core.storage import Storage
from app.core.work_queue import JobGroup, WorkQueue
from app.media import service, storage_names

log = logging.getLogger(__name__)

# The delay after each failure; after the last one it fails, and staff see that.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30))
WORK_QUEUE = WorkQueue(
    key=FilmFile.id,
    due_at=FilmFile.next_attempt_at,
    is_due=lambda at: and_(FilmFile.state == FileState.PROCESSING, FilmFile.next_attempt_at <= at),
    retry_after=timedelta(minutes=5),
    group=JobGroup.FILMS,
)


def make_sizes(
    sessions: sessionmaker[Session],
    readers: sessionmaker[Session],
    storage: Storage,
    *,
    file_id: int,
) -> FileState:
    """Make the sizes of a picture, then show it. Return how far it has come.

    Made twice, they are the same bytes under the same names, so it may be repeated at any point.
    """
    from app.media import images  # noqa: PLC0415 - see uploads.py

    with readers() as session:
        file = session.get_one(FilmFile, file_id)
    if file.state is not FileState.PROCESSING:
        return file.state
    try:
        for width, form, data in images.sizes(storage.read(storage_names.kept(file.sha256))):
            storage.write(storage_names.sized(file.sha256, width, form), data)
    except Exception as error:
        log.exception("picture.failed", extra={"file": file.ref})
        return _failed(sessions, file_id, f"{type(error).__name__}: {error}")
    with sessions.begin() as session:
        file = session.get_one(FilmFile, file_id, with_for_update=True)
        if file.state is FileState.PROCESSING:
            service.mark_ready(session, file, actor=Actor.system("pictures"))
        return file.state


def _failed(sessions: sessionmaker[Session], file_id: int, error: str) -> FileState:
    with sessions.begin() as session:
        file = session.get_one(FilmFile, file_id, with_for_update=True)
        if file.state is FileState.PROCESSING:
            wait = BACKOFF[file.attempts] if file.attempts < len(BACKOFF) else None
            file.attempts += 1
            file.last_error = error
            file.next_attempt_at = clock.now() + wait if wait else None
            file.state = FileState.PROCESSING if wait else FileState.FAILED
        return file.state
