"""Your account: password, authenticator codes, sessions."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts import totp
from app.accounts.errors import LoginFailedError
from app.accounts.models import StaffUser
from app.accounts.passwords import verify_password
from app.accounts.permissions import ROLE_LABELS, Role
from app.accounts.sessions import end_all, open_session, sessions_of
from app.accounts.staff import set_password
from app.console import login_limits
from app.console.access import Staff, StaffDep, set_cookie
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError

router = APIRouter(prefix="/account")
# Longer than any valid password, so that a long one gets a message.
Password = Annotated[str, Form(max_length=1000)]


@router.get("", summary="Your account")
def account_page(request: Request, staff: StaffDep, session: ReadSessionDep) -> Response:
    """Show roles, password, two-step verification, and sessions."""
    return _draw(request, staff, session)


@router.post("/password", summary="Change your password")
def change_password(
    request: Request,
    *,
    staff: StaffDep,
    current: Password = "",
    password: Password = "",
    repeated: Password = "",
) -> Response:
    """Set a new password, end all other sessions, and renew this one."""
    state = app_state(request)
    try:
        _check_password(request, staff, current)
        if password != repeated:
            detail = "Enter the same password in both fields."
            raise InvalidInputError.of(FieldProblem("#/repeated", detail))
        with state.sessions.begin() as session:
            user = set_password(session, email=staff.email, password=password, actor=staff.actor)
            token = open_session(
                session,
                user,
                hours=state.settings.session_hours,
                user_agent=request.headers.get("user-agent", ""),
                awaits_code=False,
            )
    except AppError as error:
        return _redraw(request, staff, error)
    response = see_other("/console/account", done="password")
    set_cookie(response, token, settings=state.settings)
    return response


@router.post("/sessions/end", summary="Log out other sessions")
def end_sessions(request: Request, staff: StaffDep) -> Response:
    """End all other sessions."""
    with app_state(request).sessions.begin() as session:
        end_all(session, user_id=staff.user_id, but=staff.session_id)
    return see_other("/console/account", done="ended")


@router.post("/codes/begin", summary="Start two-step verification setup")
def begin_codes(request: Request, staff: StaffDep) -> Response:
    """Create a secret for the authenticator app. It is not active yet."""
    try:
        with app_state(request).sessions.begin() as session:
            totp.start_enrollment(session, session.get_one(StaffUser, staff.user_id))
    except AppError as error:
        return _redraw(request, staff, error)
    return see_other("/console/account/codes")


@router.get("/codes", summary="QR code for the authenticator app")
def codes_page(request: Request, staff: StaffDep, session: ReadSessionDep) -> Response:
    """Show the secret as a QR code and as text."""
    return _codes(request, staff, session)


@router.post("/codes/confirm", summary="Turn on two-step verification")
def confirm_codes(
    request: Request, staff: StaffDep, code: Annotated[str, Form(max_length=60)] = ""
) -> Response:
    """Check the first code and show the recovery codes once."""
    state = app_state(request)
    try:
        login_limits.count_code_attempt(request, staff.email)
        with state.sessions.begin() as session:
            user = session.get_one(StaffUser, staff.user_id)
            recovery = totp.confirm_enrollment(session, user, code, actor=staff.actor)
        login_limits.uncount_code_attempt(request, staff.email)
    except AppError as error:
        with state.readers() as session:
            return _codes(request, staff, session, problem=error)
    return draw_page(request, staff, "recovery.html", recovery=recovery)


@router.post("/codes/off", summary="Turn off two-step verification")
def codes_off(request: Request, staff: StaffDep, current: Password = "") -> Response:
    """Turn two-step verification off after checking the password."""
    try:
        _check_password(request, staff, current)
        with app_state(request).sessions.begin() as session:
            totp.refuse_if_required(session, staff.roles)
            totp.disable(session, session.get_one(StaffUser, staff.user_id), actor=staff.actor)
    except AppError as error:
        return _redraw(request, staff, error)
    return see_other("/console/account", done="code-off")


def _check_password(request: Request, staff: Staff, password: str) -> None:
    """Check the password again, because a screen may be left unlocked."""
    login_limits.count_password_attempt(request, staff.email)
    with app_state(request).readers() as session:
        user = session.get_one(StaffUser, staff.user_id)
    if not verify_password(password, user.password_hash):
        detail = "The current password is incorrect. Nothing was changed."
        raise LoginFailedError(
            detail, errors=[FieldProblem("#/current", ("Enter your current password."))]
        )
    login_limits.uncount_password_attempt(request, staff.email)


def _redraw(request: Request, staff: Staff, problem: AppError) -> Response:
    with app_state(request).readers() as session:
        return _draw(request, staff, session, problem=problem)


def _draw(
    request: Request, staff: Staff, session: Session, *, problem: AppError | None = None
) -> Response:
    return draw_page(
        request,
        staff,
        "account.html",
        problem=problem,
        user=session.get_one(StaffUser, staff.user_id),
        sessions=sessions_of(session, user_id=staff.user_id),
        role_words={role: ROLE_LABELS[Role(role)] for role in staff.roles},
    )


def _codes(
    request: Request, staff: Staff, session: Session, *, problem: AppError | None = None
) -> Response:
    user = session.get_one(StaffUser, staff.user_id)
    if user.totp_secret is None or user.uses_totp:
        return see_other("/console/account")
    import segno  # noqa: PLC0415 - few pages need it

    address = totp.otpauth_uri(user, issuer=app_state(request).settings.seller_name)
    return draw_page(
        request,
        staff,
        "codes.html",
        problem=problem,
        secret=" ".join(user.totp_secret[i : i + 4] for i in range(0, len(user.totp_secret), 4)),
        qr=segno.make(address, error="m").svg_data_uri(scale=5, border=2, light="#fff"),
    )
