"""Staff at the console: from the session cookie to a person with permissions."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import BackgroundTasks, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import totp
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
# Pages that stay open to staff who must set up two-step verification first.
OPEN_WITHOUT_CODES = (f"{HOME}/account", f"{HOME}/logout", f"{HOME}/console.css")
MAX_FORM_FIELDS = 10_000
MAX_FORM_FILES = 20


class LoginNeededError(AppError):
    """A form was submitted without a valid session."""

    type = "login-needed"
    title = "Session expired"
    status = HTTPStatus.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Staff:
    """The member of staff who sends the request."""

    user_id: int
    session_id: int
    email: str
    name: str
    roles: tuple[str, ...]
    scopes: frozenset[Scope]
    uses_totp: bool

    @property
    def actor(self) -> Actor:
        """Return the actor for the audit log."""
        return Actor.staff(self.email, self.name)

    def may(self, *scopes: Scope) -> bool:
        """Return whether this person has all of ``scopes``."""
        return self.scopes.issuperset(scopes)


def set_cookie(response: Response, token: str, *, settings: Settings) -> None:
    """Set the session cookie, for the console's paths only."""
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
    """Delete the session cookie."""
    response.delete_cookie(
        COOKIE, path=HOME, secure=settings.secure_cookies, httponly=True, samesite="lax"
    )


def find_current_session(request: Request, token: str | None = None) -> StaffSession | None:
    """Return the valid session of ``token`` or of the cookie. It may still await a code."""
    state = app_state(request)
    with state.readers() as session:
        return find_session(
            session,
            request.cookies.get(COOKIE, "") if token is None else token,
            idle_minutes=state.settings.session_idle_minutes,
        )


async def read_sent_form(request: Request) -> None:
    """Read a form before the session is checked, so that an expired session loses no input.

    A form with files is read this early only without a session; its text fields are kept.
    """
    if request.method != "POST":
        return
    has_files = request.headers.get("content-type", "").startswith("multipart/")
    if has_files and await run_in_threadpool(find_staff, request) is not None:
        return
    form = await request.form(max_fields=MAX_FORM_FIELDS, max_files=MAX_FORM_FILES)
    request.state.sent_form = form
    if has_files:
        await form.close()


def find_staff(request: Request, token: str | None = None) -> Staff | None:
    """Return the member of staff who is logged in, or None."""
    staff_session = find_current_session(request, token)
    return None if staff_session is None or staff_session.awaits_code else _staff(staff_session)


def current_staff(request: Request, background: BackgroundTasks) -> Staff:
    """Return the member of staff who is logged in, or redirect to the login and back."""
    staff_session = find_current_session(request)
    if staff_session is None or staff_session.awaits_code:
        target = request.url.path
        if request.url.query:
            target += f"?{request.url.query}"
        if request.method not in {"GET", "HEAD"}:
            if wants_page(request):
                detail = "Your session has expired. Nothing was changed, and your entries are kept."
                raise LoginNeededError(detail)
            # A program can't resend its form after the login, so it goes to the home page.
            target = HOME
        step = "/console/login/code" if staff_session else "/console/login"
        raise HTTPException(
            303, "Log in first.", headers={"Location": f"{step}?next={quote(target)}"}
        )
    staff = _staff(staff_session)
    if not staff.uses_totp and not request.url.path.startswith(OPEN_WITHOUT_CODES):
        _ensure_codes(request, staff)
    set_caller(request, f"staff {staff.user_id}")
    if clock.now() - staff_session.seen_at > SEEN_EVERY:
        background.add_task(_record_activity, app_state(request).sessions, staff_session.id)
    return staff


def _ensure_codes(request: Request, staff: Staff) -> None:
    """Redirect to the account page if the roles require two-step verification."""
    with app_state(request).readers() as session:
        required = totp.roles_with_codes(session)
    if required.isdisjoint(staff.roles):
        return
    if request.method in {"GET", "HEAD"}:
        headers = {"Location": f"{HOME}/account?done=codes-needed"}
        raise HTTPException(303, "Set up two-step verification first.", headers=headers)
    detail = "Set up two-step verification in your account first. Nothing was changed."
    raise totp.CodesRequiredError(detail)


StaffDep = Annotated[Staff, Depends(current_staff)]


def require_scopes(*scopes: Scope) -> Callable[..., Staff]:
    """Return a dependency for a member of staff with all of ``scopes``."""

    def dependency(staff: StaffDep) -> Staff:
        return _checked(staff, scopes)

    return dependency


def require_any_scope(*scopes: Scope) -> Callable[..., Staff]:
    """Return a dependency for a member of staff with at least one of ``scopes``."""

    def dependency(staff: StaffDep) -> Staff:
        if staff.scopes.isdisjoint(scopes):
            _refuse(scopes[:1])
        return staff

    return dependency


CatalogEditor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
OfferEditor = Annotated[Staff, Depends(require_scopes(Scope.OFFERS_WRITE))]
OrderReader = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_READ))]
Sales = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_WRITE))]
CustomerEditor = Annotated[Staff, Depends(require_scopes(Scope.CUSTOMERS_WRITE))]
Fulfillment = Annotated[Staff, Depends(require_scopes(Scope.FULFILLMENT_WRITE))]
Finance = Annotated[Staff, Depends(require_scopes(Scope.REFUNDS_WRITE))]
Biller = Annotated[Staff, Depends(require_scopes(Scope.BILLING_WRITE))]
EventReader = Annotated[Staff, Depends(require_scopes(Scope.EVENTS_READ))]


def safe_target(target: str) -> str:
    """Return ``target`` if it is a console page, else the console's home (no open redirect)."""
    inside = target == HOME or target.startswith((f"{HOME}/", f"{HOME}?"))
    return target if inside and target.isprintable() and "\\" not in target else HOME


def _staff(staff_session: StaffSession) -> Staff:
    return Staff(
        user_id=staff_session.user.id,
        session_id=staff_session.id,
        email=staff_session.user.email,
        name=staff_session.user.name,
        roles=tuple(staff_session.user.roles),
        scopes=permissions_of(staff_session.user.roles),
        uses_totp=staff_session.user.uses_totp,
    )


def _checked(staff: Staff, scopes: tuple[Scope, ...]) -> Staff:
    missing = tuple(scope for scope in scopes if scope not in staff.scopes)
    if missing:
        _refuse(missing)
    return staff


def _refuse(missing: tuple[Scope, ...]) -> None:
    tasks = " and ".join(SCOPE_LABELS[scope] for scope in missing)
    detail = (
        f"Your roles don't allow you to {tasks}. Nothing was changed. Ask an admin to change your "
        f"roles."
    )
    raise ScopeMissingError(detail)


def _record_activity(sessions: sessionmaker[Session], session_id: int) -> None:
    with sessions.begin() as session:
        record_activity(session, session_id=session_id)
