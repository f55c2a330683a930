"""Staff endpoints of a film's history: who changed what, and taking a change back."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Body, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.accounts.actors import Actor, ActorKind
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.catalog import history, queries
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument, text
from app.catalog.errors import FilmConflictError, UndoRefusedError, VersionInUseError
from app.catalog.history import Change
from app.catalog.routes import SlugPath
from app.catalog.undoing import undo
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import NotFoundError, responses
from app.core.fields import Flag
from app.core.pagination import MAX_ID, Page, PageDep, id_of

router = APIRouter(
    prefix="/admin/films/{slug}/history",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError, NotFoundError),
)
Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]
NumberPath = Annotated[int, Path(ge=1, le=MAX_ID, description="The change number, from 1")]


class EntryChangeOut(BaseModel):
    """One change of something in the catalog."""

    number: int = Field(description="Counts from 1")
    at: datetime
    action: str = Field(examples=["person.changed"])
    actor_kind: ActorKind
    actor: str = Field(description="The name of the actor", examples=["Cat Alogue"])
    via: str = Field(description="console, api, cli, or job", examples=["console"])
    reason: str
    before: dict[str, JsonValue] | None = Field(
        description="Previous values of the changed fields; null if the film did not exist"
    )
    after: dict[str, JsonValue] = Field(
        description="New values; for a creation, all values that are not empty"
    )

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return ``change`` in its API shape."""
        return cls.model_validate(_facts(change))


class ChangeOut(EntryChangeOut):
    """One change of a film; number 1 is its creation."""

    action: str = Field(examples=["film.changed"])
    undoes: int | None = Field(description="The change that this one undid")
    undone_by: int | None = Field(description="The last change that undid this one")


class UndoIn(BaseModel):
    """How to take a change back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"anyway": False}]})

    anyway: Flag = Field(
        default=False, description="Undo even if later changes to the same fields are lost"
    )
    reason: Annotated[str, text(200)] | None = Field(
        default=None, description="Shown in the history"
    )


@router.get("", summary="List the changes of a film")
def list_changes(
    session: ReadSessionDep, _editor: Editor, slug: SlugPath, page: PageDep
) -> Page[ChangeOut]:
    """List all changes with actor, source, and time, newest first."""
    keys = page.keys(1)
    found = history.changes(
        session,
        queries.film_for_staff(session, slug),
        below=id_of(keys[0]) if keys else None,
        limit=page.limit + 1,
    )
    page_changes, cursor = page.cut(found, lambda change: (change.number,))
    return Page(items=[ChangeOut.of(change) for change in page_changes], next=cursor)


@router.post(
    "/{number}/undo",
    summary="Undo a change",
    responses=responses(UndoRefusedError, FilmConflictError, VersionInUseError),
)
def undo_change(
    session: SessionDep,
    editor: Editor,
    slug: SlugPath,
    number: NumberPath,
    how: Annotated[UndoIn, Body()],
) -> FilmDocument:
    """Restore the previous values of the changed fields with a new change.

    Nothing is deleted. It is refused where a later change of the same fields would be lost, unless
    `anyway` is true; the errors name the fields and the later changes.
    """
    film = undo(session, slug, number, actor=editor, anyway=how.anyway, reason=how.reason or "")
    return document_of(film)


def _facts(change: Change) -> dict[str, object]:
    entry = change.entry
    return {
        "number": change.number,
        "at": entry.at,
        "action": entry.action,
        "actor_kind": entry.actor_kind,
        "actor": entry.actor_label,
        "via": entry.via,
        "reason": entry.reason,
        "before": entry.before,
        "after": dict(change.after),
        "undoes": change.undoes,
        "undone_by": change.undone_by,
    }
