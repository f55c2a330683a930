"""Sign in by a link to an email address, and sign out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter, ValidationError

from app.core import throttle
from app.core.db import ReadSessionDep, SessionDep
from app.core.email_address import Email, format_email_problem
from app.core.errors import NotFoundError
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.institutions import sign_in
from app.institutions.members import sign_in_member
from app.institutions.sessions import (
    COOKIE,
    OptionalMemberDep,
    clear_member_cookie,
    end_member_session,
    open_member_session,
    set_member_cookie,
)
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE
from app.storefront.visitor import local_path
from app.web.rendering import render

router = APIRouter(prefix="/account")
HOUR = 60 * 60
# Each request sends an email to an unconfirmed address.
MAX_PER_CLIENT, MAX_PER_ADDRESS = 30, 5
MAX_TARGET_LENGTH = 500
HOME = "/account"
ADDRESS = TypeAdapter(Email)
Target = Annotated[str, Query(alias="next", max_length=MAX_TARGET_LENGTH)]
Secret = Annotated[str, Query(max_length=200)]


@router.get("/sign-in")
def sign_in_page(
    request: Request, settings: SettingsDep, member: OptionalMemberDep, target: Target = HOME
) -> Response:
    """Show the form for an address, or redirect if already signed in."""
    if member is not None:
        return _redirect(local_path(target, HOME))
    provider = settings.oidc_label if settings.oidc_issuer else ""
    return _page(
        request,
        "form",
        target=local_path(target, HOME),
        problems={},
        email="",
        provider=provider,
    )


@router.post("/sign-in")
def request_sign_in_link(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep
) -> Response:
    """Send the link; the page and the email are the same for known and unknown addresses."""
    target = local_path(form.get("next", ""), HOME)
    if len(target) > MAX_TARGET_LENGTH:
        target = HOME
    try:
        email = ADDRESS.validate_python(form.get("email", ""))
    except ValidationError as error:
        default = "Enter an email address, like name@example.edu"
        problem = format_email_problem(error.errors()[0], default)
        return _page(
            request,
            "form",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            target=target,
            problems={"email": problem},
            email=form.get("email", ""),
            provider="",
        )
    throttle.hit(session, "sign-in from", network_of(request), limit=MAX_PER_CLIENT, seconds=HOUR)
    throttle.hit(session, "sign-in to", email.lower(), limit=MAX_PER_ADDRESS, seconds=HOUR)
    sign_in.request_link(session, settings, email=email, target=target)
    return _page(request, "sent", email=email, minutes=settings.sign_in_link_minutes)


@router.get("/sign-in/link")
def sign_in_link_page(request: Request, session: ReadSessionDep, token: Secret = "") -> Response:
    """Ask for a confirmation, because email programs open links by themselves."""
    try:
        link = sign_in.get_link(session, token)
    except NotFoundError:
        return _page(request, "expired", status=HTTPStatus.NOT_FOUND)
    return _page(request, "confirm", email=link.email, token=token)


@router.post("/sign-in/link")
def use_sign_in_link(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep
) -> Response:
    """Use the link once, open a session, and go to the page that asked to sign in."""
    try:
        link = sign_in.use_link(session, form.get("token", ""))
    except NotFoundError:
        return _page(request, "expired", status=HTTPStatus.NOT_FOUND)
    member = sign_in_member(session, link.email)
    # End the previous session, so that a planted token opens nothing.
    end_member_session(session, request.cookies.get(COOKIE, ""))
    token = open_member_session(
        session, settings, member, user_agent=request.headers.get("user-agent", "")
    )
    response = _redirect(link.target)
    set_member_cookie(response, token, settings=settings)
    return response


@router.post("/sign-out")
def sign_out(request: Request, session: SessionDep, settings: SettingsDep) -> Response:
    """End the session and delete its cookie."""
    end_member_session(session, request.cookies.get(COOKIE, ""))
    response = _redirect("/account/sign-in")
    clear_member_cookie(response, settings=settings)
    return response


def _redirect(target: str) -> RedirectResponse:
    return RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _page(
    request: Request, step: str, *, status: HTTPStatus = HTTPStatus.OK, **context: object
) -> Response:
    response = render(request, f"portal/sign_in_{step}.html", status_code=status, **context)
    response.headers.update(PRIVATE)
    return response
