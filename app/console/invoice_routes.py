"""Invoices: the list, the page of one, and its replacement."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.billing.errors import InvoiceNotReplaceableError
from app.billing.invoice_content import InvoiceContent
from app.billing.invoice_emails import credit_note_path, invoice_path
from app.billing.invoice_queries import (
    get_invoice_by_number,
    is_of_institution,
    is_overdue,
)
from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.console.access import Biller, OrderReader, Staff
from app.console.fields import EmptyIsNone, Line, Number, PageNumber, Search, require_text
from app.console.forms.submission import run_once
from app.console.lists import Listing
from app.console.pages import draw_page, see_other
from app.console.vendor_choice import VendorChoice
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.email_address import parse_email
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.orders.invoice_corrections import (
    InvoiceCorrection,
    refuse_unreplaceable,
    replace_invoice,
)
from app.orders.queries import get_order_by_number

router = APIRouter(prefix="/invoices")

INVOICES = Listing(
    "invoices.html",
    select(
        Invoice.number,
        Invoice.bill_to,
        Invoice.order_number,
        Invoice.po_number,
        Invoice.issued_on,
        Invoice.due_on,
        Invoice.currency,
        Invoice.total_amount,
        Invoice.paid_amount,
        Invoice.credited_amount,
        Invoice.written_off_amount,
        Invoice.state,
    ),
    unique=Invoice.id,
    state=Invoice.state,
    sorts={
        "issued": Invoice.id,
        "due": Invoice.due_on,
        "institution": func.lower(Invoice.bill_to),
        "total": Invoice.total_amount,
    },
    begins=(Invoice.number, Invoice.order_number, Invoice.po_number),
    contains=(Invoice.bill_to,),
)


@router.get("", summary="Invoices")
def invoice_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[InvoiceState | None, EmptyIsNone, Query()] = None,
    institution: Search = "",
    overdue: Annotated[str, Query(max_length=3)] = "",
    sort: Annotated[str, Query(max_length=20)] = "-issued",
    number: PageNumber = 1,
) -> Response:
    """Show one page of invoices."""
    conditions = [is_of_institution(institution)] if institution else []
    if overdue:
        conditions.append(is_overdue(clock.today(app_state(request).settings.seller_time_zone)))
    name = select(Institution.name).where(Institution.ref == institution.strip().upper())
    return INVOICES.draw(
        request,
        staff,
        session,
        *conditions,
        q=q,
        status=status,
        sort=sort,
        number=number,
        more={
            "institution": institution,
            "name": session.scalar(name) if institution else "",
            "overdue": overdue,
        },
    )


@router.get("/{number}", summary="One invoice")
def invoice_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, number: Number
) -> Response:
    """Show an invoice, its credit notes, and its history."""
    return _draw(request, staff, session, number)


@router.post("/{number}/replace", summary="Void and replace an invoice")
def post_replacement(
    request: Request,
    settings: SettingsDep,
    *,
    staff: Biller,
    number: Number,
    po_number: Line = "",
    ap_name: Line = "",
    ap_email: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Void the invoice and issue a corrected one, with a reason."""
    made: list[str] = []
    typed = {"po_number": po_number, "ap_name": ap_name, "ap_email": ap_email, "reason": reason}

    def work(session: Session) -> None:
        reason_text = require_text("reason", reason, message="Enter a reason.")
        correction = InvoiceCorrection(
            po_number=po_number or None,
            ap_name=ap_name or None,
            ap_email=_read_email(ap_email),
        )
        replacement = replace_invoice(
            session, number, correction, reason=reason_text, settings=settings, actor=staff.actor
        )
        made.append(replacement.number)

    try:
        run_once(request, once, work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw(request, staff, session, number, problem=error, typed=typed)
    done = "invoice-replaced" if made else "twice"
    return see_other(f"/console/invoices/{made[0] if made else number}", done=done)


def _read_email(text: str) -> str | None:
    if not text:
        return None
    try:
        return parse_email(text)
    except ValueError as error:
        raise InvalidInputError.of(FieldProblem("#/ap_email", str(error))) from None


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    invoice = get_invoice_by_number(session, number)
    content = InvoiceContent.model_validate(invoice.content)
    try:
        refuse_unreplaceable(invoice)
        refusal = ""
    except InvoiceNotReplaceableError as error:
        refusal = error.detail
    return draw_page(
        request,
        staff,
        "invoice.html",
        problem=problem,
        typed=typed or dict.fromkeys(("po_number", "ap_name", "ap_email", "reason")),
        invoice=invoice,
        order=get_order_by_number(session, invoice.order_number),
        content=content,
        replaced_by=session.scalar(
            select(Invoice.number).where(Invoice.replaces == invoice.number)
        ),
        refusal=refusal,
        page_path=invoice_path(invoice),
        pdf_path=invoice_path(invoice, pdf=True),
        credit_notes=[(note, credit_note_path(note)) for note in invoice.credit_notes],
        vendor=VendorChoice.of(session, invoice.number, "invoice", zone=content.seller.time_zone),
        history=audit.entries_about(session, "invoice", invoice.number),
    )
