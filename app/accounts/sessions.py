"""Logins of staff that last: opened, found by cookie, ended. Only hashes of tokens are kept."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts.models import StaffSession, StaffUser
from app.core import clock
from app.core.numbers import new_token

# How long the second step of a login may take.
CODE_TIMEOUT = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)


def open_session(
    session: Session, user: StaffUser, *, hours: int, user_agent: str, awaits_code: bool
) -> str:
    """Open a session and return the token for the cookie, which is kept nowhere else.

    With ``awaits_code`` it opens nothing yet: it only remembers that the password was right.
    """
    now = clock.now()
    token = new_token()
    session.execute(delete(StaffSession).where(StaffSession.expires_at < now))
    session.add(
        StaffSession(
            token_hash=_hash(token),
            user_id=user.id,
            awaits_code=awaits_code,
            created_at=now,
            seen_at=now,
            expires_at=now + (CODE_TIMEOUT if awaits_code else timedelta(hours=hours)),
            user_agent=user_agent[:200],
        )
    )
    if not awaits_code:
        session.execute(update(StaffUser).where(StaffUser.id == user.id).values(last_login_at=now))
    session.flush()
    return token


def find_session(session: Session, token: str, *, idle_minutes: int) -> StaffSession | None:
    """Return the session of this token if it is in force: not ended, not idle, its user active."""
    if not token:
        return None
    now = clock.now()
    found = session.scalar(select(StaffSession).where(StaffSession.token_hash == _hash(token)))
    if found is None or not found.user.active or found.expires_at <= now:
        return None
    return found if now - found.seen_at < timedelta(minutes=idle_minutes) else None


def record_activity(session: Session, *, session_id: int) -> None:
    """Move the idle clock of a session; a second time within the minute changes nothing."""
    now = clock.now()
    session.execute(
        update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.seen_at < now - SEEN_EVERY)
        .values(seen_at=now)
    )


def end_session(session: Session, token: str) -> None:
    """Log out: the token is worth nothing from now on."""
    session.execute(delete(StaffSession).where(StaffSession.token_hash == _hash(token)))


def end_all(session: Session, *, user_id: int, but: int | None = None) -> int:
    """End every session of a person except the one with the id ``but``; return how many."""
    ended = session.scalars(
        delete(StaffSession)
        .where(StaffSession.user_id == user_id, StaffSession.id != (but or 0))
        .returning(StaffSession.id)
    ).all()
    return len(ended)


def sessions_of(session: Session, *, user_id: int) -> Sequence[StaffSession]:
    """Return the active sessions of a person, newest first."""
    return session.scalars(
        select(StaffSession)
        .where(
            StaffSession.user_id == user_id,
            StaffSession.awaits_code.is_(False),
            StaffSession.expires_at > clock.now(),
        )
        .order_by(StaffSession.id.desc())
    ).all()


def _hash(token: str) -> str:
    # Plain SHA-256 is right here: a token has 256 random bits, so there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
