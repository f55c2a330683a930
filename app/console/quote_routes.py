"""Quotes: the list, the page of one, extending, and withdrawing."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.customers import CLASSES
from app.console.access import OrderReader, Sales, Staff
from app.console.fields import (
    EmptyIsNone,
    Line,
    Number,
    PageNumber,
    Search,
    parse_date,
    require_text,
)
from app.console.forms.submission import submit
from app.console.lists import Columns, find_rows_page, sort_rows
from app.console.pages import draw_page
from app.console.vendor_choice import VendorChoice
from app.core.db import ReadSessionDep
from app.core.email_outbox import emails_for
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.quotes.links import quote_path
from app.quotes.models import Quote
from app.quotes.queries import (
    QuoteFilters,
    build_conditions,
    find_quote_titles,
    find_successor,
    get_quote_by_number,
)
from app.quotes.serializers import find_acceptance_problems
from app.quotes.service import extend_quote, withdraw_quote
from app.quotes.states import QuoteState

router = APIRouter(prefix="/quotes")
SORTS: Columns = {
    "made": Quote.created_at,
    "institution": func.lower(Quote.institution),
    "valid": Quote.expires_at,
    "total": Quote.total_amount,
}


@router.get("", summary="Quotes")
def quote_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    state: Annotated[QuoteState | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "-made",
    number: PageNumber = 1,
) -> Response:
    """Show one page of matching quotes."""
    statement = select(
        Quote.number,
        Quote.created_at,
        Quote.institution,
        Quote.customer_class,
        Quote.country,
        Quote.email,
        Quote.total_amount,
        Quote.currency,
        Quote.valid_through,
        Quote.state,
        Quote.order_number,
    ).where(*build_conditions(QuoteFilters(state=state, q=q or None)))
    statement = sort_rows(statement, SORTS, sort, unique=Quote.id)
    rows = find_rows_page(session, statement, page=number)
    return draw_page(
        request,
        staff,
        "quotes.html",
        rows=rows,
        titles=find_quote_titles(session, [row.number for row in rows.items]),
        q=q,
        state=state,
        sort=sort,
        classes=CLASSES,
    )


@router.get("/{number}", summary="One quote")
def quote_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, number: Number
) -> Response:
    """Show a quote, its history, and the possible actions."""
    return _draw(request, staff, session, number)


@router.post("/{number}/extend", summary="Extend a quote")
def extend(
    request: Request,
    *,
    staff: Sales,
    number: Number,
    valid_through: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Move the last day of an open or expired quote."""

    def work(session: Session) -> None:
        day = parse_date("valid_through", valid_through)
        if day is None:
            raise InvalidInputError.of(FieldProblem("#/valid_through", "Enter the new last day."))
        reason_text = require_text("extend_reason", reason, message="Enter a reason.")
        quote = get_quote_by_number(session, number)
        extend_quote(
            session, quote.number, valid_through=day, actor=staff.actor, reason=reason_text
        )

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(
            request,
            staff,
            session,
            number,
            problem=error,
            typed={"valid_through": valid_through, "extend_reason": reason},
        ),
        path=f"/console/quotes/{number}",
        done="quote-extended",
    )


@router.post("/{number}/withdraw", summary="Withdraw a quote")
def withdraw(
    request: Request, staff: Sales, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Withdraw an open quote. The buyer reads the reason."""

    def work(session: Session) -> None:
        reason_text = require_text(
            "withdraw_reason", reason, message="Enter a reason. The buyer can read it."
        )
        quote = get_quote_by_number(session, number)
        withdraw_quote(session, quote.number, actor=staff.actor, reason=reason_text)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(
            request,
            staff,
            session,
            number,
            problem=error,
            typed={"withdraw_reason": reason},
        ),
        path=f"/console/quotes/{number}",
        done="quote-withdrawn",
    )


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    quote = get_quote_by_number(session, number)
    return draw_page(
        request,
        staff,
        "quote.html",
        problem=problem,
        typed=typed,
        quote=quote,
        path=quote_path(quote),
        successor=find_successor(session, quote),
        warnings=find_acceptance_problems(session, quote) if quote.is_open else [],
        history=audit.entries_about(session, "quote", quote.number),
        emails=emails_for(session, quote.number),
        vendor=VendorChoice.of(session, quote.number, "quote", zone=quote.legal_seller.time_zone),
        classes=CLASSES,
    )
