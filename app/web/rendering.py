"""Rendering of templates for the store and the console."""

from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core import clock
from app.core.errors import FieldProblem
from app.core.request_middleware import request_id, settings_of
from app.web import formats
from app.web.sent_forms import RETRY_STATUSES, find_sent_form
from app.web.static_files import static_url

APP = Path(__file__).parent.parent
FOLDERS = [APP / part / "templates" for part in ("web", "storefront", "portal", "console")]
CART_COUNT_COOKIE = "rr_cart_lines"
MAX_SHOWN = 99


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the template environment; unknown names in templates are errors."""
    templates = Environment(
        loader=FileSystemLoader(FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        money=formats.money,
        date=formats.day,
        datetime=formats.instant,
        plural=formats.plural,
        runtime=formats.runtime,
        hours=formats.hours,
        clock_time=formats.clock_time,
        language=formats.language,
        country=formats.country,
        listed=formats.join_words,
        file_size=formats.file_size,
        named=formats.join_names,
        total=formats.total,
        bdi=formats.bdi,
        isolated=formats.isolated,
    )
    templates.globals.update(static=static_url, countries=formats.countries)
    return templates


def render(
    request: Request, template: str, *, status_code: int = HTTPStatus.OK, **context: object
) -> HTMLResponse:
    """Return the page of ``template`` with ``context``.

    Every template also has ``request``, ``settings``, ``path``, ``now`` and ``cart_count``.
    """
    settings = settings_of(request)
    body = (
        environment()
        .get_template(template)
        .render(
            {
                "request": request,
                "settings": settings,
                "path": request.url.path,
                "now": clock.now(),
                "cart_count": cart_count(request),
                **context,
            }
        )
    )
    response = HTMLResponse(body, status_code=status_code)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def error_page(
    request: Request, status: int, title: str, detail: str, errors: Sequence[FieldProblem]
) -> HTMLResponse:
    """Return the error page.

    It shows ``detail`` and ``errors`` to visitors as they are.
    """
    return render(
        request,
        "web/error.html",
        status_code=status,
        error_status=int(status),
        title=title,
        detail=detail[:1].upper() + detail[1:],
        errors=errors,
        request_id=request_id(),
        sent=find_sent_form(request),
        can_retry=status in RETRY_STATUSES,
    )


def cart_count(request: Request) -> int:
    """Return the number of cart lines at the last change, for the page header."""
    count = request.cookies.get(CART_COUNT_COOKIE, "")
    return min(int(count[:3]), MAX_SHOWN) if count.isascii() and count.isdigit() else 0
