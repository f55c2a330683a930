"""The signed-in person of an institution: from the session cookie to a member."""

from datetime import timedelta
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.responses import Response
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import record_action
from app.core import clock
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.cross_site import SAFE_METHODS, is_cross_site
from app.core.idempotency import set_caller
from app.core.numbers import new_token
from app.institutions.errors import SignInNeededError
from app.institutions.member_models import Member, MemberSession
from app.institutions.sign_in import hash_token

COOKIE = "rr_member"
SEEN_EVERY = timedelta(minutes=1)


def open_member_session(
    session: Session, settings: Settings, member: Member, *, user_agent: str
) -> str:
    """Open a session and return the token for the cookie, which is kept nowhere else."""
    now = clock.now()
    token = new_token()
    session.add(
        MemberSession(
            token_hash=hash_token(token),
            member_id=member.id,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=settings.member_session_days),
            user_agent=user_agent[:200],
        )
    )
    session.flush()
    return token


def find_member_session(session: Session, settings: Settings, token: str) -> MemberSession | None:
    """Return the session of this token if it is open: not ended, not idle, its person active."""
    if not token:
        return None
    found = session.scalar(
        select(MemberSession).where(
            MemberSession.token_hash == hash_token(token), *_is_open(settings)
        )
    )
    return found if found is not None and found.member.active else None


def end_member_session(session: Session, token: str) -> None:
    """Sign out: the token opens nothing from now on."""
    session.execute(delete(MemberSession).where(MemberSession.token_hash == hash_token(token)))


def end_member_sessions(session: Session, member: Member) -> None:
    """Sign the person out on every device."""
    session.execute(delete(MemberSession).where(MemberSession.member_id == member.id))
    record_action(session, "member", member.ref, "signed_out_everywhere", member.actor)


def count_member_sessions(session: Session, settings: Settings, member: Member) -> int:
    """Return on how many browsers the person is signed in."""
    statement = select(func.count()).select_from(MemberSession)
    return (
        session.scalar(statement.where(MemberSession.member_id == member.id, *_is_open(settings)))
        or 0
    )


def _is_open(settings: Settings) -> tuple[ColumnElement[bool], ...]:
    now = clock.now()
    return (
        MemberSession.expires_at > now,
        MemberSession.seen_at > now - timedelta(hours=settings.member_session_idle_hours),
    )


def set_member_cookie(response: Response, token: str, *, settings: Settings) -> None:
    """Set the session cookie."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.member_session_days * 24 * 3600,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def clear_member_cookie(response: Response, *, settings: Settings) -> None:
    """Delete the session cookie."""
    response.delete_cookie(COOKIE, secure=settings.secure_cookies, httponly=True, samesite="lax")


def find_member(request: Request, background: BackgroundTasks) -> Member | None:
    """Return the person who is signed in, or None.

    A request of another site that may change something is nobody's: the API takes the cookie too.
    """
    token = request.cookies.get(COOKIE, "")
    if not token or (request.method not in SAFE_METHODS and is_cross_site(request)):
        return None
    state = app_state(request)
    with state.readers() as session:
        found = find_member_session(session, state.settings, token)
    if found is None:
        return None
    set_caller(request, f"member {found.member_id}")
    if clock.now() - found.seen_at > SEEN_EVERY:
        background.add_task(_record_activity, state.sessions, found.id)
    return found.member


OptionalMemberDep = Annotated[Member | None, Depends(find_member)]


def get_member(member: OptionalMemberDep) -> Member:
    """Return the person who is signed in.

    Raises:
        SignInNeededError: nobody is. On a page that is read, it leads to the sign-in and back.
    """
    if member is None:
        detail = "Sign in to your account first. Nothing was changed."
        raise SignInNeededError(detail)
    return member


MemberDep = Annotated[Member, Depends(get_member)]


def _record_activity(sessions: sessionmaker[Session], session_id: int) -> None:
    now = clock.now()
    with sessions.begin() as session:
        session.execute(
            update(MemberSession)
            .where(MemberSession.id == session_id, MemberSession.seen_at < now - SEEN_EVERY)
            .values(seen_at=now)
        )
