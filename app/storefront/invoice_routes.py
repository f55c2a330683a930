"""The pages of an invoice and of a credit note, under their secret links."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.billing.invoice_content import CreditNoteContent, InvoiceContent
from app.billing.invoice_documents import METHOD_LABELS, get_pdf
from app.billing.invoice_emails import credit_note_path, invoice_path
from app.billing.invoice_queries import (
    get_credit_note_for_holder,
    get_invoice_for_holder,
)
from app.billing.models import CreditNote, Invoice
from app.billing.states import InvoiceState
from app.billing.vendor_offers import find_offered_on
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.request_middleware import SettingsDep, answer_with
from app.orders.models import printed_number
from app.orders.next_steps import can_be_paid
from app.orders.queries import get_order_by_number
from app.orders.states import PaymentState
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter()
Token = Annotated[str, Query(max_length=200)]
# The label and the CSS class of each state.
STATE_LABELS = {
    InvoiceState.OPEN: ("Open", "waiting"),
    InvoiceState.PAID: ("Paid", "done"),
    InvoiceState.VOID: ("Void", "stopped"),
    InvoiceState.WRITTEN_OFF: ("Closed", "stopped"),
}


@router.get("/invoices/{number}.pdf")
def download_invoice(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    number: str,
    token: Token = "",
) -> Response:
    """Return the invoice as a PDF: the same bytes at any time."""
    invoice = get_invoice_for_holder(session, number, token)
    make = partial(get_pdf, session, app_state(request).sessions, invoice, settings)
    name = f'inline; filename="invoice-{invoice.number}.pdf"'
    headers = {**PRIVATE, "Content-Disposition": name}
    return answer_with(request, make, media_type="application/pdf", headers=headers)


@router.get("/invoices/{number}")
def show_invoice(
    request: Request, session: ReadSessionDep, number: str, token: Token = ""
) -> Response:
    """Show the invoice with the payments and the balance of today; others get 404."""
    return draw_invoice(request, session, get_invoice_for_holder(session, number, token))


def draw_invoice(
    request: Request, session: Session, invoice: Invoice, *, failure: str = ""
) -> Response:
    """Draw the page of an invoice; ``failure`` is why it can't be paid online now."""
    order = get_order_by_number(session, invoice.order_number)
    is_credited = invoice.credited_amount >= invoice.total_amount > 0
    content = InvoiceContent.model_validate(invoice.content)
    word, shape = STATE_LABELS[invoice.state]
    today = clock.today(content.seller.time_zone)
    response = render(
        request,
        "storefront/invoice.html",
        invoice=invoice,
        can_pay=can_be_paid(order) and invoice.balance.amount > 0,
        is_pending=order.payment_state is PaymentState.PENDING,
        failure=failure,
        content=content,
        is_overdue=invoice.due_on < today,
        status=("Credited" if is_credited and invoice.state is InvoiceState.PAID else word, shape),
        payments=[
            (payment, METHOD_LABELS[payment.method], printed_number(payment))
            for payment in order.payments
            if payment.currency == invoice.currency and invoice.state is not InvoiceState.VOID
        ],
        refunded_amount=order.refunded_amount,
        pdf_path=invoice_path(invoice, pdf=True),
        vendor_documents=find_offered_on(session, invoice.number, "invoice", on=today),
        credit_notes=[
            (note, credit_note_path(note)) for note in invoice.credit_notes if not note.is_void
        ],
    )
    response.headers.update(PRIVATE)
    return response


@router.get("/credit-notes/{number}.pdf")
def download_credit_note(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    number: str,
    token: Token = "",
) -> Response:
    """Return the credit note as a PDF: the same bytes at any time."""
    note = get_credit_note_for_holder(session, number, token)
    make = partial(get_pdf, session, app_state(request).sessions, note, settings)
    name = f'inline; filename="credit-note-{note.number}.pdf"'
    headers = {**PRIVATE, "Content-Disposition": name}
    return answer_with(request, make, media_type="application/pdf", headers=headers)


@router.get("/credit-notes/{number}")
def show_credit_note(
    request: Request, session: ReadSessionDep, number: str, token: Token = ""
) -> Response:
    """Show the credit note to holders of its link; others get 404."""
    note: CreditNote = get_credit_note_for_holder(session, number, token)
    invoice: Invoice = note.invoice
    response = render(
        request,
        "storefront/credit_note.html",
        note=note,
        content=CreditNoteContent.model_validate(note.content),
        pdf_path=credit_note_path(note, pdf=True),
        invoice_path=invoice_path(invoice),
    )
    response.headers.update(PRIVATE)
    return response
