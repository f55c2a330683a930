"""Invoices for staff programs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.billing.errors import InvoiceNotReplaceableError
from app.billing.invoice_queries import InvoiceFilters, find_invoices, get_invoice_by_number
from app.billing.invoice_schemas import StaffInvoiceOut
from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.core.request_middleware import SettingsDep
from app.orders.drafts import Line
from app.orders.invoice_corrections import InvoiceCorrection, replace_invoice

router = APIRouter(
    prefix="/admin/invoices",
    tags=["staff: receivables"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Biller = Annotated[Actor, Depends(require_scopes(Scope.BILLING_WRITE))]
InvoicePath = Annotated[
    str, Path(max_length=40, description="The invoice's number", examples=["INV-2026-00012"])
]


class InvoiceReplaceIn(InvoiceCorrection):
    """Void an invoice and issue a corrected one."""

    reason: Line = Field(examples=["Wrong purchase order number"])


@router.get("", summary="List invoices")
def list_invoices(
    session: ReadSessionDep,
    settings: SettingsDep,
    _reader: Reader,
    page: PageDep,
    filters: Annotated[InvoiceFilters, Query()],
) -> Page[StaffInvoiceOut]:
    """List invoices, newest first."""
    today = clock.today(settings.seller_time_zone)
    rows = find_invoices(session, filters, page, today=today)
    shown, cursor = page.cut(rows, lambda invoice: (invoice.id,))
    return Page(items=[StaffInvoiceOut.of(invoice) for invoice in shown], next=cursor)


@router.get("/{number}", summary="Get an invoice", responses=responses(NotFoundError))
def get_invoice(session: ReadSessionDep, _reader: Reader, number: InvoicePath) -> StaffInvoiceOut:
    """Return the invoice with its credit notes."""
    return StaffInvoiceOut.of(get_invoice_by_number(session, number))


@router.post(
    "/{number}/replace",
    summary="Void and replace an invoice",
    responses=responses(
        NotFoundError, InvalidInputError, InvoiceNotReplaceableError, IdempotencyKeyReusedError
    ),
)
def post_replacement(
    session: SessionDep,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    *,
    biller: Biller,
    number: InvoicePath,
    body: InvoiceReplaceIn,
) -> StaffInvoiceOut:
    """Void the invoice and return the new one that replaces it. Needs `billing:write`.

    The new invoice is made from the order, with the corrections given here, and sent by email.
    """

    def work() -> StaffInvoiceOut:
        correction = InvoiceCorrection.model_validate(body.model_dump(exclude={"reason"}))
        replacement = replace_invoice(
            session, number, correction, reason=body.reason, settings=settings, actor=biller
        )
        return StaffInvoiceOut.of(replacement)

    return idempotency.run_once(session, StaffInvoiceOut, work)
