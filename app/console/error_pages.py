"""Error pages for staff, inside the console's frame."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from app.console.access import HOME, LoginNeededError, Staff, find_staff, safe_target
from app.console.pages import draw_page, find_home_page
from app.core.app_state import app_state
from app.core.cross_site import SAFE_METHODS
from app.core.errors import FieldProblem
from app.core.request_middleware import request_id
from app.institutions.errors import SignInNeededError
from app.web import rendering
from app.web.sent_forms import RETRY_STATUSES, find_sent_form


def error_page(
    request: Request, status: int, title: str, detail: str, errors: Sequence[FieldProblem]
) -> Response:
    """Return an error page: the console's for staff at the console, else the store's.

    A page for an institution's people leads to their sign-in, and back.
    """
    path = request.url.path
    if title == SignInNeededError.title and request.method in SAFE_METHODS:
        target = f"{path}?{request.url.query}" if request.url.query else path
        return RedirectResponse(
            f"/account/sign-in?next={quote(target)}", status_code=HTTPStatus.SEE_OTHER
        )
    inside = path == HOME or path.startswith(f"{HOME}/")
    staff = _staff(request) if inside and status >= HTTPStatus.BAD_REQUEST else None
    if staff is None and title == LoginNeededError.title:
        return draw_login_again(request, detail)
    if staff is None:
        return rendering.error_page(request, status, title, detail, errors)
    return draw_page(
        request,
        staff,
        "error.html",
        status_code=status,
        error_status=int(status),
        title=title,
        detail=detail[:1].upper() + detail[1:],
        errors=errors,
        home=find_home_page(staff),
        back=_back(request),
        request_id=request_id(),
        sent=find_sent_form(request),
        can_retry=status in RETRY_STATUSES,
    )


def draw_login_again(request: Request, detail: str) -> HTMLResponse:
    """Return the login page with the submitted form, which is shown again after the login."""
    sent = find_sent_form(request)
    response = rendering.render(
        request,
        "console/login.html",
        status_code=LoginNeededError.status,
        target=HOME,
        email="",
        problem=LoginNeededError(detail),
        resume=sent.model_dump_json() if sent else "",
        demo=app_state(request).settings.environment == "development",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _staff(request: Request) -> Staff | None:
    """Return the member of staff, or None, also when the database is unavailable."""
    try:
        return find_staff(request)
    except SQLAlchemyError:
        return None


def _back(request: Request) -> str:
    """Return the console page that the request came from, or "" if unknown."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.url.netloc or not came_from.path.startswith(f"{HOME}/"):
        return ""
    target = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    here = request.method == "GET" and came_from.path == request.url.path
    return "" if here else safe_target(target)
