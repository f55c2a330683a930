"""The page on which licenses are renewed. Its signed link names them, and opens nothing else."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.app_state import app_state
from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.errors import InvalidInputError, NotFoundError
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.request_middleware import settings_of
from app.renewals.notices import read_renewal_key
from app.renewals.options import find_options, sum_totals
from app.renewals.service import quote_renewal
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE
from app.storefront.quote_routes import MadeQuote
from app.web.rendering import render

router = APIRouter()
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
NO_MONTH = 0


@router.get("/renewals/{key}")
def renewal_page(
    request: Request,
    session: ReadSessionDep,
    key: str,
    month: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """Show what can follow each license, and what it costs."""
    return _page(request, session, key, month=_parse_month(month))


@router.post("/renewals/{key}")
def make_renewal_quote(request: Request, form: FieldsDep, key: str) -> Response:
    """Make the quote for the chosen licenses, once per form, and redirect to it."""
    sessions, settings = app_state(request).sessions, settings_of(request)
    numbers = _read_key(settings, key)
    chosen = [number for number in numbers if form.get(f"license_{number}")]
    month = _parse_month(form.get("month", ""))

    def work(session: Session) -> MadeQuote:
        quote = quote_renewal(session, chosen, month=month or None, settings=settings)
        return MadeQuote(number=quote.number, token=quote.access_token)

    once = Idempotency.of_form("renewal", form.get("once", ""), owner=key)
    try:
        with sessions.begin() as session:
            made = once.run_once(session, MadeQuote, lambda: work(session))
    except InvalidInputError as error:
        problems = [problem.detail for problem in error.errors]
        with app_state(request).readers() as session:
            return _page(
                request, session, key, month=month, chosen=chosen, problem=" ".join(problems)
            )
    path = f"/quotes/{made.number}?token={made.token}&done=made"
    response = RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _parse_month(typed: str) -> int:
    """Return the month 1 to 12, or ``NO_MONTH``."""
    month = int(typed) if typed.isascii() and typed.isdigit() else NO_MONTH
    return month if month <= len(MONTHS) else NO_MONTH


def _read_key(settings: Settings, key: str) -> list[str]:
    numbers = read_renewal_key(settings, key)
    if numbers is None:
        detail = "This link is incomplete. Open it from the email again."
        raise NotFoundError(detail)
    return numbers


def _page(
    request: Request,
    session: Session,
    key: str,
    *,
    month: int,
    chosen: Sequence[str] | None = None,
    problem: str = "",
) -> Response:
    settings = settings_of(request)
    options = find_options(
        session, _read_key(settings, key), currency=settings.currency, month=month or None
    )
    if not options:
        detail = "These licenses no longer exist."
        raise NotFoundError(detail)
    possible = [option for option in options if option.chosen.line is not None]
    response = render(
        request,
        "portal/renewals.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        key=key,
        options=options,
        possible=possible,
        chosen=[option.license.number for option in possible] if chosen is None else chosen,
        total=sum_totals(possible, settings.currency),
        month=month,
        months=MONTHS,
        problems={"licenses": problem} if problem else {},
        once=new_token(),
    )
    response.headers.update(PRIVATE)
    return response
