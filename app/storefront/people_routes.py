"""The index of all people: a letter at a time."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator

from app.catalog.people_index import OTHER, filed_under, letters
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.storefront.browse_routes import PageNumber, nothing
from app.storefront.browsing import page_numbers
from app.storefront.page_cookies import header_cookies
from app.web.rendering import render

router = APIRouter()
PER_PAGE = 120
Letter = Annotated[str | None, BeforeValidator(nothing), Query(pattern=f"^([A-Z]|{OTHER})$")]


@router.get("/people")
@public_read(cookies=header_cookies)
def people(
    request: Request, session: ReadSessionDep, letter: Letter = None, page: PageNumber = 1
) -> Response:
    """Show the people of one letter; without one, of the first that there is."""
    counts = letters(session)
    shown = letter or next(iter(counts), "A")
    found = filed_under(session, shown)
    pages = max(1, -(-len(found) // PER_PAGE))
    if page > pages:
        return RedirectResponse(_url(letter, pages))
    return render(
        request,
        "storefront/people.html",
        letters=[
            (_url(each), _label(each), count, each == shown) for each, count in counts.items()
        ],
        letter=_label(shown),
        is_first=letter is None and page == 1,
        total=len(found),
        people=found[(page - 1) * PER_PAGE : page * PER_PAGE],
        page=page,
        pages=pages,
        numbers=[
            (number, _url(letter, number) if number else "") for number in page_numbers(page, pages)
        ],
        previous=_url(letter, page - 1) if page > 1 else "",
        following=_url(letter, page + 1) if page < pages else "",
    )


def _label(letter: str) -> str:
    return "Other" if letter == OTHER else letter


def _url(letter: str | None, page: int = 1) -> str:
    values = [f"letter={letter}"] if letter else []
    values += [f"page={page}"] if page > 1 else []
    return f"/people?{'&'.join(values)}" if values else "/people"
