"""Find your institution, and the link by email."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter, ValidationError

from app.access.claims import Method, clear_claim_cookie, make_claim
from app.access.discovery import find_by_text, find_methods, get_open_institution
from app.access.email_links import LINK_PATH, find_institution_of, send_link
from app.access.errors import LoginRefusedError
from app.access.logins import TIMEOUT, find_login, finish_login
from app.access.models import LoginKind
from app.core import throttle
from app.core.db import ReadSessionDep, SessionDep
from app.core.email_address import Email, format_email_problem
from app.core.errors import NotFoundError
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.storefront.access_view import (
    FilmSlug,
    Target,
    draw_access_page,
    open_session,
    remember_institution,
    remembered,
    target_of,
)
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE

router = APIRouter(prefix="/access")
HOUR = 60 * 60
MAX_PER_CLIENT, MAX_PER_ADDRESS = 30, 5
ADDRESS = TypeAdapter(Email)
NO_MATCH = "No institution matches. Enter another part of its name, or your work address."
UNKNOWN_DOMAIN = "This address is at no institution that uses email links. Ask your library."
Text = Annotated[str, Query(max_length=200)]
Secret = Annotated[str, Query(max_length=200)]
Ref = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$")]


@router.get("/find")
def find_page(
    request: Request,
    session: ReadSessionDep,
    film: FilmSlug = "",
    target: Target = "",
    q: Text = "",
) -> Response:
    """Find an institution by a part of its name, or by an address at it."""
    found = find_by_text(session, q) if q.strip() else []
    if len(found) == 1 and "@" in q:
        return _to(f"/access/institutions/{found[0].ref}", target_of(film, target))
    problems = {"q": NO_MATCH} if q.strip() and not found else {}
    known = []
    for ref in remembered(request):
        try:
            known.append(get_open_institution(session, ref))
        except NotFoundError:
            continue
    return draw_access_page(
        request,
        "find",
        found=found,
        known=known,
        target=target_of(film, target),
        q=q,
        problems=problems,
    )


@router.get("/institutions/{ref}")
def institution_page(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    ref: Ref,
    target: Target = "",
) -> Response:
    """Show the ways in that an institution offers."""
    institution = get_open_institution(session, ref)
    path = target_of(target=target)
    response = draw_access_page(
        request,
        "institution",
        institution=institution,
        methods=find_methods(session, institution),
        target=path,
        target_url=settings.url(path),
        problems={},
        email="",
    )
    remember_institution(request, response, institution.ref, settings=settings)
    return response


@router.post("/email")
def request_link(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep
) -> Response:
    """Email a link to an address at an institution's domain."""
    target = target_of(target=form.get("next", ""))
    typed = form.get("email", "")
    problem = ""
    try:
        email = ADDRESS.validate_python(typed)
    except ValidationError as error:
        email = ""
        default = "Enter an email address, like name@example.edu"
        problem = format_email_problem(error.errors()[0], default)
    institution = find_institution_of(session, email) if email else None
    if institution is None:
        return draw_access_page(
            request,
            "email",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            target=target,
            problems={"email": problem or UNKNOWN_DOMAIN},
            email=typed,
        )
    throttle.hit(session, "access mail", network_of(request), limit=MAX_PER_CLIENT, seconds=HOUR)
    throttle.hit(session, "access to", email.lower(), limit=MAX_PER_ADDRESS, seconds=HOUR)
    send_link(session, settings, institution, email=email, target=target)
    minutes = int(TIMEOUT.total_seconds() // 60)
    return draw_access_page(request, "email_sent", email=email, minutes=minutes)


@router.get("/email")
def email_page(request: Request, target: Target = "") -> Response:
    """Show the form for an address."""
    return draw_access_page(
        request, "email", target=target_of(target=target), problems={}, email=""
    )


@router.get(LINK_PATH.removeprefix("/access"))
def link_page(request: Request, session: ReadSessionDep, token: Secret = "") -> Response:
    """Ask for a confirmation, because email programs open links by themselves."""
    if find_login(session, LoginKind.EMAIL, token) is None:
        return draw_access_page(request, "email_expired", status=HTTPStatus.NOT_FOUND)
    return draw_access_page(request, "email_confirm", token=token)


@router.post(LINK_PATH.removeprefix("/access"))
def use_link(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep
) -> Response:
    """Use the link once, and open the page that asked for it."""
    try:
        login = finish_login(session, LoginKind.EMAIL, form.get("token", ""))
    except LoginRefusedError:
        return draw_access_page(request, "email_expired", status=HTTPStatus.NOT_FOUND)
    claim = make_claim(settings, login.institution_id, Method.EMAIL)
    return open_session(claim, login.target, settings=settings)


@router.post("/leave")
def leave(settings: SettingsDep) -> Response:
    """End the session of access in this browser."""
    response = RedirectResponse("/access/find", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    clear_claim_cookie(response, settings=settings)
    return response


def _to(path: str, target: str) -> RedirectResponse:

    url = f"{path}?{urlencode({'next': target})}"
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
