"""The front page and the lists: all films, collections, subjects, people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from app.catalog import groups, queries
from app.catalog.filters import FilmFilters
from app.catalog.kinds import FilmSort
from app.catalog.models import Film
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.requests import SettingsDep, settings_of
from app.discovery.jsonld import script_text
from app.discovery.jsonld_lists import group_ld, person_ld
from app.offers.licensing import starting_prices
from app.storefront.browsing import PER_PAGE, Listing
from app.storefront.film_view import card_line, facts_line
from app.web.rendering import render

router = APIRouter()
FEATURED = "the-red-soul"
ON_FRONT = 8


def nothing(value: object) -> object:
    """Read an empty field of a form as no filter at all."""
    return None if isinstance(value, str) and not value.strip() else value


# NUL is refused here: SQLite would find nothing, and PostgreSQL would not look.
_Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Word = Annotated[_Word | None, BeforeValidator(nothing), Query()]
Year = Annotated[Annotated[int, Field(ge=1000, le=9999)] | None, BeforeValidator(nothing), Query()]


def listing(  # noqa: PLR0917 - FastAPI passes them by name
    q: Word = None,
    subject: Word = None,
    collection: Word = None,
    language: Word = None,
    country: Word = None,
    year_from: Year = None,
    year_to: Year = None,
    sort: Annotated[FilmSort | None, BeforeValidator(nothing), Query()] = None,
) -> Listing:
    """Read which films are asked for, from the address."""
    filters = FilmFilters(
        q=q,
        subject=subject,
        collection=collection,
        language=language,
        country=country,
        year_from=year_from,
        year_to=year_to,
    )
    return Listing(filters, sort)


ListingDep = Annotated[Listing, Depends(listing)]
PageNumber = Annotated[int, Query(ge=1, le=100_000)]


@router.get("/")
def home(request: Request, session: ReadSessionDep) -> Response:
    """Show the front page: one film large, the collections, what is new."""
    try:
        featured = queries.film_by_slug(session, FEATURED)
    except NotFoundError:
        featured = None
    # After it: reading one film afresh would unload what these have loaded.
    recent = queries.recent(session, ON_FRONT + 1)
    if featured is None and recent:
        featured = recent[0]
    shown = [film for film in recent if featured is None or film.id != featured.id][:ON_FRONT]
    return render(
        request,
        "storefront/home.html",
        featured=featured,
        featured_line=facts_line(featured) if featured else "",
        collections=_strips(session, limit=6),
        recent=shown,
        prices=starting_prices(session, [film.id for film in shown]),
        card_line=card_line,
    )


@router.get("/films")
def films(
    request: Request, session: ReadSessionDep, listing: ListingDep, page: PageNumber = 1
) -> Response:
    """Show the films that are asked for, and what else could be asked."""
    found = queries.page_of_films(
        session, listing.filters, page=page, per_page=PER_PAGE, sort=listing.sort
    )
    if page > found.pages:
        return RedirectResponse(listing.url(page=found.pages))
    facets = groups.facets(session, listing.filters)
    return render(
        request,
        "storefront/films.html",
        listing=listing,
        found=found,
        groups=listing.groups(facets),
        chips=listing.chips(facets),
        pages=listing.pages(found.page, found.pages) if found.pages > 1 else [],
        sorts=[sort for sort in FilmSort if listing.filters.query or sort != FilmSort.RELEVANCE],
        collections=groups.collections(session) if not found.films else [],
        prices=starting_prices(session, [film.id for film in found.films]),
        card_line=card_line,
    )


@router.get("/collections")
def collections(request: Request, session: ReadSessionDep) -> Response:
    """Show every collection."""
    return render(
        request,
        "storefront/collections.html",
        collections=_strips(session),
        subjects=groups.subjects(session),
    )


@router.get("/collections/{slug}")
def collection(request: Request, session: ReadSessionDep, slug: str) -> Response:
    """Show a collection's films in its order."""
    found = groups.collection_by_slug(session, slug)
    films = groups.collection_films(session, found)
    return _group(
        request,
        session,
        kind="Collection",
        name=found.name,
        summary=found.summary,
        films=films,
        narrow=Listing(FilmFilters(collection=slug), None).url(),
        alert_url=Listing(FilmFilters(collection=slug), None).alert_url,
    )


@router.get("/subjects/{slug}")
def subject(request: Request, session: ReadSessionDep, slug: str, page: PageNumber = 1) -> Response:
    """Show the films on a subject."""
    found = groups.subject_by_slug(session, slug)
    listed = Listing(FilmFilters(subject=slug), None)
    result = queries.page_of_films(session, listed.filters, page=page, per_page=PER_PAGE)
    if page > 1:
        return RedirectResponse(listed.url(page=page))
    return _group(
        request,
        session,
        kind="Subject",
        name=found.name,
        summary=found.summary,
        films=list(result.films),
        narrow=listed.url(page=2) if result.pages > 1 else listed.url(),
        alert_url=listed.alert_url,
        total=result.total,
    )


@router.get("/people/{slug}")
def person(request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str) -> Response:
    """Show someone's films, by what they did, the newest first."""
    found = groups.person_by_slug(session, slug)
    ids = [film.id for _, films in found.films for film in films]
    return render(
        request,
        "storefront/person.html",
        person=found.person,
        roles=found.films,
        json_ld=script_text(person_ld(found, settings)),
        prices=starting_prices(session, ids),
        card_line=card_line,
    )


def _group(
    request: Request,
    session: Session,
    *,
    kind: str,
    name: str,
    summary: str,
    films: list[Film],
    narrow: str,
    alert_url: str,
    total: int | None = None,
) -> Response:
    return render(
        request,
        "storefront/group.html",
        kind=kind,
        name=name,
        json_ld=script_text(group_ld(name, summary, request.url.path, films, settings_of(request))),
        summary=summary,
        films=films,
        total=len(films) if total is None else total,
        narrow=narrow,
        alert_url=alert_url,
        prices=starting_prices(session, [film.id for film in films]),
        card_line=card_line,
    )


def _strips(
    session: Session, *, limit: int | None = None
) -> list[tuple[groups.Counted, list[Film]]]:
    """Return the collections, each with its first three films for a strip of posters."""
    strips = []
    for counted in groups.collections(session)[:limit]:
        found = groups.collection_by_slug(session, counted.slug)
        strips.append((counted, groups.collection_films(session, found, limit=3)))
    return strips
