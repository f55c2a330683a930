"""Search synonyms at the console: one form with the whole list."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from pydantic import StringConstraints, ValidationError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.permissions import Scope
from app.console.access import Staff, require_scopes
from app.console.fields import Line
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.text import TextConstraints
from app.search import synonyms
from app.search.synonyms import MAX_GROUPS, MAX_PHRASE_LENGTH, MAX_PHRASES, SynonymsIn

PATH = "/console/synonyms"
MAX_LENGTH = 100_000

router = APIRouter(prefix="/synonyms")
Editor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Groups = Annotated[str, Form(), TextConstraints(max_length=MAX_LENGTH)]
Base = Annotated[str, Form(), StringConstraints(max_length=MAX_LENGTH * 2)]


@router.get("", summary="Search synonyms")
def synonyms_page(request: Request, staff: Editor, session: ReadSessionDep) -> Response:
    """Show the list in a form."""
    return _draw(request, staff, session)


@router.post("", summary="Save the search synonyms")
def save_synonyms(
    request: Request, *, staff: Editor, groups: Groups = "", base: Base = "", once: Line = ""
) -> Response:
    """Replace the list, unless somebody else changed it since the page was loaded."""

    def work(session: Session) -> None:
        wanted = _parse(groups)
        synonyms.replace_synonyms(session, wanted, base=_parse_base(base), actor=staff.actor)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw(request, staff, session, problem=error, typed=groups)
    return see_other(PATH, done="synonyms-saved" if new else "twice")


def _parse(typed: str) -> SynonymsIn:
    """Return the groups that were typed, one per line.

    Raises:
        InvalidInputError: a line has fewer than two phrases, or a phrase cannot be one.
    """
    lines = [(number, line) for number, line in enumerate(typed.splitlines(), 1) if line.strip()]
    groups = [[part.strip() for part in line.split(",") if part.strip()] for _, line in lines]
    try:
        return SynonymsIn(groups=groups)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = next((each for each in wrong["loc"][1:] if isinstance(each, int)), None)
        if place is None:
            detail = f"Enter up to {MAX_GROUPS} lines."
        else:
            detail = (
                f"Line {lines[place][0]}: enter 2 to {MAX_PHRASES} words or phrases, separated by "
                f"commas, each with a letter or digit and up to {MAX_PHRASE_LENGTH} characters."
            )
        raise InvalidInputError.of(FieldProblem("#/groups", detail)) from error


def _parse_base(text: str) -> list[list[str]]:
    try:
        found = SynonymsIn.model_validate({"groups": json.loads(text)})
    except ValueError as error:
        problem = FieldProblem("#/base", "Reload the page and try again.")
        raise InvalidInputError.of(problem) from error
    return found.groups


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    *,
    problem: AppError | None = None,
    typed: str | None = None,
) -> Response:
    found = synonyms.read_synonyms(session)
    return page(
        request,
        staff,
        "synonyms.html",
        problem=problem,
        groups="\n".join(map(", ".join, found)) if typed is None else typed,
        base=json.dumps(found),
        history=audit.entries_about(session, "search_synonyms", "all"),
    )
