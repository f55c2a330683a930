"""Staff endpoints of the changes of people, subjects and collections, and taking one back."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.catalog import entry_history
from app.catalog.errors import NameTakenError, UndoRefusedError
from app.catalog.history_routes import EntryChangeOut, NumberPath, UndoIn
from app.catalog.routes import SlugPath
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import NotFoundError, responses
from app.core.pagination import Page, PageDep, id_of

router = APIRouter(
    prefix="/admin",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError, NotFoundError),
)
Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]
REFUSALS = responses(UndoRefusedError, NameTakenError)


def group_of(request: Request) -> str:
    """Return which kind of entry the address speaks of: ``people``."""
    return request.url.path.partition("/admin/")[2].partition("/")[0]


Group = Annotated[str, Depends(group_of)]


@router.get("/people/{slug}/history", summary="List the changes of a person", name="person_changes")
@router.get(
    "/subjects/{slug}/history", summary="List the changes of a subject", name="subject_changes"
)
@router.get(
    "/collections/{slug}/history",
    summary="List the changes of a collection",
    name="collection_changes",
)
def list_changes(
    session: ReadSessionDep, _editor: Editor, group: Group, slug: SlugPath, page: PageDep
) -> Page[EntryChangeOut]:
    """List all changes with actor, source, and time, newest first.

    An entry that was created with a film or by an import has none at first.
    """
    keys = page.keys(1)
    changes = entry_history.changes_of(session, group, slug)
    if keys is not None:
        changes = [change for change in changes if change.number < id_of(keys[0])]
    page_changes, cursor = page.cut(changes[: page.limit + 1], lambda change: (change.number,))
    return Page(items=[EntryChangeOut.of(change) for change in page_changes], next=cursor)


@router.post(
    "/people/{slug}/history/{number}/undo",
    summary="Undo a change of a person",
    name="undo_person_change",
    responses=REFUSALS,
)
@router.post(
    "/subjects/{slug}/history/{number}/undo",
    summary="Undo a change of a subject",
    name="undo_subject_change",
    responses=REFUSALS,
)
@router.post(
    "/collections/{slug}/history/{number}/undo",
    summary="Undo a change of a collection",
    name="undo_collection_change",
    responses=REFUSALS,
)
def undo_change(
    session: SessionDep,
    *,
    editor: Editor,
    group: Group,
    slug: SlugPath,
    number: NumberPath,
    how: Annotated[UndoIn, Body()],
) -> EntryChangeOut:
    """Restore the previous values of the changed fields with a new change, and return it.

    Nothing is deleted. It is refused where a later change of the same fields would be lost, unless
    `anyway` is true; the errors name the fields and the later changes. Making, merging and removing
    cannot be taken back.
    """
    made = entry_history.undo_change(
        session, group, slug, number, actor=editor, anyway=how.anyway, reason=how.reason or ""
    )
    return EntryChangeOut.of(made)
