"""The history of a person, a subject or a collection: who changed what, and taking it back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog import entry_history
from app.catalog.errors import UndoRefusedError
from app.console.access import Staff, require_scopes
from app.console.fields import Line
from app.console.films.history_routes import views
from app.console.names.routes import Group
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, NotFoundError
from app.core.pagination import MAX_ID

router = APIRouter()
Editor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
Number = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.get("/people/{slug}/history", summary="All changes of an entry")
@router.get("/subjects/{slug}/history", summary="All changes of an entry")
@router.get("/collections/{slug}/history", summary="All changes of an entry")
def entry_changes(
    request: Request, staff: Editor, session: ReadSessionDep, group: Group, slug: Slug
) -> Response:
    """Show who changed what, when and through what, the last change first."""
    return _draw(request, staff, session, group, slug)


@router.post("/people/{slug}/history/{change}", summary="Undo a change of an entry")
@router.post("/subjects/{slug}/history/{change}", summary="Undo a change of an entry")
@router.post("/collections/{slug}/history/{change}", summary="Undo a change of an entry")
def undo_change(
    request: Request, *, staff: Editor, group: Group, slug: Slug, change: Number, once: Line = ""
) -> Response:
    """Restore what the change changed, by a new change, unless a later one would be lost."""

    def work(session: Session) -> None:
        entry_history.undo_change(session, group, slug, change, actor=staff.actor)

    try:
        new = run_once(request, once, work)
    except (NotFoundError, UndoRefusedError) as error:
        with app_state(request).readers() as session:
            return _draw(request, staff, session, group, slug, problem=error)
    return see_other(f"/console/{group}/{slug}/history", done="entry-undone" if new else "twice")


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    group: str,
    slug: str,
    *,
    problem: AppError | None = None,
) -> Response:
    found = entry_history.changes_of(session, group, slug)
    return page(
        request,
        staff,
        "entry_history.html",
        problem=problem,
        group=group,
        slug=slug,
        changes=[(view, entry_history.can_be_undone(group, view.change)) for view in views(found)],
    )
