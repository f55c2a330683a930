"""Staff endpoints of the collections."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.catalog.collection_service import (
    CollectionDocument,
    collection_document,
    collection_for_staff,
    delete_collection,
    save_collection,
)
from app.catalog.errors import NameTakenError
from app.catalog.models import Collection, CollectionFilm
from app.catalog.routes import SlugPath
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep
from app.core.pagination import Page, PageDep

router = APIRouter(
    prefix="/admin/collections",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]


@router.get("", summary="List collections for staff")
def list_staff_collections(
    session: ReadSessionDep, _editor: Editor, page: PageDep
) -> Page[CollectionDocument]:
    """List collections with their films of any status, by slug."""
    statement = (
        select(Collection)
        .options(selectinload(Collection.places).joinedload(CollectionFilm.film))
        .order_by(Collection.slug)
        .limit(page.limit + 1)
    )
    if (keys := page.keys(1)) is not None:
        statement = statement.where(Collection.slug > str(keys[0]))
    rows = session.scalars(statement).all()
    shown, cursor = page.cut(rows, lambda collection: (collection.slug,))
    return Page(items=[collection_document(collection) for collection in shown], next=cursor)


@router.post(
    "",
    summary="Add a collection",
    status_code=HTTPStatus.CREATED,
    responses=responses(NameTakenError),
)
def create_collection(
    session: SessionDep, editor: Editor, idempotency: IdempotencyDep, document: CollectionDocument
) -> CollectionDocument:
    """Create a collection of films in an order."""

    def work() -> CollectionDocument:
        save_collection(session, document, actor=editor, is_new=True)
        return _document(session, document.slug)

    return idempotency.run_once(session, CollectionDocument, work)


@router.put(
    "/{slug}", summary="Replace a collection's document", responses=responses(NotFoundError)
)
def replace_collection(
    session: SessionDep,
    editor: Editor,
    slug: SlugPath,
    document: Annotated[CollectionDocument, Body()],
) -> CollectionDocument:
    """Replace the collection with the document. A film that is left out is removed from it."""
    if document.slug != slug:
        problem = FieldProblem(
            "#/slug", (f"A slug can't be changed. This collection's slug is {slug}.")
        )
        raise InvalidInputError.of(problem)
    save_collection(session, document, actor=editor, is_new=False)
    return _document(session, slug)


@router.delete(
    "/{slug}",
    summary="Remove a collection",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError),
)
def remove_collection(session: SessionDep, editor: Editor, slug: SlugPath) -> None:
    """Remove a collection. Its films stay."""
    delete_collection(session, slug, actor=editor)


def _document(session: Session, slug: str) -> CollectionDocument:
    collection = collection_for_staff(session, slug)
    if collection is None:
        detail = f"Collection “{slug}” not found."
        raise NotFoundError(detail)
    return collection_document(collection)
