"""What the pages of access share: where to go afterwards, and what the browser remembers."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from app.access.claims import Claim, set_claim_cookie
from app.access.errors import LoginRefusedError
from app.access.logins import record_refusal
from app.core.app_state import app_state
from app.core.config import Settings
from app.storefront.order_routes import PRIVATE
from app.storefront.visitor import local_path
from app.web.rendering import render

INSTITUTIONS_COOKIE = "rr_institutions"
MAX_REMEMBERED = 3
YEAR_SECONDS = 365 * 24 * 60 * 60
MAX_TARGET_LENGTH = 500
HOME = "/films"
Target = Annotated[str, Query(alias="next", max_length=MAX_TARGET_LENGTH)]
FilmSlug = Annotated[str, Query(max_length=120, pattern=r"^[a-z0-9-]*$")]


def target_of(film: str = "", target: str = "") -> str:
    """Return the page to open after a login: that of a film, or another one of this store."""
    path = f"/watch/{film}" if film and not target else local_path(target, HOME)
    return path if len(path) <= MAX_TARGET_LENGTH else HOME


def remembered(request: Request) -> list[str]:
    """Return the institutions that were chosen in this browser, the latest first."""
    refs = request.cookies.get(INSTITUTIONS_COOKIE, "").split(".")
    return [ref for ref in refs if ref.startswith("IN-") and ref.isprintable()][:MAX_REMEMBERED]


def remember_institution(
    request: Request, response: Response, ref: str, *, settings: Settings
) -> None:
    """Remember the choice, so that the next visit begins with it."""
    refs = dict.fromkeys([ref, *remembered(request)])
    response.set_cookie(
        INSTITUTIONS_COOKIE,
        ".".join(list(refs)[:MAX_REMEMBERED]),
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


def open_session(claim: Claim, target: str, *, settings: Settings) -> RedirectResponse:
    """Keep the claim in the browser and go to the page that asked for it."""
    response = RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    set_claim_cookie(response, claim, settings=settings)
    return response


def count_refusal(
    request: Request, institution_id: int, method: str, error: LoginRefusedError
) -> None:
    """Count a refusal for staff, in a transaction of its own: the request fails."""
    with app_state(request).sessions.begin() as session:
        record_refusal(session, institution_id, method, error.code)


def draw_access_page(
    request: Request, step: str, *, status: HTTPStatus = HTTPStatus.OK, **context: object
) -> Response:
    """Draw a page that is no other visitor's."""
    response = render(request, f"storefront/access_{step}.html", status_code=status, **context)
    response.headers.update(PRIVATE)
    return response
