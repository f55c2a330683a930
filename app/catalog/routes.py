"""HTTP endpoints of the catalog, for anyone."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.catalog import groups, queries
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.catalog.filters import LONGEST_QUERY, FilmFilters
from app.catalog.places import language_code
from app.catalog.schemas import CollectionOut, FilmOut, FilmSummaryOut, SubjectOut
from app.core.db import ReadSessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.pagination import Page, PageDep
from app.core.requests import SettingsDep

router = APIRouter(tags=["catalog"])

Year = Annotated[int | None, Query(ge=1888, le=2100)]
SlugPath = Annotated[
    str, Path(pattern=SLUG_PATTERN, max_length=SLUG_LENGTH, examples=["the-red-soul"])
]


def film_filters(
    *,
    q: Annotated[
        str | None,
        Query(
            max_length=LONGEST_QUERY,
            description="Words to look for in titles, people, subjects and descriptions. Accents "
            "and case do not matter; the last word may be a beginning. Best match first",
            examples=["stalin"],
        ),
    ] = None,
    subject: Annotated[
        str | None,
        Query(
            pattern=SLUG_PATTERN,
            max_length=SLUG_LENGTH,
            description="A subject's slug",
            examples=["russia"],
        ),
    ] = None,
    collection: Annotated[
        str | None,
        Query(
            pattern=SLUG_PATTERN,
            max_length=SLUG_LENGTH,
            description="A collection's slug",
            examples=["russia-and-the-former-soviet-union"],
        ),
    ] = None,
    language: Annotated[
        str | None,
        Query(
            max_length=3,
            description="Spoken in any version: an ISO 639 code of two or three letters",
            examples=["rus"],
        ),
    ] = None,
    year_from: Year = None,
    year_to: Year = None,
) -> FilmFilters:
    """Read the filters of a list of films.

    Raises:
        InvalidInputError: there is no such language, or the years are the wrong way round.
    """
    problems = []
    code = None
    if language is not None:
        try:
            code = language_code(language)
        except ValueError as error:
            problems.append(FieldProblem("?/language", str(error)))
    if year_from is not None and year_to is not None and year_from > year_to:
        detail = f"this is later than year_to, {year_to}"
        problems.append(FieldProblem("?/year_from", detail))
    if problems:
        raise InvalidInputError.of(*problems)
    return FilmFilters(
        q=q,
        subject=subject,
        collection=collection,
        language=code,
        year_from=year_from,
        year_to=year_to,
    )


@router.get("/films", summary="List and search films")
def list_films(
    session: ReadSessionDep,
    page: PageDep,
    filters: Annotated[FilmFilters, Depends(film_filters)],
) -> Page[FilmSummaryOut]:
    """List the films in the catalog by title; with `q`, those that match, the best match first.

    Filters narrow one another. The years are release years, inclusive.
    """
    films, cursor = queries.films(session, filters, page)
    return Page(items=[FilmSummaryOut.of(film) for film in films], next=cursor)


@router.get("/films/{slug}", summary="Get a film", responses=responses(NotFoundError))
def get_film(session: ReadSessionDep, settings: SettingsDep, slug: SlugPath) -> FilmOut:
    """Return everything known of one film, but what it costs: see its licensing options."""
    film = queries.film_by_slug(session, slug)
    return FilmOut.whole(film, groups.collections_of(session, film), settings)


@router.get("/collections", summary="List collections")
def list_collections(session: ReadSessionDep, page: PageDep) -> Page[CollectionOut]:
    """List the collections that hold a film, in the order in which we show them."""
    shown, cursor = groups.page_of(groups.collections(session), page)
    return Page(items=[CollectionOut.model_validate(found) for found in shown], next=cursor)


@router.get("/subjects", summary="List subjects")
def list_subjects(session: ReadSessionDep, page: PageDep) -> Page[SubjectOut]:
    """List the subjects that we have a film on, in alphabetical order."""
    shown, cursor = groups.page_of(groups.subjects(session), page)
    return Page(items=[SubjectOut.model_validate(found) for found in shown], next=cursor)
