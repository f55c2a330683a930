"""The statement of account for people of the institution, and behind a link that staff email."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.core.db import ReadSessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.institutions.sessions import MemberDep
from app.portal.visibility import sees_statement
from app.receivables.account_statements import AccountStatement, build_statement, draw_statement
from app.receivables.statement_emails import find_by_key
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter()
DayText = Annotated[str, Query(max_length=10)]


@dataclass(frozen=True, slots=True)
class Period:
    """The days as they were typed, and what draws the statement of them."""

    session: ReadSessionDep
    settings: SettingsDep
    starts_on: DayText = ""
    ends_on: DayText = ""

    def build(self, institution: Institution) -> AccountStatement:
        """Return the statement.

        Raises:
            InvalidInputError: a day is no date, or the last is before the first.
        """
        return build_statement(
            self.session,
            self.settings,
            institution,
            starts_on=_parse_day("starts_on", self.starts_on),
            ends_on=_parse_day("ends_on", self.ends_on),
        )


PeriodDep = Annotated[Period, Depends()]


@router.get("/account/statement.pdf")
def member_pdf(member: MemberDep, period: PeriodDep) -> Response:
    """Return the statement of the person's institution as PDF."""
    if member.institution is None or not sees_statement(member):
        raise _not_found()
    return _pdf(period, member.institution)


@router.get("/account/statement")
def member_page(request: Request, member: MemberDep, period: PeriodDep) -> Response:
    """Show the statement of the person's institution."""
    if member.institution is None or not sees_statement(member):
        raise _not_found()
    return _page(request, period, member.institution, is_signed_in=True)


@router.get("/statements/{key}.pdf")
def linked_pdf(period: PeriodDep, key: str) -> Response:
    """Return the statement of a link as PDF, until the link expires."""
    return _pdf(period, _get_by_key(period, key))


@router.get("/statements/{key}")
def linked_page(request: Request, period: PeriodDep, key: str) -> Response:
    """Show the statement of a link, until the link expires."""
    return _page(request, period, _get_by_key(period, key), is_signed_in=False)


def _page(
    request: Request, period: Period, institution: Institution, *, is_signed_in: bool
) -> Response:
    problem: InvalidInputError | None = None
    try:
        statement = period.build(institution)
    except InvalidInputError as error:
        problem = error
        statement = build_statement(period.session, period.settings, institution)
    response = render(
        request,
        "portal/statement.html",
        statement=statement,
        is_signed_in=is_signed_in,
        errors={each.pointer.removeprefix("#/"): each.detail for each in problem.errors}
        if problem
        else {},
    )
    response.headers.update(PRIVATE)
    return response


def _pdf(period: Period, institution: Institution) -> Response:
    statement = period.build(institution)
    name = f"statement-{institution.ref}-{statement.ends_on.isoformat()}.pdf"
    headers = {**PRIVATE, "Content-Disposition": f'inline; filename="{name}"'}
    pdf = draw_statement(statement, period.settings)
    return Response(pdf, media_type="application/pdf", headers=headers)


def _get_by_key(period: Period, key: str) -> Institution:
    institution = find_by_key(period.session, period.settings, key)
    if institution is None:
        raise _not_found()
    return institution


def _not_found() -> NotFoundError:
    return NotFoundError("Statement of account not found. A link in an email works for 30 days.")


def _parse_day(pointer: str, typed: str) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        problem = FieldProblem(f"#/{pointer}", "Enter a date like 2026-11-22.")
        raise InvalidInputError.of(problem) from error
