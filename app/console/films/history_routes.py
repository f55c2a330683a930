"""The history of a film: each change field by field, and taking one back."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog import history
from app.catalog.differences import FieldDifference, differences
from app.catalog.history import Change
from app.catalog.queries import film_for_staff
from app.catalog.undoing import overwritten, undo
from app.console.access import Staff, require_scopes
from app.console.fields import Line
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.pagination import MAX_ID

router = APIRouter(prefix="/films/{slug}/history")
FilmEditor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
Number = Annotated[int, Path(ge=1, le=MAX_ID)]
PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change, and what differs by it."""

    change: Change
    differences: list[FieldDifference]


def views(changes: list[Change]) -> list[ChangeView]:
    """Return changes with what differs by each."""
    return [ChangeView(one, differences(one.before, one.after)) for one in changes]


@router.get("", summary="All changes of a film")
def film_history(
    request: Request,
    *,
    staff: FilmEditor,
    session: ReadSessionDep,
    slug: Slug,
    below: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Response:
    """Show who changed what, when and through what, the last change first."""
    film = film_for_staff(session, slug)
    found = list(history.changes(session, film, below=below, limit=PER_PAGE + 1))
    return page(
        request,
        staff,
        "film_history.html",
        film=film,
        changes=views(found[:PER_PAGE]),
        older=found[PER_PAGE - 1].number if len(found) > PER_PAGE else None,
        below=below,
    )


@router.get("/{change}", summary="One change of a film")
def film_change(
    request: Request, staff: FilmEditor, session: ReadSessionDep, slug: Slug, change: Number
) -> Response:
    """Show one change, and what taking it back would lose."""
    return _draw(request, staff, session, slug, change)


@router.post("/{change}", summary="Undo a change of a film")
def undo_change(
    request: Request,
    *,
    staff: FilmEditor,
    slug: Slug,
    change: Number,
    reason: Line = "",
    anyway: Line = "",
    once: Line = "",
) -> Response:
    """Restore what the change changed, by a new change; later ones are lost only on purpose."""

    def work(session: Session) -> None:
        undo(session, slug, change, actor=staff.actor, anyway=bool(anyway), reason=reason[:200])

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw(request, staff, session, slug, change, problem=error, reason=reason)
    done = "film-undone" if new else "twice"
    return see_other(f"/console/films/{slug}/history", done=done)


def _draw(
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
    return page(
        request,
        staff,
        "film_change.html",
        problem=problem,
        film=film,
        view=views([change])[0],
        lost=[] if change.is_creation else overwritten(session, film, change),
        typed={"reason": reason},
    )
