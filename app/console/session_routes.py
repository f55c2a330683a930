"""Login and logout."""

import logging
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.accounts import audit, totp
from app.accounts.actors import Actor
from app.accounts.errors import LoginFailedError
from app.accounts.models import StaffUser
from app.accounts.sessions import end_session, open_session
from app.accounts.staff import authenticate
from app.console import login_limits
from app.console.access import (
    COOKIE,
    HOME,
    StaffDep,
    clear_cookie,
    find_current_session,
    find_staff,
    safe_target,
    set_cookie,
)
from app.console.fields import Line
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.errors import AppError, TooManyRequestsError
from app.core.forms import read_form
from app.core.networks import network_of
from app.web.rendering import render
from app.web.sent_forms import parse_sent_form

# The length of the audit log's column; no account has a longer address.
MAX_ACCOUNT_LENGTH = 120

log = logging.getLogger(__name__)
router = APIRouter()
# Refuse text that the database can't store.
STORABLE_TEXT = [Depends(read_form)]

_WRONG_PASSWORD = LoginFailedError("The email address or password is incorrect.")
_WRONG_CODE = LoginFailedError("The code is incorrect or was already used.")


@router.get("/login", summary="Log in to the console")
def login_page(request: Request, next: str = HOME) -> Response:  # noqa: A002 - read in the address bar
    """Show the login form, or redirect if already logged in."""
    found = find_current_session(request)
    if found is not None and not found.awaits_code:
        return RedirectResponse(safe_target(next), status_code=HTTPStatus.SEE_OTHER)
    return _login_form(request, target=next)


@router.post("/login", summary="Check email and password", dependencies=STORABLE_TEXT)
def log_in(
    request: Request,
    *,
    email: Line = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form()] = HOME,  # noqa: A002 - the field's name
    resume: Annotated[str, Form()] = "",
) -> Response:
    """Open a session, or ask for a code if the account uses two-step verification.

    Attempts are counted before the password is checked (see ``login_limits``). A wrong password, an
    unknown address, and a closed account get the same response.
    """
    state = app_state(request)
    account = email.strip().lower()
    draw = partial(_login_form, request, target=next, email=email, resume=resume)
    try:
        login_limits.count_password_attempt(request, account)
    except TooManyRequestsError as error:
        log.warning("staff.login_throttled", extra={"address": _address(request)})
        return draw(problem=error)
    # The slow hash is computed in a reading session, so that no writer waits for it.
    with state.readers() as session:
        user = authenticate(session, email=account, password=password)
    if user is None:
        log.info("staff.login_refused", extra={"address": _address(request)})
        _record_failure(request, account, "staff.login_failed")
        return draw(problem=_WRONG_PASSWORD)
    login_limits.uncount_password_attempt(request, account)
    with state.sessions.begin() as session:
        # End the previous session, so that a planted token is worthless.
        end_session(session, request.cookies.get(COOKIE, ""))
        token = _open(session, request, user, awaits_code=user.uses_totp)
    target = safe_target(next)
    if user.uses_totp and resume:
        response: Response = _code_form(request, target=target, resume=resume)
    elif user.uses_totp:
        response = RedirectResponse(
            f"/console/login/code?next={quote(target)}", status_code=HTTPStatus.SEE_OTHER
        )
    else:
        response = _finish_login(request, token, target=target, resume=resume)
        login_limits.remember_device(request, response, account)
    set_cookie(response, token, settings=state.settings)
    return response


@router.get("/login/code", summary="The second step of the login")
def code_page(request: Request, next: str = HOME) -> Response:  # noqa: A002 - as above
    """Show the form for the code."""
    found = find_current_session(request)
    if found is None:
        return RedirectResponse("/console/login", status_code=HTTPStatus.SEE_OTHER)
    if not found.awaits_code:
        return RedirectResponse(safe_target(next), status_code=HTTPStatus.SEE_OTHER)
    return _code_form(request, target=next)


@router.post("/login/code", summary="Check the code", dependencies=STORABLE_TEXT)
def check_code(
    request: Request,
    *,
    code: Annotated[str, Form(max_length=60)] = "",
    next: Annotated[str, Form()] = HOME,  # noqa: A002 - the field's name
    resume: Annotated[str, Form()] = "",
) -> Response:
    """Replace the session that awaits a code by an open one with a new token."""
    state = app_state(request)
    found = find_current_session(request)
    if found is None or not found.awaits_code:
        if resume:
            return _login_form(request, target=next, resume=resume)
        return RedirectResponse("/console/login", status_code=HTTPStatus.SEE_OTHER)
    draw = partial(_code_form, request, target=next, resume=resume)
    try:
        login_limits.count_code_attempt(request, found.user.email)
    except TooManyRequestsError as error:
        return draw(problem=error)
    token = None
    with state.sessions.begin() as session:
        user = session.get_one(StaffUser, found.user_id)
        if totp.verify_code(session, user, code):
            end_session(session, request.cookies.get(COOKIE, ""))
            token = _open(session, request, user, awaits_code=False)
    if token is None:
        log.info("staff.code_refused", extra={"address": _address(request)})
        _record_failure(request, found.user.email, "staff.code_failed")
        return draw(problem=_WRONG_CODE)
    login_limits.uncount_code_attempt(request, found.user.email)
    response = _finish_login(request, token, target=safe_target(next), resume=resume)
    login_limits.remember_device(request, response, found.user.email)
    set_cookie(response, token, settings=state.settings)
    return response


@router.post("/logout", summary="Log out")
def log_out(request: Request, staff: StaffDep) -> Response:
    """End the session and delete its cookie."""
    with app_state(request).sessions.begin() as session:
        end_session(session, request.cookies.get(COOKIE, ""))
        _record(session, staff.actor, "staff.logged_out")
    response = see_other("/console/login")
    clear_cookie(response, settings=app_state(request).settings)
    return response


def _finish_login(request: Request, token: str, *, target: str, resume: str) -> Response:
    """Return the response to a login: the submitted form, or a redirect to ``target``."""
    staff = find_staff(request, token)
    sent = parse_sent_form(resume)
    if staff is None or sent is None or safe_target(sent.action) != sent.action:
        return RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    return draw_page(request, staff, "resume.html", sent=sent, can_retry=True)


def _open(session: Session, request: Request, user: StaffUser, *, awaits_code: bool) -> str:
    token = open_session(
        session,
        user,
        hours=app_state(request).settings.session_hours,
        user_agent=request.headers.get("user-agent", ""),
        awaits_code=awaits_code,
    )
    if not awaits_code:
        _record(session, Actor.staff(user.email, user.name), "staff.logged_in")
    return token


def _record(session: Session, actor: Actor, action: str) -> None:
    audit.record(session, actor=actor, action=action, object_type="staff", object_ref=actor.ref)


def _record_failure(request: Request, account: str, action: str) -> None:
    """Record a failed login and its network in the audit log."""
    with app_state(request).sessions.begin() as session:
        audit.record(
            session,
            actor=Actor.guest(account[:MAX_ACCOUNT_LENGTH]),
            action=action,
            object_type="staff",
            object_ref=account[:MAX_ACCOUNT_LENGTH],
            after={"network": _address(request)},
        )


def _address(request: Request) -> str:
    return network_of(request)


def _login_form(
    request: Request,
    *,
    target: str,
    email: str = "",
    resume: str = "",
    problem: AppError | None = None,
) -> Response:
    return _form(request, "login.html", target=target, email=email, resume=resume, problem=problem)


def _code_form(
    request: Request, *, target: str, resume: str = "", problem: AppError | None = None
) -> Response:
    return _form(request, "code.html", target=target, email="", resume=resume, problem=problem)


def _form(
    request: Request,
    template: str,
    *,
    target: str,
    email: str,
    resume: str,
    problem: AppError | None,
) -> Response:
    response = render(
        request,
        f"console/{template}",
        status_code=problem.status if problem else HTTPStatus.OK,
        target=safe_target(target),
        email=email,
        resume=resume,
        problem=problem,
        demo=app_state(request).settings.environment == "development",
    )
    response.headers.update((problem and problem.headers) or {})
    response.headers["Cache-Control"] = "no-store"
    return response
