"""Films and offers as staff see them: all of them, whatever their status, and the plain changes."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.permissions import Scope
from app.catalog.documents import FilmDocument
from app.catalog.files.service import films_with_failed_pictures
from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.catalog.queries import film_for_staff
from app.catalog.records import document_of
from app.catalog.writing import replace_film, withdraw_film
from app.console.access import Staff, does, sees
from app.console.fields import EmptyIsNone, Line, PageNumber, Search, Text
from app.console.lists import Listing
from app.console.offers.prices import lowest
from app.console.pages import page, see_other
from app.console.submissions import perform
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.offers.models import Offer
from app.offers.queries import offers_of_films, windows_of_films
from app.offers.states import DELIVERY_WORDS, HELD_RIGHT_WORDS, OfferStatus

router = APIRouter()
FilmReader = Annotated[Staff, Depends(sees(Scope.CATALOG_WRITE))]
FilmEditor = Annotated[Staff, Depends(does(Scope.CATALOG_WRITE))]
OfferReader = Annotated[Staff, Depends(sees(Scope.OFFERS_WRITE))]
OfferEditor = Annotated[Staff, Depends(does(Scope.OFFERS_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]

ON_SALE = (
    select(func.count(Offer.id))
    .where(Offer.film_id == Film.id, Offer.status == OfferStatus.PUBLISHED)
    .correlate(Film)
    .scalar_subquery()
)
FILMS = Listing(
    "films.html",
    select(
        Film.slug,
        Film.title,
        Film.release_year,
        Film.genre,
        Film.status,
        Film.updated_at,
        ON_SALE.label("on_sale"),
    ),
    unique=Film.id,
    state=Film.status,
    sorts={
        "title": Film.sort_key,
        "year": Film.release_year,
        "changed": Film.updated_at,
    },
    contains=(Film.title, Film.original_title, Film.slug),
)


@router.get("/films", summary="Films of any status")
def film_list(
    request: Request,
    *,
    staff: FilmReader,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[FilmStatus | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "title",
    number: PageNumber = 1,
) -> Response:
    """Show one page of films, with how many offers of each are on sale."""
    return FILMS.draw(
        request,
        staff,
        session,
        q=q,
        status=status,
        sort=sort,
        number=number,
        more={"failed_pictures": films_with_failed_pictures(session)},
    )


@router.get("/films/{slug}", summary="One film, its offers and the rights held")
def film_page(request: Request, staff: FilmReader, session: ReadSessionDep, slug: Slug) -> Response:
    """Show what the catalog says, what is on sale, and within which rights windows."""
    return _draw_film(request, staff, session, slug)


@router.post("/films/{slug}", summary="Change a film's basics")
def change_film(
    request: Request,
    *,
    staff: FilmEditor,
    slug: Slug,
    title: Line = "",
    sort_title: Line = "",
    tagline: Line = "",
    synopsis: Text = "",
    release_year: Line = "",
    once: Line = "",
) -> Response:
    """Change title, tagline, synopsis and year; all else goes through the API or the seed files."""
    basics = {
        "title": title,
        "sort_title": sort_title or None,
        "tagline": tagline or None,
        "synopsis": synopsis,
        "release_year": int(release_year) if _is_year(release_year) else release_year,
    }

    def work(session: Session) -> None:
        film = film_for_staff(session, slug, for_change=True)
        replace_film(session, film, _changed(document_of(film), basics), actor=staff.actor)

    try:
        new = perform(request, once, work)
    except AppError as error:
        with request.app.state.readers() as session:
            return _draw_film(request, staff, session, slug, problem=error, typed=basics)
    return see_other(f"/console/films/{slug}", done="film-saved" if new else "twice")


@router.post("/films/{slug}/status", summary="Publish or withdraw a film")
def change_film_status(
    request: Request,
    *,
    staff: FilmEditor,
    slug: Slug,
    step: Annotated[Literal["publish", "withdraw"], Form()],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Put a film into the public catalog or take it out; licenses that exist go on."""

    def work(session: Session) -> None:
        if step == "withdraw":
            withdraw_film(session, slug, actor=staff.actor, reason=reason)
            return
        film = film_for_staff(session, slug, for_change=True)
        document = _changed(document_of(film), {"status": FilmStatus.PUBLISHED})
        replace_film(session, film, document, actor=staff.actor)

    try:
        new = perform(request, once, work)
    except AppError as error:
        with request.app.state.readers() as session:
            return _draw_film(request, staff, session, slug, problem=error)
    done = {"publish": "film-published", "withdraw": "film-withdrawn"}[step] if new else "twice"
    return see_other(f"/console/films/{slug}", done=done)


def _draw_film(
    request: Request,
    staff: Staff,
    session: Session,
    slug: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    film = film_for_staff(session, slug)
    offers = offers_of_films(session, [film.id], statuses=list(OfferStatus))
    document = document_of(film)
    return page(
        request,
        staff,
        "film.html",
        problem=problem,
        film=film,
        typed=typed or document.model_dump(mode="json"),
        offers=offers,
        lowest={offer.id: lowest(offer.prices) for offer in offers},
        windows=windows_of_films(session, [film.id]),
        deliveries=DELIVERY_WORDS,
        rights=HELD_RIGHT_WORDS,
        history=audit.entries_about(session, "film", film.slug),
        today=clock.today(),
    )


def _changed(document: FilmDocument, changes: Mapping[str, object]) -> FilmDocument:
    """Return the document with ``changes``, checked as if the API had sent it."""
    try:
        return FilmDocument.model_validate({**document.model_dump(), **changes})
    except ValidationError as error:
        problems = [
            FieldProblem("#/" + "/".join(map(str, one["loc"])), one["msg"])
            for one in error.errors()
        ]
        raise InvalidInputError.of(*problems) from error


def _is_year(typed: str) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) <= 4  # noqa: PLR2004 - 9999
