"""Staff endpoints of the catalog."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Response

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.catalog import film_service, queries
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument, FilmPatch
from app.catalog.enums import FilmStatus
from app.catalog.errors import FilmConflictError, VersionInUseError
from app.catalog.routes import SlugPath
from app.catalog.schemas import StaffFilmOut
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.core.preconditions import IfMatchDep, PreconditionFailedError, etag_of

router = APIRouter(
    prefix="/admin/films",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]

NEW_FILM = {
    "slug": "a-river-remembers",
    "title": "A River Remembers",
    "release_year": 2026,
    "synopsis": (
        "Three generations of a ferry family describe how the dam upstream changed their lives."
    ),
    "countries": ["US"],
    "versions": [
        {
            "label": "Feature",
            "runtime_minutes": 84,
            "spoken": ["eng"],
            "captions": [{"language": "eng", "kind": "sdh", "source": "human"}],
        }
    ],
    "credits": [{"name": "Ana Ferrer", "role": "director"}],
    "subjects": ["Rivers", "Environment"],
    "related": [{"slug": "the-red-soul"}],
    "identifiers": [{"kind": "eidr", "value": "10.5240/EA73-79D7-1B2B-B378-3A73-M"}],
}
EXAMPLES = {"draft": {"summary": "A new film, as a draft", "value": NEW_FILM}}
RED_SOUL = {
    "slug": "the-red-soul",
    "title": "The Red Soul",
    "release_year": 2018,
    "synopsis": "How Russians remember Stalin, told by families, archivists, and campers.",
    "versions": [{"label": "Feature", "runtime_minutes": 90, "spoken": ["rus"]}],
    "credits": [{"name": "Jessica Gorter", "role": "director"}],
}


@router.get("", summary="List films of any status")
def list_staff_films(
    session: ReadSessionDep,
    _editor: Editor,
    page: PageDep,
    q: Annotated[str | None, Query(max_length=200, description="Part of the title or slug")] = None,
    status: Annotated[FilmStatus | None, Query(description="Only films of this status")] = None,
) -> Page[StaffFilmOut]:
    """List drafts, published, and withdrawn films, newest first."""
    films, cursor = queries.staff_films(session, page, q=q, status=status)
    return Page(items=[StaffFilmOut.of(film) for film in films], next=cursor)


@router.post(
    "",
    summary="Add a film",
    status_code=HTTPStatus.CREATED,
    responses=responses(FilmConflictError, IdempotencyKeyReusedError),
)
def create_film(
    session: SessionDep,
    editor: Editor,
    idempotency: IdempotencyDep,
    document: Annotated[FilmDocument, Body(openapi_examples=EXAMPLES)],
    response: Response,
) -> FilmDocument:
    """Add a film, as a draft unless the document sets it to published.

    People and subjects are found by name, or made. The answer is the whole document, with what was
    left out filled in.
    """

    def work() -> FilmDocument:
        return document_of(film_service.create_film(session, document, actor=editor))

    response.headers["Location"] = f"/api/v1/admin/films/{document.slug}"
    return _tagged(response, idempotency.run_once(session, FilmDocument, work))


@router.get("/{slug}", summary="Get a film's document", responses=responses(NotFoundError))
def get_film_document(
    session: ReadSessionDep, _editor: Editor, slug: SlugPath, response: Response
) -> FilmDocument:
    """Return the document of a film of any status, as PUT takes it, with its `ETag`."""
    return _tagged(response, document_of(queries.film_for_staff(session, slug)))


@router.put(
    "/{slug}",
    summary="Replace a film's document",
    responses=responses(
        NotFoundError, FilmConflictError, VersionInUseError, PreconditionFailedError
    ),
)
def replace_film(
    *,
    session: SessionDep,
    editor: Editor,
    condition: IfMatchDep,
    response: Response,
    slug: SlugPath,
    document: Annotated[
        FilmDocument,
        Body(openapi_examples={"whole": {"summary": "Full document", "value": RED_SOUL}}),
    ],
) -> FilmDocument:
    """Replace the film with the document. A list that is left out becomes empty.

    If the status is left out, it does not change.
    """
    film = queries.film_for_staff(session, slug, for_change=True)
    condition.check(document_of(film))
    if "status" not in document.model_fields_set:
        document = document.model_copy(update={"status": film.status})
    film_service.replace_film(session, film, document, actor=editor)
    return _tagged(response, document_of(queries.film_for_staff(session, slug)))


@router.patch(
    "/{slug}",
    summary="Update fields of a film",
    responses=responses(
        NotFoundError, FilmConflictError, VersionInUseError, PreconditionFailedError
    ),
)
def change_film(
    *,
    session: SessionDep,
    editor: Editor,
    condition: IfMatchDep,
    response: Response,
    slug: SlugPath,
    patch: Annotated[
        FilmPatch,
        Body(
            openapi_examples={
                "tagline": {"summary": "One field", "value": {"tagline": "Who was Stalin to you?"}}
            }
        ),
    ],
) -> FilmDocument:
    """Update the given fields. A given list replaces the whole list."""
    film = queries.film_for_staff(session, slug, for_change=True)
    condition.check(document_of(film))
    film_service.patch_film(session, film, patch, actor=editor)
    return _tagged(response, document_of(queries.film_for_staff(session, slug)))


@router.delete(
    "/{slug}",
    summary="Withdraw a film",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError, PreconditionFailedError),
)
def withdraw_film(
    session: SessionDep, editor: Editor, condition: IfMatchDep, slug: SlugPath
) -> None:
    """Remove a film from the public catalog. Orders and licenses keep their references to it."""
    condition.check(document_of(queries.film_for_staff(session, slug, for_change=True)))
    film_service.withdraw_film(session, slug, actor=editor)


def _tagged(response: Response, document: FilmDocument) -> FilmDocument:
    """Give the answer the ETag that a later change may name."""
    response.headers["ETag"] = etag_of(document)
    return document
