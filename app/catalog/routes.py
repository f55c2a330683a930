"""HTTP endpoints of the catalog, for anyone."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.catalog import groups, queries
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.catalog.schemas import CollectionOut, FilmOut, SubjectOut
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, responses
from app.core.pagination import Page, PageDep
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep

router = APIRouter(tags=["catalog"])

SlugPath = Annotated[
    str, Path(pattern=SLUG_PATTERN, max_length=SLUG_LENGTH, examples=["the-red-soul"])
]


@router.get("/films/{slug}", summary="Get a film", responses=responses(NotFoundError))
@public_read()
def get_film(session: ReadSessionDep, settings: SettingsDep, slug: SlugPath) -> FilmOut:
    """Return one film. For prices, see its licensing options."""
    film = queries.film_by_slug(session, slug)
    return FilmOut.whole(film, groups.collections_of(session, film), settings)


@router.get("/collections", summary="List collections")
@public_read()
def list_collections(session: ReadSessionDep, page: PageDep) -> Page[CollectionOut]:
    """List collections with at least one film, in display order."""
    page_rows, cursor = groups.page_of(groups.collections(session), page)
    return Page(items=[CollectionOut.model_validate(row) for row in page_rows], next=cursor)


@router.get("/subjects", summary="List subjects")
@public_read()
def list_subjects(session: ReadSessionDep, page: PageDep) -> Page[SubjectOut]:
    """List subjects with at least one film, in alphabetical order."""
    page_rows, cursor = groups.page_of(groups.subjects(session), page)
    return Page(items=[SubjectOut.model_validate(row) for row in page_rows], next=cursor)
