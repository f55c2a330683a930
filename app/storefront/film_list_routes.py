"""Lists of new films, of films whose rights end soon, and of press."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator

from app.catalog import press, queries
from app.catalog.enums import PressKind
from app.catalog.press import PressSort
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.public_reads import public_read
from app.offers.expiring_rights import SOON_DAYS, find_expiring_films
from app.offers.licensing import find_starting_prices
from app.storefront import press_view
from app.storefront.browse_routes import PageNumber, none_if_empty
from app.storefront.film_view import card_line
from app.storefront.visitor import header_cookies
from app.web.rendering import render

router = APIRouter()
MAX_RECENT = 48
LEAVING_PER_PAGE = 200
PRESS_PER_PAGE = 40
Kind = Annotated[PressKind | None, BeforeValidator(none_if_empty), Query()]
Sort = Annotated[PressSort | None, BeforeValidator(none_if_empty), Query()]


@router.get("/recent")
@public_read(cookies=header_cookies)
def recent(request: Request, session: ReadSessionDep) -> Response:
    """Show the newest films by the day on which they were published."""
    films = queries.recent(session, MAX_RECENT)
    days: dict[str, list[object]] = {}
    for film in films:
        added_on = film.published_at.date().isoformat() if film.published_at else ""
        days.setdefault(added_on, []).append(film)
    return render(
        request,
        "storefront/recent.html",
        days=list(days.items()),
        prices=find_starting_prices(session, [film.id for film in films]),
        card_line=card_line,
    )


@router.get("/leaving")
@public_read(cookies=header_cookies)
def leaving(
    request: Request,
    session: ReadSessionDep,
    after: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """Show the films whose rights end soon, and the last days to order them."""
    today = clock.today()
    try:
        shown = find_expiring_films(session, on=today, most=LEAVING_PER_PAGE, after=after)
    except NotFoundError:
        # The film before this page no longer expires.
        return RedirectResponse("/leaving")
    films = queries.films_by_id(session, [film.film_id for film in shown.films])
    return render(
        request,
        "storefront/leaving.html",
        leaving=list(zip(films, shown.films, strict=True)),
        after=after,
        following=next((film.slug for film in films if film.id == shown.last_id), ""),
        months=round(SOON_DAYS / 365 * 12),
        card_line=card_line,
    )


@router.get("/press")
@public_read(cookies=header_cookies)
def press_index(
    request: Request,
    session: ReadSessionDep,
    kind: Kind = None,
    sort: Sort = None,
    page: PageNumber = 1,
) -> Response:
    """Show the press about all films, of one kind or of every kind."""
    chosen = sort or PressSort.DATE
    found = press.press_page(session, kind=kind, sort=chosen, page=page, per_page=PRESS_PER_PAGE)
    if page > found.pages:
        return RedirectResponse(_press_url(kind, sort, found.pages))
    counts = press.press_kinds(session)
    return render(
        request,
        "storefront/press.html",
        found=found,
        kind=kind,
        sort=chosen,
        kinds=[
            (_press_url(code, sort), press_view.PLURALS[code], count, code is kind)
            for code, count in counts.items()
        ],
        everything=(_press_url(None, sort), sum(counts.values())),
        sorts=[(_press_url(kind, order), order.label, order is chosen) for order in PressSort],
        previous=_press_url(kind, sort, found.page - 1) if found.page > 1 else "",
        following=_press_url(kind, sort, found.page + 1) if found.page < found.pages else "",
        press_view=press_view,
    )


def _press_url(kind: PressKind | None, sort: PressSort | None, page: int = 1) -> str:
    values: dict[str, object] = {}
    if kind is not None:
        values["kind"] = kind.value
    if sort not in {None, PressSort.DATE}:
        values["sort"] = str(sort)
    if page > 1:
        values["page"] = page
    return f"/press?{urlencode(values)}" if values else "/press"
