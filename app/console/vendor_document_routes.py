"""Vendor documents at the console: upload, sole-source letters, sending, and downloads."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from app.billing import vendor_documents, vendor_offers
from app.billing.models import Invoice
from app.billing.purchase_order_files import inspect_pdf
from app.billing.sole_source import draw_letter
from app.billing.vendor_models import VENDOR_DOCUMENT_LABELS, VendorDocumentKind
from app.catalog.queries import film_by_slug
from app.console.access import Biller, OrderReader, Staff
from app.console.fields import Number, parse_date, require_text
from app.console.forms.submission import SubmittedForm, get_text, run_once, submit
from app.console.pages import draw_page, see_other
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError, NotFoundError
from app.core.forms import open_form
from app.core.request_middleware import SettingsDep
from app.media import storage_names
from app.media.downloads import send_pdf
from app.media.uploads import Upload, ensure_stored, store_upload
from app.quotes.queries import get_quote_by_number

router = APIRouter(prefix="/vendor-documents")
PATH = "/console/vendor-documents"
# A letter is drawn for its film.
UPLOADED_KINDS: dict[VendorDocumentKind, str] = {
    kind: label
    for kind, label in VENDOR_DOCUMENT_LABELS.items()
    if kind is not VendorDocumentKind.SOLE_SOURCE
}
MAX_FIELDS = 10
MAX_FIELD_BYTES = 10_000


async def _read_upload(request: Request, staff: Biller) -> AsyncIterator[tuple[Staff, FormData]]:
    """Yield the form after the permission check."""
    async with open_form(
        request, max_files=1, max_fields=MAX_FIELDS, max_part_bytes=MAX_FIELD_BYTES
    ) as form:
        yield staff, form


@router.get("", summary="Vendor documents")
def documents_page(request: Request, staff: OrderReader, session: ReadSessionDep) -> Response:
    """Show the current documents, the replaced ones, and the forms."""
    return _draw(request, staff, session)


@router.post("", summary="Upload a vendor document")
def upload_document(
    request: Request, sent: Annotated[tuple[Staff, FormData], Depends(_read_upload)]
) -> Response:
    """Add a PDF. It replaces the current one of its kind."""
    staff, form = sent
    names = ("kind", "title", "valid_from", "valid_through")
    typed = {name: get_text(form, name) for name in names}
    file = form.get("file")

    def prepare() -> tuple[Upload, Callable[[Session, Upload], None]]:
        if typed["kind"] not in set(UPLOADED_KINDS):
            raise InvalidInputError.of(FieldProblem("#/kind", "Choose what the document is."))
        kind = VendorDocumentKind(typed["kind"])
        today = clock.today(app_state(request).settings.seller_time_zone)
        title = typed["title"] or UPLOADED_KINDS[kind]
        valid_from = parse_date("valid_from", typed["valid_from"]) or today
        valid_through = parse_date("valid_through", typed["valid_through"])
        name = (file.filename or "") if isinstance(file, UploadFile) else ""
        data = file.file.read() if isinstance(file, UploadFile) and name else b""
        upload = inspect_pdf(data, name, if_missing="Choose the document as a PDF.")

        def add(session: Session, upload: Upload) -> None:
            vendor_documents.add_document(
                session,
                upload,
                kind=kind,
                title=title,
                valid_from=valid_from,
                valid_through=valid_through,
                actor=staff.actor,
            )

        return upload, add

    return _add(request, staff, get_text(form, "once"), prepare, typed)


@router.post("/letter", summary="Write a sole-source letter")
def write_letter(
    request: Request, staff: Biller, settings: SettingsDep, form: SubmittedForm
) -> Response:
    """Draw the letter of a film, and offer it with the other documents."""
    names = ("film", "signer", "signer_title")
    typed = {name: get_text(form, name) for name in names}

    def prepare() -> tuple[Upload, Callable[[Session, Upload], None]]:
        today = clock.today(settings.seller_time_zone)
        signer = require_text("signer", typed["signer"], message="Enter who signs the letter.")
        job = require_text("signer_title", typed["signer_title"], message="Enter their title.")
        if not get_text(form, "confirmed"):
            detail = "Confirm that no one else may license the film."
            raise InvalidInputError.of(FieldProblem("#/confirmed", detail))
        slug = typed["film"].rstrip("/").rpartition("/")[2]
        with app_state(request).readers() as session:
            try:
                film = film_by_slug(session, slug)
            except NotFoundError as error:
                detail = "Enter the address of a published film."
                raise InvalidInputError.of(FieldProblem("#/film", detail)) from error
            letter = draw_letter(session, film, settings, on=today, signer=signer, signer_title=job)
        sha256 = storage_names.digest(letter.pdf)
        upload = Upload(letter.pdf, sha256, "application/pdf", f"sole-source-{film.slug}.pdf")

        def add(session: Session, upload: Upload) -> None:
            vendor_documents.add_document(
                session,
                upload,
                kind=VendorDocumentKind.SOLE_SOURCE,
                title=letter.title,
                valid_from=today,
                valid_through=letter.valid_through,
                actor=staff.actor,
                film=film,
            )

        return upload, add

    return _add(request, staff, get_text(form, "once"), prepare, typed)


@router.post("/send", summary="Send vendor documents")
def send(request: Request, staff: Biller, settings: SettingsDep, form: SubmittedForm) -> Response:
    """Email links to chosen documents to the buyer of a quote or invoice."""
    number = get_text(form, "number").upper()
    refs = [value for value in form.getlist("documents") if isinstance(value, str)]

    def work(session: Session) -> None:
        vendor_documents.send_documents(
            session,
            settings,
            refs,
            sent_for=number,
            email=_find_recipient(session, number),
            on=clock.today(settings.seller_time_zone),
            actor=staff.actor,
        )

    typed = {"number": number, "documents": refs}
    return submit(
        request,
        get_text(form, "once"),
        work,
        redraw=lambda session, error: _draw(request, staff, session, problem=error, typed=typed),
        path=PATH,
        done="vendor-sent",
    )


@router.post("/{ref}/offer", summary="Offer a vendor document on all quotes or invoices")
def offer(request: Request, staff: Biller, ref: Number, form: SubmittedForm) -> Response:
    """Offer a document on every quote, on every invoice, on both, or on none."""
    return submit(
        request,
        get_text(form, "once"),
        lambda session: vendor_offers.offer_on_all(
            session,
            ref,
            quotes=bool(get_text(form, "quotes")),
            invoices=bool(get_text(form, "invoices")),
            actor=staff.actor,
        ),
        redraw=lambda session, error: _draw(request, staff, session, problem=error),
        path=PATH,
        done="vendor-offered",
    )


@router.post("/offers/{number}", summary="Choose the vendor documents of a quote or invoice")
def choose(
    request: Request, settings: SettingsDep, staff: Biller, number: Number, form: SubmittedForm
) -> Response:
    """Offer the chosen documents on one quote or invoice."""
    refs = {value for value in form.getlist("documents") if isinstance(value, str)}

    def work(session: Session) -> None:
        _find_recipient(session, number)
        today = clock.today(settings.seller_time_zone)
        vendor_offers.choose_documents(session, number, refs, on=today, actor=staff.actor)

    page = "quotes" if number.startswith("RQ-") else "invoices"
    return submit(
        request,
        get_text(form, "once"),
        work,
        redraw=lambda session, error: _draw(request, staff, session, problem=error),
        path=f"/console/{page}/{number}",
        done="vendor-chosen",
    )


@router.post("/{ref}/withdraw", summary="Withdraw a vendor document")
def withdraw(request: Request, staff: Biller, ref: Number, form: SubmittedForm) -> Response:
    """Stop offering a document."""
    return submit(
        request,
        get_text(form, "once"),
        lambda session: vendor_documents.withdraw_document(session, ref, actor=staff.actor),
        redraw=lambda session, error: _draw(request, staff, session, problem=error),
        path=PATH,
        done="vendor-withdrawn",
    )


@router.get("/{ref}.pdf", summary="Download a vendor document")
def download(request: Request, staff: OrderReader, session: SessionDep, ref: Number) -> Response:
    """Return a document, current or replaced, and record the download."""
    document = vendor_documents.get_document(session, ref)
    vendor_documents.record_download(session, document, actor=staff.actor)
    name = f"{document.kind}-{document.ref}.pdf"
    return send_pdf(request, sha256=document.sha256, size_bytes=document.size_bytes, name=name)


def _add(
    request: Request,
    staff: Staff,
    once: str,
    prepare: Callable[[], tuple[Upload, Callable[[Session, Upload], None]]],
    typed: dict[str, str],
) -> Response:
    """Store the PDF that ``prepare`` returns, then add its row: bytes come first."""
    state = app_state(request)
    try:
        upload, add = prepare()
        store_upload(state.storage, upload)
        is_new = run_once(request, once, lambda session: add(session, upload))
    except AppError as error:
        with state.readers() as session:
            return _draw(request, staff, session, problem=error, typed=typed)
    ensure_stored(state.storage, upload)
    return see_other(PATH, done="vendor-added" if is_new else "twice")


def _find_recipient(session: Session, number: str) -> str:
    """Return the address that a quote or an invoice was sent to.

    Raises:
        InvalidInputError: there is none with this number.
    """
    email = session.scalar(select(Invoice.email).where(Invoice.number == number))
    if email is None:
        try:
            return get_quote_by_number(session, number).email
        except NotFoundError as error:
            detail = "Enter the number of a quote or an invoice."
            raise InvalidInputError.of(FieldProblem("#/number", detail)) from error
    return email


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    documents = vendor_documents.find_documents(session)
    today = clock.today(app_state(request).settings.seller_time_zone)
    return draw_page(
        request,
        staff,
        "vendor_documents.html",
        problem=problem,
        typed=typed,
        current=[document for document in documents if document.replaced_at is None],
        replaced=[document for document in documents if document.replaced_at is not None],
        offered={d.ref for d in vendor_documents.find_offered(session, on=today)},
        kinds=UPLOADED_KINDS,
        today=today,
    )
