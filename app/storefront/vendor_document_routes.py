"""Vendor documents behind the link of a quote or an invoice that offers them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.accounts.actors import Actor
from app.billing.invoice_queries import get_invoice_for_holder
from app.billing.vendor_documents import record_download
from app.billing.vendor_models import VendorDocument
from app.billing.vendor_offers import get_offered_on
from app.core import clock
from app.core.db import SessionDep
from app.core.request_middleware import SettingsDep
from app.media.downloads import send_pdf
from app.quotes.queries import get_quote_for_buyer

router = APIRouter()
Token = Annotated[str, Query(max_length=200)]


@router.get("/quotes/{number}/vendor-documents/{ref}.pdf")
def download_of_quote(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    *,
    number: str,
    ref: str,
    token: Token = "",
) -> Response:
    """Return a document that the quote offers, and record the download."""
    quote = get_quote_for_buyer(session, number, token)
    today = clock.today(settings.seller_time_zone)
    document = get_offered_on(session, quote.number, "quote", ref, on=today)
    record_download(session, document, actor=Actor.guest(quote.email), about=quote.number)
    return send_vendor_document(request, document)


@router.get("/invoices/{number}/vendor-documents/{ref}.pdf")
def download_of_invoice(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    *,
    number: str,
    ref: str,
    token: Token = "",
) -> Response:
    """Return a document that the invoice offers, and record the download."""
    invoice = get_invoice_for_holder(session, number, token)
    today = clock.today(settings.seller_time_zone)
    document = get_offered_on(session, invoice.number, "invoice", ref, on=today)
    record_download(session, document, actor=Actor.guest(invoice.email), about=invoice.number)
    return send_vendor_document(request, document)


def send_vendor_document(request: Request, document: VendorDocument) -> Response:
    """Return the bytes of a document under a name that says what it is."""
    name = f"{document.kind.replace('_', '-')}-{document.ref}.pdf"
    return send_pdf(request, sha256=document.sha256, size_bytes=document.size_bytes, name=name)
