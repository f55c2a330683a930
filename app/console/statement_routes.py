"""The statement of account of one institution, for staff."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console.access import Biller, OrderReader, Staff
from app.console.fields import Number, parse_date
from app.console.forms.submission import SubmittedForm, get_text, submit
from app.console.pages import draw_page
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, InvalidInputError, NotFoundError
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.receivables.account_statements import (
    AccountStatement,
    build_statement,
    draw_statement,
)
from app.receivables.statement_emails import find_payables_email, send_statement

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
        has_guests=True,
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
            has_guests=True,
        )
    except InvalidInputError as error:
        problem = error
        statement = build_statement(session, settings, institution, has_guests=True)
    return _draw(request, staff, session, statement, problem)


@router.post("/{number}/email", summary="Email a statement of account")
def email_statement(
    request: Request, staff: Biller, settings: SettingsDep, form: SubmittedForm, number: Number
) -> Response:
    """Email the link of the statement to accounts payable."""

    def work(session: Session) -> None:
        send_statement(
            session,
            settings,
            _get_institution(session, number),
            to=get_text(form, "to"),
            actor=staff.actor,
        )

    def redraw(session: Session, error: AppError) -> Response:
        institution = _get_institution(session, number)
        statement = build_statement(session, settings, institution, has_guests=True)
        return _draw(request, staff, session, statement, error)

    path = f"/console/statements/{number}"
    once = get_text(form, "once")
    return submit(request, once, work, redraw=redraw, path=path, done="statement-sent")


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    statement: AccountStatement,
    problem: AppError | None,
) -> Response:
    settings = app_state(request).settings
    own = build_statement(
        session,
        settings,
        statement.institution,
        starts_on=statement.starts_on,
        ends_on=statement.ends_on,
    )
    return draw_page(
        request,
        staff,
        "statement.html",
        problem=problem,
        statement=statement,
        payables_email=find_payables_email(session, statement.institution),
        has_guests=own.sums != statement.sums,
    )


def _get_institution(session: Session, ref: str) -> Institution:
    institution = session.scalar(select(Institution).where(Institution.ref == ref))
    if institution is None:
        detail = f"Institution {ref} not found."
        raise NotFoundError(detail)
    return institution
