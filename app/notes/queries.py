"""Reading notes. Functions return rows and change nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.core.errors import NotFoundError
from app.notes.models import EducatorNote
from app.notes.states import NoteStatus


@dataclass(frozen=True, slots=True)
class Thread:
    """A note that is shown, with the replies that are, oldest first."""

    note: EducatorNote
    replies: Sequence[EducatorNote]


def find_threads(session: Session, film_id: int) -> list[Thread]:
    """Return a film's notes as they are shown, the newest first, in one query."""
    rows = session.scalars(
        select(EducatorNote)
        .where(EducatorNote.film_id == film_id, EducatorNote.status == NoteStatus.APPROVED)
        .order_by(EducatorNote.id)
    ).all()
    replies: dict[int, list[EducatorNote]] = defaultdict(list)
    for row in rows:
        if row.reply_to_id is not None:
            replies[row.reply_to_id].append(row)
    # A reply to what was removed since is not shown either.
    return [Thread(row, replies[row.id]) for row in reversed(rows) if row.reply_to_id is None]


def get_note(session: Session, ref: str, *, for_change: bool = False) -> EducatorNote:
    """Return a note of any status with its film and what it answers.

    Raises:
        NotFoundError: there is none.
    """
    if for_change:
        session.execute(select(EducatorNote.id).where(EducatorNote.ref == ref).with_for_update())
    found = session.scalar(
        select(EducatorNote)
        .where(EducatorNote.ref == ref)
        .options(joinedload(EducatorNote.film), joinedload(EducatorNote.reply_to))
        .execution_options(populate_existing=for_change)
    )
    if found is None:
        detail = f"Note “{ref}” not found."
        raise NotFoundError(detail)
    return found


def get_published_note(session: Session, film_id: int, ref: str) -> EducatorNote:
    """Return a note of the film that is shown and may be answered: one that is no reply.

    Raises:
        NotFoundError: there is none.
    """
    found = session.scalar(
        select(EducatorNote).where(
            EducatorNote.ref == ref,
            EducatorNote.film_id == film_id,
            EducatorNote.status == NoteStatus.APPROVED,
            EducatorNote.reply_to_id.is_(None),
        )
    )
    if found is None:
        detail = f"Note “{ref}” not found."
        raise NotFoundError(detail)
    return found


def get_note_by_token(session: Session, token: str, *, for_change: bool = False) -> EducatorNote:
    """Return the note that a confirmation link opens, with its film; ``for_change`` locks its row.

    Raises:
        NotFoundError: the link was used, is too old, or never was.
    """
    if for_change:
        session.execute(
            select(EducatorNote.id)
            .where(EducatorNote.confirm_hash == hash_token(token))
            .with_for_update()
        )
    found = session.scalar(
        select(EducatorNote)
        .where(
            EducatorNote.confirm_hash == hash_token(token),
            EducatorNote.confirm_until > clock.now(),
        )
        .options(joinedload(EducatorNote.film))
    )
    if found is None:
        detail = "This link has expired or was already used."
        raise NotFoundError(detail)
    return found


def count_pending(session: Session) -> int:
    """Return how many notes wait for staff."""
    return (
        session.scalar(
            select(func.count(EducatorNote.id)).where(EducatorNote.status == NoteStatus.PENDING)
        )
        or 0
    )


def find_replies(session: Session, note: EducatorNote) -> Sequence[EducatorNote]:
    """Return every reply to a note, of any status but unconfirmed, oldest first."""
    return session.scalars(
        select(EducatorNote)
        .where(EducatorNote.reply_to_id == note.id, EducatorNote.status != NoteStatus.UNCONFIRMED)
        .order_by(EducatorNote.id)
    ).all()


def hash_token(token: str) -> str:
    """Return what is kept of a confirmation link's secret."""
    return hashlib.sha256(f"educator note\n{token}".encode()).hexdigest()
