"""Search synonyms: one form with the whole list."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import StringConstraints, ValidationError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.console.access import CatalogEditor, Staff
from app.console.fields import Line
from app.console.forms.submission import submit
from app.console.pages import draw_page
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.text import TextConstraints
from app.search import synonyms
from app.search.synonyms import MAX_GROUPS, MAX_PHRASE_LENGTH, MAX_PHRASES, SynonymsIn

MAX_LENGTH = 100_000

router = APIRouter(prefix="/synonyms")
Groups = Annotated[str, Form(), TextConstraints(max_length=MAX_LENGTH)]
Base = Annotated[str, Form(), StringConstraints(max_length=MAX_LENGTH * 2)]


@router.get("", summary="Search synonyms")
def synonyms_page(request: Request, staff: CatalogEditor, session: ReadSessionDep) -> Response:
    """Show the list in a form."""
    return _draw(request, staff, session)


@router.post("", summary="Save the search synonyms")
def save_synonyms(
    request: Request, *, staff: CatalogEditor, groups: Groups = "", base: Base = "", once: Line = ""
) -> Response:
    """Replace the list, unless another editor changed it since the page was loaded."""

    def work(session: Session) -> None:
        synonyms.replace_synonyms(
            session, _parse(groups), base=_parse_base(base), actor=staff.actor
        )

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(request, staff, session, problem=error, typed=groups),
        path="/console/synonyms",
        done="synonyms-saved",
    )


def _parse(typed: str) -> SynonymsIn:
    """Return the groups of phrases, one group per line.

    Raises:
        InvalidInputError: a line has fewer than two phrases, or a phrase is invalid.
    """
    lines = [(number, line) for number, line in enumerate(typed.splitlines(), 1) if line.strip()]
    groups = [[part.strip() for part in line.split(",") if part.strip()] for _, line in lines]
    try:
        return SynonymsIn(groups=groups)
    except ValidationError as error:
        problem_facts = error.errors(include_url=False, include_input=False)[0]
        index = next((part for part in problem_facts["loc"][1:] if isinstance(part, int)), None)
        if index is None:
            detail = f"Enter up to {MAX_GROUPS} lines."
        else:
            detail = (
                f"Line {lines[index][0]}: enter 2 to {MAX_PHRASES} words or phrases, separated by "
                f"commas, each with a letter or digit and up to {MAX_PHRASE_LENGTH} characters."
            )
        raise InvalidInputError.of(FieldProblem("#/groups", detail)) from error


def _parse_base(text: str) -> list[list[str]]:
    try:
        base = SynonymsIn.model_validate({"groups": json.loads(text)})
    except ValueError as error:
        problem = FieldProblem("#/base", "Reload the page and try again.")
        raise InvalidInputError.of(problem) from error
    return base.groups


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    *,
    problem: AppError | None = None,
    typed: str | None = None,
) -> Response:
    stored = synonyms.read_synonyms(session)
    return draw_page(
        request,
        staff,
        "synonyms.html",
        problem=problem,
        groups="\n".join(map(", ".join, stored)) if typed is None else typed,
        base=json.dumps(stored),
        history=audit.entries_about(session, "search_synonyms", "all"),
    )
