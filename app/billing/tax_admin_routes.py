"""Staff endpoints of tax rates."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.billing import tax_rates
from app.billing.errors import TaxRateImmutableError, TaxRateOverlapError
from app.billing.tax_schemas import TaxRateEndIn, TaxRateIn, TaxRateOut
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(prefix="/admin/tax-rates", tags=["staff: billing"], responses=responses(*DENIED))
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Biller = Annotated[Actor, Depends(require_scopes(Scope.BILLING_WRITE))]
RatePath = Annotated[str, Path(pattern=r"^TR-[0-9A-Z]{8}$", examples=["TR-7K3QF9TD"])]


@router.get("", summary="List tax rates")
def list_rates(session: ReadSessionDep, _reader: Reader, page: PageDep) -> Page[TaxRateOut]:
    """List tax rates, newest first, with those that have ended."""
    rows = tax_rates.find_rates_page(session, page)
    shown, cursor = page.cut(rows, lambda row: (row.id,))
    return Page(items=[TaxRateOut.of(row) for row in shown], next=cursor)


@router.post(
    "",
    summary="Add a tax rate",
    status_code=HTTPStatus.CREATED,
    responses=responses(TaxRateOverlapError, InvalidInputError, IdempotencyKeyReusedError),
)
def post_rate(
    session: SessionDep, biller: Biller, idempotency: IdempotencyDep, draft: TaxRateIn
) -> TaxRateOut:
    """Add a tax rate. It begins today or later, and is never edited: end it and add another."""

    def work() -> TaxRateOut:
        return TaxRateOut.of(tax_rates.add_rate(session, draft=draft, actor=biller))

    return idempotency.run_once(session, TaxRateOut, work)


@router.get("/{ref}", summary="Get a tax rate", responses=responses(NotFoundError))
def get_rate(session: ReadSessionDep, _reader: Reader, ref: RatePath) -> TaxRateOut:
    """Return a tax rate."""
    return TaxRateOut.of(tax_rates.get_rate(session, ref))


@router.post(
    "/{ref}/end",
    summary="End a tax rate",
    responses=responses(
        NotFoundError, TaxRateImmutableError, InvalidInputError, IdempotencyKeyReusedError
    ),
)
def end_rate(
    session: SessionDep,
    biller: Biller,
    idempotency: IdempotencyDep,
    ref: RatePath,
    body: TaxRateEndIn,
) -> TaxRateOut:
    """Set the last day of a tax rate. Safe to repeat."""

    def work() -> TaxRateOut:
        row = tax_rates.end_rate(session, ref=ref, valid_to=body.valid_to, actor=biller)
        return TaxRateOut.of(row)

    return idempotency.run_once(session, TaxRateOut, work)


@router.delete(
    "/{ref}",
    summary="Remove a tax rate",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError, TaxRateImmutableError),
)
def delete_rate(session: SessionDep, biller: Biller, ref: RatePath) -> None:
    """Remove a tax rate that has not begun."""
    tax_rates.remove_rate(session, ref=ref, actor=biller)
