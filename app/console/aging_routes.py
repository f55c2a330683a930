"""Aging: what is owed by days overdue, and what staff do about an unpaid invoice."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.billing.invoice_emails import invoice_path
from app.billing.states import InvoiceState
from app.console.access import Biller, OrderReader, Staff
from app.console.fields import Line, require_text
from app.console.forms.submission import submit
from app.console.pages import draw_page
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.request_middleware import SettingsDep
from app.core.spreadsheets import escape_formula
from app.receivables import reminder_job, write_offs
from app.receivables.account_queries import find_aging, sum_rows
from app.receivables.aging import AgeBucket, count_days_overdue, find_bucket
from app.receivables.models import InvoiceReminderRow
from app.receivables.write_offs import get_invoice

router = APIRouter(prefix="/aging")
InvoiceNumber = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,30}$")]


@router.get("", summary="Aging")
def aging_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    """Show the open balances of each institution by days overdue."""
    today = clock.today(settings.seller_time_zone)
    rows = find_aging(session, today=today)
    return draw_page(
        request,
        staff,
        "aging.html",
        rows=rows,
        totals=list(sum_rows(rows).values()),
        buckets=list(AgeBucket),
        today=today,
    )


@router.get(".csv", summary="Aging as CSV")
def aging_csv(session: ReadSessionDep, settings: SettingsDep, _staff: OrderReader) -> Response:
    """Return a row for each open invoice: their balances add up to the report's total."""
    today = clock.today(settings.seller_time_zone)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        (
            *("institution", "invoice", "order", "purchase_order", "issued_on", "due_on"),
            *("days_overdue", "bucket", "balance", "currency"),
        )
    )
    for row in find_aging(session, today=today):
        for invoice in row.invoices:
            days = count_days_overdue(invoice.due_on, today=today)
            bucket = find_bucket(invoice.due_on, today=today)
            writer.writerow(
                (
                    escape_formula(row.name),
                    invoice.number,
                    invoice.order_number,
                    escape_formula(invoice.po_number or ""),
                    invoice.issued_on.isoformat(),
                    invoice.due_on.isoformat(),
                    days,
                    bucket.value,
                    invoice.balance.decimal(),
                    invoice.currency,
                )
            )
    headers = {
        "Content-Disposition": f'attachment; filename="aging-{today.isoformat()}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{number}", summary="One unpaid invoice")
def unpaid_invoice_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, number: InvoiceNumber
) -> Response:
    """Show the balance, reminders, and history of an invoice."""
    return _draw(request, staff, session, number)


@router.post("/{number}/write-off", summary="Write off an invoice")
def write_off_invoice(
    request: Request, staff: Biller, number: InvoiceNumber, reason: Line = "", once: Line = ""
) -> Response:
    """Give up what the invoice asks for, with a reason."""

    def work(session: Session) -> None:
        why = require_text("write_off_reason", reason, message="Enter a reason.")
        write_offs.write_off(session, number, actor=staff.actor, reason=why)

    typed = {"write_off_reason": reason}
    return _change(request, staff, number, once, work, done="written-off", typed=typed)


@router.post("/{number}/undo-write-off", summary="Undo a write-off")
def undo_write_off(
    request: Request, staff: Biller, number: InvoiceNumber, reason: Line = "", once: Line = ""
) -> Response:
    """Open a written-off invoice again, with a reason."""

    def work(session: Session) -> None:
        why = require_text("undo_reason", reason, message="Enter a reason.")
        write_offs.undo_write_off(session, number, actor=staff.actor, reason=why)

    typed = {"undo_reason": reason}
    return _change(request, staff, number, once, work, done="write-off-undone", typed=typed)


@router.post("/{number}/pause", summary="Pause reminders")
def pause_reminders(
    request: Request, staff: Biller, number: InvoiceNumber, reason: Line = "", once: Line = ""
) -> Response:
    """Stop the reminders of an invoice, with a reason."""

    def work(session: Session) -> None:
        why = require_text("pause_reason", reason, message="Enter a reason.")
        reminder_job.pause_reminders(session, number, actor=staff.actor, reason=why)

    typed = {"pause_reason": reason}
    return _change(request, staff, number, once, work, done="reminders-paused", typed=typed)


@router.post("/{number}/resume", summary="Resume reminders")
def resume_reminders(
    request: Request, staff: Biller, number: InvoiceNumber, once: Line = ""
) -> Response:
    """Send the reminders of an invoice again."""

    def work(session: Session) -> None:
        reminder_job.resume_reminders(session, number, actor=staff.actor)

    return _change(request, staff, number, once, work, done="reminders-resumed")


def _change(
    request: Request,
    staff: Staff,
    number: str,
    once: str,
    work: Callable[[Session], None],
    *,
    done: str,
    typed: Mapping[str, object] | None = None,
) -> Response:
    return submit(
        request,
        once,
        work,
        redraw=lambda session, problem: _draw(
            request, staff, session, number, problem=problem, typed=typed
        ),
        path=f"/console/aging/{number}",
        done=done,
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
    invoice = get_invoice(session, number)
    today = clock.today(app_state(request).settings.seller_time_zone)
    reminders = session.scalars(
        select(InvoiceReminderRow)
        .where(InvoiceReminderRow.invoice_id == invoice.id)
        .order_by(InvoiceReminderRow.id)
    ).all()
    return draw_page(
        request,
        staff,
        "unpaid_invoice.html",
        problem=problem,
        typed=typed,
        invoice=invoice,
        is_open=invoice.state is InvoiceState.OPEN,
        days_overdue=count_days_overdue(invoice.due_on, today=today),
        reminders=reminders,
        page_path=invoice_path(invoice),
        history=audit.entries_about(session, "invoice", invoice.number),
    )
