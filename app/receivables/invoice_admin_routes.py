"""Write-offs and reminders of invoices, for staff programs."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKey, IdempotencyKeyReusedError
from app.core.money import MoneyOut
from app.core.request_middleware import SettingsDep
from app.receivables import reminder_job, write_offs
from app.receivables.account_queries import AgingRow, find_aging
from app.receivables.admin_routes import Biller, Reader
from app.receivables.aging import AgeBucket
from app.receivables.errors import InvoiceNotOpenError
from app.receivables.models import InvoiceReminderRow
from app.receivables.schemas import ReceiptVoidIn

router = APIRouter(
    prefix="/admin",
    tags=["staff: receivables"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
InvoicePath = Annotated[
    str, Path(max_length=30, pattern=r"^[A-Za-z0-9-]+$", examples=["INV-2026-00012"])
]
DECIDED = responses(NotFoundError, InvoiceNotOpenError, IdempotencyKeyReusedError)


class ReminderOut(BaseModel):
    """A reminder that was sent."""

    step: int = Field(description="Days after the due date; before it they are negative")
    sent_to: str
    sent_at: datetime


class UnpaidInvoiceOut(BaseModel):
    """What staff do about an unpaid invoice."""

    number: str
    state: InvoiceState
    balance: MoneyOut
    written_off: MoneyOut
    due_on: date
    reminders_paused: str = Field(description="Why reminders are paused; empty if they are not")
    reminders: list[ReminderOut]

    @classmethod
    def of(cls, session: Session, invoice: Invoice) -> Self:
        """Return the invoice in this shape."""
        rows = session.scalars(
            select(InvoiceReminderRow)
            .where(InvoiceReminderRow.invoice_id == invoice.id)
            .order_by(InvoiceReminderRow.id)
        )
        return cls(
            number=invoice.number,
            state=invoice.state,
            balance=MoneyOut.of(invoice.balance),
            written_off=MoneyOut(amount=invoice.written_off_amount, currency=invoice.currency),
            due_on=invoice.due_on,
            reminders_paused=invoice.reminders_paused,
            reminders=[
                ReminderOut(step=row.step, sent_to=row.sent_to, sent_at=row.created_at)
                for row in rows
            ],
        )


class AgingRowOut(BaseModel):
    """What one institution owes, by days overdue."""

    institution: str
    institution_ref: str | None
    currency: str
    amounts: dict[AgeBucket, int] = Field(description="Minor units, by bucket")
    total: int
    unmatched: int = Field(description="Money that is not matched with an invoice")

    @classmethod
    def of(cls, row: AgingRow) -> Self:
        """Return the row in its API shape."""
        return cls(
            institution=row.name,
            institution_ref=row.institution.ref if row.institution else None,
            currency=row.currency,
            amounts=row.buckets,
            total=row.total.amount,
            unmatched=row.unmatched_amount,
        )


class AgingOut(BaseModel):
    """The aging report of a day."""

    on: date
    rows: list[AgingRowOut]


@router.get("/aging", summary="Get the aging report")
def get_aging(session: ReadSessionDep, settings: SettingsDep, _reader: Reader) -> AgingOut:
    """Return the open balances of each institution by days overdue, the longest first."""
    today = clock.today(settings.seller_time_zone)
    return AgingOut(
        on=today, rows=[AgingRowOut.of(row) for row in find_aging(session, today=today)]
    )


@router.post("/invoices/{number}/write-off", summary="Write off an invoice", responses=DECIDED)
def write_off_invoice(
    session: SessionDep,
    idempotency: IdempotencyDep,
    biller: Biller,
    number: InvoicePath,
    body: ReceiptVoidIn,
) -> UnpaidInvoiceOut:
    """Give up what the invoice still asks for. Needs `billing:write`. Safe to repeat.

    A later payment opens it again.
    """
    return _once(
        session,
        idempotency,
        lambda: write_offs.write_off(session, number, actor=biller, reason=body.reason),
    )


@router.post("/invoices/{number}/write-off/undo", summary="Undo a write-off", responses=DECIDED)
def undo_write_off(
    session: SessionDep,
    idempotency: IdempotencyDep,
    biller: Biller,
    number: InvoicePath,
    body: ReceiptVoidIn,
) -> UnpaidInvoiceOut:
    """Open a written-off invoice again. Needs `billing:write`. Safe to repeat."""
    return _once(
        session,
        idempotency,
        lambda: write_offs.undo_write_off(session, number, actor=biller, reason=body.reason),
    )


@router.post(
    "/invoices/{number}/reminders/pause",
    summary="Pause reminders",
    responses=responses(NotFoundError, IdempotencyKeyReusedError),
)
def pause_reminders(
    session: SessionDep,
    idempotency: IdempotencyDep,
    biller: Biller,
    number: InvoicePath,
    body: ReceiptVoidIn,
) -> UnpaidInvoiceOut:
    """Stop the reminders of an invoice until they are resumed. Needs `billing:write`."""
    return _once(
        session,
        idempotency,
        lambda: reminder_job.pause_reminders(session, number, actor=biller, reason=body.reason),
    )


@router.post(
    "/invoices/{number}/reminders/resume",
    summary="Resume reminders",
    responses=responses(NotFoundError, IdempotencyKeyReusedError),
)
def resume_reminders(
    session: SessionDep, idempotency: IdempotencyDep, biller: Biller, number: InvoicePath
) -> UnpaidInvoiceOut:
    """Send the reminders of an invoice again. Needs `billing:write`."""
    return _once(
        session,
        idempotency,
        lambda: reminder_job.resume_reminders(session, number, actor=biller),
    )


def _once(
    session: Session, idempotency: IdempotencyKey, apply: Callable[[], Invoice]
) -> UnpaidInvoiceOut:
    return idempotency.run_once(
        session, UnpaidInvoiceOut, lambda: UnpaidInvoiceOut.of(session, apply())
    )
