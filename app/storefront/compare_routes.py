"""Up to four films' licenses in one table; the address holds all of it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from app.catalog import groups, queries
from app.catalog.filters import MAX_QUERY_LENGTH
from app.catalog.models import Film
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.offers.licensing import get_licensing_of_films
from app.search.film_search import Search
from app.search.query import FilmQuery
from app.storefront import film_view
from app.storefront.buyer_form import CLASS_CHOICES, size_questions
from app.storefront.comparing import ALL, KIND, MAX_FILMS, ComparisonRequest, is_equal, table
from app.storefront.page_cookies import film_cookies
from app.storefront.visitor import BuyerDep, buyer_words
from app.web.rendering import render

router = APIRouter()
SUGGESTED = 6
# Who asks for more than these does not read them; the address is longer than any that we make.
MAX_NAMED = 40
Slug = Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]


def asked(
    film: Annotated[list[Slug] | None, Query(max_length=MAX_NAMED)] = None,
    kind: Annotated[
        Annotated[str, Field(pattern=f"^{KIND}$")] | None,
        BeforeValidator(lambda given: given or None),
        Query(alias="as"),
    ] = None,
) -> ComparisonRequest:
    """Read which films are compared: each once."""
    return ComparisonRequest(tuple(dict.fromkeys(slug for slug in film or [] if slug)), kind)


AskedDep = Annotated[ComparisonRequest, Depends(asked)]


@router.get("/compare")
@public_read(cookies=film_cookies)
def compare(
    request: Request,
    session: ReadSessionDep,
    buyer: BuyerDep,
    asked: AskedDep,
    add: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """Show the licenses of the films side by side, and how to add a film or take one away."""
    found = queries.films_by_slug(session, asked.slugs)
    films = [found[slug] for slug in asked.slugs if slug in found]
    known = ComparisonRequest(tuple(film.slug for film in films), asked.kind)
    searched = _search(session, add, films)
    if len(searched) == 1 and len(films) < MAX_FILMS:
        return RedirectResponse(known.plus(searched[0].slug))
    too_many = len(films) > MAX_FILMS
    compared = None
    if buyer and films and not too_many:
        answers = get_licensing_of_films(session, films, buyer, on=clock.today())
        compared = table(films, [answers[film.id] for film in films], known.kind)
    return render(
        request,
        "storefront/compare.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if too_many else HTTPStatus.OK,
        asked=known,
        films=films,
        missing=[slug for slug in asked.slugs if slug not in found],
        most=MAX_FILMS,
        too_many=too_many,
        buyer=buyer,
        buyer_words=buyer_words(buyer) if buyer else "",
        table=compared,
        all_kinds=ALL,
        is_equal=is_equal,
        add=add,
        searched=searched,
        suggested=[] if add or too_many else _suggested(session, films),
        card_line=film_view.card_line,
        view=film_view,
        classes=CLASS_CHOICES,
        size_questions=size_questions(),
    )


def _search(session: Session, words: str, films: Sequence[Film]) -> list[Film]:
    """Return the films for ``words`` that are not compared yet."""
    if not words.strip():
        return []
    shown = {film.id for film in films}
    cards = Search(session, FilmQuery(q=words[:MAX_QUERY_LENGTH])).page(1, SUGGESTED + MAX_FILMS)
    found = queries.films_by_id(session, [card.id for card in cards])
    return [film for film in found if film.id not in shown][:SUGGESTED]


def _suggested(session: Session, films: Sequence[Film]) -> list[Film]:
    """Return films that are like the ones compared; new ones where none is."""
    if len(films) == MAX_FILMS:
        return []
    shown = {film.id for film in films}
    near = (
        groups.similar(session, films[-1], limit=SUGGESTED + MAX_FILMS)
        if films
        else queries.recent(session, SUGGESTED)
    )
    return [film for film in near if film.id not in shown][:SUGGESTED]
