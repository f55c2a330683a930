"""The front page and the lists: all films, collections, subjects, people."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy.orm import Session

from app.catalog import groups, queries
from app.catalog.models import Film
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep, settings_of
from app.discovery.jsonld import group_ld, person_ld, script_text
from app.offers.licensing import Buyer, find_starting_prices
from app.search.facets import Facet
from app.search.query import FilmQuery
from app.storefront.browsing import FilmListing
from app.storefront.film_view import card_line, facts_line
from app.storefront.page_cookies import film_cookies, header_cookies
from app.storefront.visitor import BuyerDep, buyer_words
from app.web.rendering import render

router = APIRouter()
ON_FRONT = 8
MAX_PAGE = 100_000


def nothing(value: object) -> object:
    """Read an empty field of a form as no filter at all."""
    return None if isinstance(value, str) and not value.strip() else value


class FilmPageParams(FilmQuery, extra="ignore"):
    """The search of a page, and its number.

    Unknown parameters are ignored: those who link to a page add some of their own.
    """

    page: int = Field(default=1, ge=1, le=MAX_PAGE)


QueryDep = Annotated[FilmPageParams, Query()]
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE)]


@router.get("/")
@public_read(cookies=header_cookies)
def home(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Show the home page: the featured film, the collections, and the newest films."""
    try:
        featured = queries.film_by_slug(session, settings.featured_film)
    except NotFoundError:
        featured = None
    # After it: reading one film again would unload what these have loaded.
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
        prices=find_starting_prices(session, [film.id for film in shown]),
        card_line=card_line,
    )


@router.get("/films")
@public_read(cookies=film_cookies)
def films(
    request: Request,
    session: ReadSessionDep,
    query: QueryDep,
    buyer: BuyerDep,
) -> Response:
    """Show the films that are asked for, and what else could be asked."""
    listing = FilmListing(session, query, page=query.page, buyer=buyer)
    if query.page > listing.pages:
        return RedirectResponse(listing.url(page=listing.pages))
    return _list(request, session, listing, "storefront/films.html")


@router.get("/collections")
@public_read(cookies=header_cookies)
def collections(request: Request, session: ReadSessionDep) -> Response:
    """Show every collection."""
    return render(
        request,
        "storefront/collections.html",
        collections=_strips(session),
        subjects=groups.subjects(session),
    )


@router.get("/collections/{slug}")
@public_read(cookies=film_cookies)
def collection(
    request: Request, session: ReadSessionDep, slug: str, buyer: BuyerDep, page: PageNumber = 1
) -> Response:
    """Show a collection's films in its order, and how to narrow them."""
    found = groups.collection_by_slug(session, slug)
    query = FilmQuery().with_values(Facet.COLLECTION, [slug])
    return _group(
        request, session, query, buyer, page, kind="Collection", name=found.name,
        summary=found.summary,
    )  # fmt: skip


@router.get("/subjects/{slug}")
@public_read(cookies=film_cookies)
def subject(
    request: Request, session: ReadSessionDep, slug: str, buyer: BuyerDep, page: PageNumber = 1
) -> Response:
    """Show the films on a subject, and how to narrow them."""
    found = groups.subject_by_slug(session, slug)
    query = FilmQuery().with_values(Facet.SUBJECT, [slug])
    return _group(
        request, session, query, buyer, page, kind="Subject", name=found.name,
        summary=found.summary,
    )  # fmt: skip


@router.get("/people/{slug}")
@public_read(cookies=header_cookies)
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
        prices=find_starting_prices(session, ids),
        card_line=card_line,
    )


def _group(
    request: Request,
    session: Session,
    query: FilmQuery,
    buyer: Buyer | None,
    page: int,
    *,
    kind: str,
    name: str,
    summary: str,
) -> Response:
    """Show the first page of a group under its own name; the others are pages of the list."""
    if page > 1:
        return RedirectResponse(query.url(page=page))
    listing = FilmListing(session, query, buyer=buyer)
    told = group_ld(name, summary, request.url.path, listing.films, settings_of(request))
    return _list(
        request,
        session,
        listing,
        "storefront/group.html",
        kind=kind,
        name=name,
        summary=summary,
        json_ld=script_text(told),
    )


def _list(
    request: Request,
    session: Session,
    listing: FilmListing,
    template: str,
    *,
    kind: str = "",
    name: str = "",
    summary: str = "",
    json_ld: str = "",
) -> Response:
    films = listing.films
    return render(
        request,
        template,
        listing=listing,
        films=films,
        prices=listing.prices(films),
        groups=listing.groups(),
        chips=listing.chips(),
        ways=[] if films else listing.filter_suggestions(),
        numbers=listing.numbers() if listing.pages > 1 else [],
        collections=[] if films else groups.collections(session),
        subjects=[] if films else listing.subjects(),
        buyer_words=buyer_words(listing.buyer) if listing.buyer else "",
        card_line=card_line,
        kind=kind,
        name=name,
        json_ld=json_ld,
        summary=summary,
    )


def _strips(
    session: Session, *, limit: int | None = None
) -> list[tuple[groups.GroupCount, list[Film]]]:
    """Return the collections, each with its first three films for a strip of posters."""
    strips = []
    for counted in groups.collections(session)[:limit]:
        found = groups.collection_by_slug(session, counted.slug)
        strips.append((counted, groups.collection_films(session, found, limit=3)))
    return strips
