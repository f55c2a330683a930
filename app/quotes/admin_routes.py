"""Staff endpoints of quotes."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from app.accounts.actors import Actor
from app.accounts.errors import InvalidTransitionError, NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.core.request_middleware import SettingsDep
from app.quotes import queries, service
from app.quotes.errors import QuoteNotOpenError
from app.quotes.models import Quote
from app.quotes.queries import QuoteFilters, get_quote_by_number
from app.quotes.routes import QuoteNumberPath
from app.quotes.schemas import ExtendIn, QuoteSummaryOut, StaffQuoteOut, WithdrawIn
from app.quotes.serializers import quote_summary_out, staff_quote_out
from app.quotes.staff_quotes import StaffQuoteDraft, create_staff_quote

router = APIRouter(
    prefix="/admin/quotes",
    tags=["staff: quotes"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Seller = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_WRITE))]


@dataclass(frozen=True)
class QuoteChange:
    """A staff member's change of one quote, made once per idempotency key."""

    session: SessionDep
    idempotency: IdempotencyDep

    def run(self, number: str, apply: Callable[[str], Quote]) -> StaffQuoteOut:
        """Apply the change unless its key was used before; return the quote after it."""

        def work() -> StaffQuoteOut:
            known = get_quote_by_number(self.session, number)
            return staff_quote_out(self.session, apply(known.number))

        return self.idempotency.run_once(self.session, StaffQuoteOut, work)


ChangeDep = Annotated[QuoteChange, Depends()]


@router.get("", summary="List quotes")
def list_quotes(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    filters: Annotated[QuoteFilters, Query()],
) -> Page[QuoteSummaryOut]:
    """List quotes, newest first."""
    rows = queries.find_quotes(session, filters, page)
    shown, cursor = page.cut(rows, queries.quote_keys)
    return Page(items=[quote_summary_out(quote) for quote in shown], next=cursor)


@router.post(
    "",
    summary="Make a quote for a buyer",
    status_code=HTTPStatus.CREATED,
    response_model=StaffQuoteOut,
    responses=responses(InvalidInputError, IdempotencyKeyReusedError),
)
def post_staff_quote(
    session: SessionDep,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    seller: Seller,
    draft: Annotated[StaffQuoteDraft, Body()],
) -> object:
    """Make a quote with agreed prices and charges, and email it to the buyer.

    A price that differs from the list price needs a reason. Rights windows and customer classes are
    checked as for a buyer.
    """

    def work() -> StaffQuoteOut:
        quote = create_staff_quote(session, draft, settings=settings, actor=seller)
        return staff_quote_out(session, quote)

    return idempotency.run_once(session, StaffQuoteOut, work)


@router.get("/{number}", summary="Get a quote as staff", responses=responses(NotFoundError))
def get_quote_as_staff(
    session: ReadSessionDep, _reader: Reader, number: QuoteNumberPath
) -> StaffQuoteOut:
    """Return the quote with all its details."""
    return staff_quote_out(session, get_quote_by_number(session, number))


@router.post(
    "/{number}/extend",
    summary="Extend a quote",
    responses=responses(
        NotFoundError, InvalidInputError, QuoteNotOpenError, IdempotencyKeyReusedError
    ),
)
def extend_quote(
    change: ChangeDep, number: QuoteNumberPath, seller: Seller, body: ExtendIn
) -> StaffQuoteOut:
    """Move the last day of an open or expired quote, within the rights of its lines."""

    def apply(known: str) -> Quote:
        return service.extend_quote(
            change.session,
            known,
            valid_through=body.valid_through,
            actor=seller,
            reason=body.reason,
        )

    return change.run(number, apply)


@router.post(
    "/{number}/withdraw",
    summary="Withdraw a quote",
    responses=responses(NotFoundError, InvalidTransitionError, IdempotencyKeyReusedError),
)
def withdraw_quote(
    change: ChangeDep, number: QuoteNumberPath, seller: Seller, body: WithdrawIn
) -> StaffQuoteOut:
    """Withdraw an open quote. The buyer gets an email with the reason. Safe to repeat."""

    def apply(known: str) -> Quote:
        return service.withdraw_quote(change.session, known, actor=seller, reason=body.reason)

    return change.run(number, apply)
