"""The home page and the lists of films, collections, subjects, and people."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from app.catalog import groups, queries
from app.catalog.models import Film
from app.catalog.people_index import OTHER, filed_under, letters
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep, settings_of
from app.discovery.jsonld import group_ld, person_ld, script_text
from app.offers.licensing import Buyer, find_starting_prices
from app.search.facets import Facet
from app.search.query import FilmQuery
from app.storefront.browsing import FilmListing, page_numbers
from app.storefront.film_view import card_line, facts_line
from app.storefront.visitor import BuyerDep, buyer_words, film_cookies, header_cookies
from app.web.rendering import render

router = APIRouter()
MAX_NEWEST = 8
MAX_PAGE = 100_000


def none_if_empty(value: object) -> object:
    """Return None for an empty field of a form."""
    return None if isinstance(value, str) and not value.strip() else value


class FilmPageParams(FilmQuery, extra="ignore"):
    """The search of a page, and its number.

    Unknown parameters are ignored, because links to pages often have tracking parameters.
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
    # After the featured film: reading it again would unload relations of these.
    recent = queries.recent(session, MAX_NEWEST + 1)
    if featured is None and recent:
        featured = recent[0]
    shown = [film for film in recent if featured is None or film.id != featured.id][:MAX_NEWEST]
    return render(
        request,
        "storefront/home.html",
        featured=featured,
        featured_line=facts_line(featured) if featured else "",
        collections=_collection_rows(session, limit=6),
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
    """Show the films of a search, and the filters."""
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
        collections=_collection_rows(session),
        subjects=groups.subjects(session),
    )


@router.get("/collections/{slug}")
@public_read(cookies=film_cookies)
def collection(
    request: Request, session: ReadSessionDep, slug: str, buyer: BuyerDep, page: PageNumber = 1
) -> Response:
    """Show a collection's films in its order, and the filters."""
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
    """Show the films on a subject, and the filters."""
    found = groups.subject_by_slug(session, slug)
    query = FilmQuery().with_values(Facet.SUBJECT, [slug])
    return _group(
        request, session, query, buyer, page, kind="Subject", name=found.name,
        summary=found.summary,
    )  # fmt: skip


@router.get("/people/{slug}")
@public_read(cookies=header_cookies)
def person(request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str) -> Response:
    """Show a person's films by role, the newest first."""
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
    """Show the first page of a group; the others are pages of the film list."""
    if page > 1:
        return RedirectResponse(query.url(page=page))
    listing = FilmListing(session, query, buyer=buyer)
    json_ld = group_ld(name, summary, request.url.path, listing.films, settings_of(request))
    return _list(
        request,
        session,
        listing,
        "storefront/group.html",
        kind=kind,
        name=name,
        summary=summary,
        json_ld=script_text(json_ld),
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


def _collection_rows(
    session: Session, *, limit: int | None = None
) -> list[tuple[groups.GroupCount, list[Film]]]:
    """Return the collections, each with its first three films for a row of posters."""
    rows = []
    for counted in groups.collections(session)[:limit]:
        collection = groups.collection_by_slug(session, counted.slug)
        rows.append((counted, groups.collection_films(session, collection, limit=3)))
    return rows


PEOPLE_PER_PAGE = 120
Letter = Annotated[str | None, BeforeValidator(none_if_empty), Query(pattern=f"^([A-Z]|{OTHER})$")]


@router.get("/people")
@public_read(cookies=header_cookies)
def people(
    request: Request, session: ReadSessionDep, letter: Letter = None, page: PageNumber = 1
) -> Response:
    """Show the people of one letter; by default of the first with any."""
    counts = letters(session)
    shown = letter or next(iter(counts), "A")
    found = filed_under(session, shown)
    pages = max(1, -(-len(found) // PEOPLE_PER_PAGE))
    if page > pages:
        return RedirectResponse(_people_url(letter, pages))
    return render(
        request,
        "storefront/people.html",
        letters=[
            (_people_url(code), _letter_label(code), count, code == shown)
            for code, count in counts.items()
        ],
        letter=_letter_label(shown),
        is_first=letter is None and page == 1,
        total=len(found),
        people=found[(page - 1) * PEOPLE_PER_PAGE : page * PEOPLE_PER_PAGE],
        page=page,
        pages=pages,
        numbers=[
            (number, _people_url(letter, number) if number else "")
            for number in page_numbers(page, pages)
        ],
        previous=_people_url(letter, page - 1) if page > 1 else "",
        following=_people_url(letter, page + 1) if page < pages else "",
    )


def _letter_label(letter: str) -> str:
    return "Other" if letter == OTHER else letter


def _people_url(letter: str | None, page: int = 1) -> str:
    values = [f"letter={letter}"] if letter else []
    values += [f"page={page}"] if page > 1 else []
    return f"/people?{'&'.join(values)}" if values else "/people"
