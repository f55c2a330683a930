"""The history of films, people, subjects, and collections, with undo."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.catalog import entry_history, history
from app.catalog.differences import FieldDifference, differences
from app.catalog.history import Change
from app.catalog.queries import film_for_staff
from app.catalog.undoing import overwritten, undo
from app.console.access import CatalogEditor, Staff
from app.console.entry_routes import Group
from app.console.fields import Line, Slug
from app.console.forms.submission import submit
from app.console.pages import draw_page
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.pagination import MAX_ID

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=MAX_ID)]
PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change with its field differences."""

    change: Change
    differences: list[FieldDifference]


def build_change_views(changes: list[Change]) -> list[ChangeView]:
    """Return changes with their field differences."""
    return [ChangeView(change, differences(change.before, change.after)) for change in changes]


@router.get("/films/{slug}/history", summary="All changes of a film")
def film_history(
    request: Request,
    *,
    staff: CatalogEditor,
    session: ReadSessionDep,
    slug: Slug,
    below: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Response:
    """Show the changes of a film, newest first."""
    film = film_for_staff(session, slug)
    changes = list(history.changes(session, film, below=below, limit=PER_PAGE + 1))
    return draw_page(
        request,
        staff,
        "film_history.html",
        film=film,
        changes=build_change_views(changes[:PER_PAGE]),
        older=changes[PER_PAGE - 1].number if len(changes) > PER_PAGE else None,
        below=below,
    )


@router.get("/films/{slug}/history/{change}", summary="One change of a film")
def film_change(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, slug: Slug, change: Number
) -> Response:
    """Show one change, and the later changes that undoing it would overwrite."""
    return _draw_film_change(request, staff, session, slug, change)


@router.post("/films/{slug}/history/{change}", summary="Undo a change of a film")
def undo_film_change(
    request: Request,
    *,
    staff: CatalogEditor,
    slug: Slug,
    change: Number,
    reason: Line = "",
    anyway: Line = "",
    once: Line = "",
) -> Response:
    """Undo a change by a new change. Later changes are overwritten only if confirmed."""

    def work(session: Session) -> None:
        undo(session, slug, change, actor=staff.actor, anyway=bool(anyway), reason=reason[:200])

    def redraw(session: Session, error: AppError) -> Response:
        return _draw_film_change(
            request, staff, session, slug, change, problem=error, reason=reason
        )

    path = f"/console/films/{slug}/history"
    return submit(request, once, work, redraw=redraw, path=path, done="film-undone")


def _draw_film_change(
    request: Request,
    staff: Staff,
    session: Session,
    slug: str,
    number: int,
    *,
    problem: AppError | None = None,
    reason: str = "",
) -> Response:
    film = film_for_staff(session, slug)
    change = history.change(session, film, number)
    return draw_page(
        request,
        staff,
        "film_change.html",
        problem=problem,
        film=film,
        view=build_change_views([change])[0],
        lost=[] if change.is_creation else overwritten(session, film, change),
        typed={"reason": reason},
    )


@router.get("/people/{slug}/history", summary="All changes of an entry")
@router.get("/subjects/{slug}/history", summary="All changes of an entry")
@router.get("/collections/{slug}/history", summary="All changes of an entry")
def entry_changes(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, group: Group, slug: Slug
) -> Response:
    """Show the changes of an entry, newest first."""
    return _draw_entry_history(request, staff, session, group, slug)


@router.post("/people/{slug}/history/{change}", summary="Undo a change of an entry")
@router.post("/subjects/{slug}/history/{change}", summary="Undo a change of an entry")
@router.post("/collections/{slug}/history/{change}", summary="Undo a change of an entry")
def undo_entry_change(
    request: Request,
    *,
    staff: CatalogEditor,
    group: Group,
    slug: Slug,
    change: Number,
    once: Line = "",
) -> Response:
    """Undo a change by a new change, unless it would overwrite a later one."""

    def work(session: Session) -> None:
        entry_history.undo_change(session, group, slug, change, actor=staff.actor)

    def redraw(session: Session, error: AppError) -> Response:
        return _draw_entry_history(request, staff, session, group, slug, problem=error)

    path = f"/console/{group}/{slug}/history"
    return submit(request, once, work, redraw=redraw, path=path, done="entry-undone")


def _draw_entry_history(
    request: Request,
    staff: Staff,
    session: Session,
    group: str,
    slug: str,
    *,
    problem: AppError | None = None,
) -> Response:
    changes = entry_history.changes_of(session, group, slug)
    return draw_page(
        request,
        staff,
        "entry_history.html",
        problem=problem,
        group=group,
        slug=slug,
        changes=[
            (view, entry_history.can_be_undone(group, view.change))
            for view in build_change_views(changes)
        ],
    )
