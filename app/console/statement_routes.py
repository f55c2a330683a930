"""The statement of account of one institution, for staff."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console.access import OrderReader, Staff
from app.console.fields import Number, parse_date
from app.console.pages import draw_page
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import InvalidInputError, NotFoundError
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.receivables.account_statements import (
    AccountStatement,
    build_statement,
    draw_statement,
)

router = APIRouter(prefix="/statements")
DayText = Annotated[str, Query(max_length=10)]


@router.get("/{number}.pdf", summary="Statement of account as PDF")
def statement_pdf(
    session: ReadSessionDep,
    settings: SettingsDep,
    _staff: OrderReader,
    number: Number,
    starts_on: DayText = "",
    ends_on: DayText = "",
) -> Response:
    """Return the statement of an institution as PDF."""
    statement = build_statement(
        session,
        settings,
        _get_institution(session, number),
        starts_on=parse_date("starts_on", starts_on),
        ends_on=parse_date("ends_on", ends_on),
    )
    name = f"statement-{number}-{statement.ends_on.isoformat()}.pdf"
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "no-store",
    }
    pdf = draw_statement(statement, settings)
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.get("/{number}", summary="Statement of account")
def statement_page(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    number: Number,
    starts_on: DayText = "",
    ends_on: DayText = "",
) -> Response:
    """Show what an institution owed, what changed, and what it owes."""
    settings = app_state(request).settings
    institution = _get_institution(session, number)
    problem: InvalidInputError | None = None
    try:
        statement = build_statement(
            session,
            settings,
            institution,
            starts_on=parse_date("starts_on", starts_on),
            ends_on=parse_date("ends_on", ends_on),
        )
    except InvalidInputError as error:
        problem = error
        statement = build_statement(session, settings, institution)
    return _draw(request, staff, statement, problem)


def _draw(
    request: Request,
    staff: Staff,
    statement: AccountStatement,
    problem: InvalidInputError | None,
) -> Response:
    return draw_page(request, staff, "statement.html", problem=problem, statement=statement)


def _get_institution(session: Session, ref: str) -> Institution:
    institution = session.scalar(select(Institution).where(Institution.ref == ref))
    if institution is None:
        detail = f"Institution {ref} not found."
        raise NotFoundError(detail)
    return institution
