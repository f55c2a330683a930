"""Who is at the console: from a cookie to a person with permissions."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import BackgroundTasks, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import code_rules
from app.accounts.actors import Actor
from app.accounts.errors import ScopeMissingError
from app.accounts.models import StaffSession
from app.accounts.permissions import SCOPE_LABELS, Scope, permissions_of
from app.accounts.sessions import SEEN_EVERY, find_session, record_activity
from app.core import clock
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.errors import AppError
from app.core.idempotency import set_caller
from app.core.problems import wants_page

COOKIE = "rr_staff"
HOME = "/console"
# What someone may do who must set up two-step verification first: just that, and log out.
OPEN_WITHOUT_CODES = (f"{HOME}/account", f"{HOME}/logout", f"{HOME}/console.css")
MAX_FORM_FIELDS = 10_000
MAX_FORM_FILES = 20


class LoginNeededError(AppError):
    """A form came from somebody who is not logged in any more."""

    type = "login-needed"
    title = "Session expired"
    status = HTTPStatus.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Staff:
    """The member of staff whose request this is, as they stand now."""

    user_id: int
    session_id: int
    email: str
    name: str
    roles: tuple[str, ...]
    scopes: frozenset[Scope]
    uses_totp: bool

    @property
    def actor(self) -> Actor:
        """The same person, as the audit log names them."""
        return Actor.staff(self.email, self.name)

    def may(self, *scopes: Scope) -> bool:
        """Whether this person has every one of ``scopes``."""
        return self.scopes.issuperset(scopes)


def set_cookie(response: Response, token: str, *, settings: Settings) -> None:
    """Hand the browser its token. The cookie is for the console's paths and ends with it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        path=HOME,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, *, settings: Settings) -> None:
    """Take the token back."""
    response.delete_cookie(
        COOKIE, path=HOME, secure=settings.secure_cookies, httponly=True, samesite="lax"
    )


def present_session(request: Request, token: str | None = None) -> StaffSession | None:
    """Return the session of ``token``, or of the request's cookie, if it is in force.

    It may still await a code.
    """
    state = app_state(request)
    with state.readers() as session:
        return find_session(
            session,
            request.cookies.get(COOKIE, "") if token is None else token,
            idle_minutes=state.settings.session_idle_minutes,
        )


async def read_sent_form(request: Request) -> None:
    """Read a form before it is known who sent it: if nobody is logged in, it is not lost.

    A form with files is read early only where nobody is logged in; its text fields are kept.
    """
    if request.method != "POST":
        return
    has_files = request.headers.get("content-type", "").startswith("multipart/")
    if has_files and await run_in_threadpool(staff_at, request) is not None:
        return
    form = await request.form(max_fields=MAX_FORM_FIELDS, max_files=MAX_FORM_FILES)
    request.state.sent_form = form
    if has_files:
        await form.close()


def staff_at(request: Request, token: str | None = None) -> Staff | None:
    """Return who is logged in, whatever the request is for; None if nobody is."""
    found = present_session(request, token)
    return None if found is None or found.awaits_code else _staff(found)


def current_staff(request: Request, background: BackgroundTasks) -> Staff:
    """Return who is logged in; send anyone else to the login, and back here afterwards."""
    found = present_session(request)
    if found is None or found.awaits_code:
        target = request.url.path
        if request.url.query:
            target += f"?{request.url.query}"
        if request.method not in {"GET", "HEAD"}:
            if wants_page(request):
                detail = "Your session has expired. Nothing was changed, and your entries are kept."
                raise LoginNeededError(detail)
            # A program's form cannot be sent again after the login: go home instead.
            target = HOME
        step = "/console/login/code" if found else "/console/login"
        raise HTTPException(
            303, "Log in first.", headers={"Location": f"{step}?next={quote(target)}"}
        )
    staff = _staff(found)
    if not staff.uses_totp and not request.url.path.startswith(OPEN_WITHOUT_CODES):
        _need_codes(request, staff)
    set_caller(request, f"staff {staff.user_id}")
    if clock.now() - found.seen_at > SEEN_EVERY:
        background.add_task(_note, app_state(request).sessions, found.id)
    return staff


def _need_codes(request: Request, staff: Staff) -> None:
    """Send to their account who must set up two-step verification first."""
    with app_state(request).readers() as session:
        required = code_rules.roles_with_codes(session)
    if required.isdisjoint(staff.roles):
        return
    if request.method in {"GET", "HEAD"}:
        headers = {"Location": f"{HOME}/account?done=codes-needed"}
        raise HTTPException(303, "Set up two-step verification first.", headers=headers)
    detail = "Set up two-step verification in your account first. Nothing was changed."
    raise code_rules.CodesRequiredError(detail)


StaffDep = Annotated[Staff, Depends(current_staff)]


def require_scopes(*scopes: Scope) -> Callable[..., Staff]:
    """Return a dependency: the member of staff, who has every one of ``scopes``."""

    def dependency(staff: StaffDep) -> Staff:
        return _checked(staff, scopes)

    return dependency


def require_any_scope(*scopes: Scope) -> Callable[..., Staff]:
    """Return a dependency: the member of staff, who has at least one of ``scopes``."""

    def dependency(staff: StaffDep) -> Staff:
        if staff.scopes.isdisjoint(scopes):
            _refuse(scopes[:1])
        return staff

    return dependency


def safe_target(target: str) -> str:
    """Return ``target`` if it is a page of the console, else its home: no open redirect."""
    inside = target == HOME or target.startswith((f"{HOME}/", f"{HOME}?"))
    return target if inside and target.isprintable() and "\\" not in target else HOME


def _staff(found: StaffSession) -> Staff:
    return Staff(
        user_id=found.user.id,
        session_id=found.id,
        email=found.user.email,
        name=found.user.name,
        roles=tuple(found.user.roles),
        scopes=permissions_of(found.user.roles),
        uses_totp=found.user.uses_totp,
    )


def _checked(staff: Staff, scopes: tuple[Scope, ...]) -> Staff:
    missing = tuple(scope for scope in scopes if scope not in staff.scopes)
    if missing:
        _refuse(missing)
    return staff


def _refuse(missing: tuple[Scope, ...]) -> None:
    words = " and ".join(SCOPE_LABELS[scope] for scope in missing)
    detail = (
        f"Your roles don't allow you to {words}. Nothing was changed. Ask an admin to change your "
        f"roles."
    )
    raise ScopeMissingError(detail)


def _note(sessions: sessionmaker[Session], session_id: int) -> None:
    with sessions.begin() as session:
        record_activity(session, session_id=session_id)
