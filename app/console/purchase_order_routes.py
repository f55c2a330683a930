"""The review of an order's purchase order: PDFs, comparison, and the decision."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from app.billing.purchase_order_comparison import ComparedOrder
from app.billing.purchase_order_files import get_file, inspect_purchase_order
from app.billing.purchase_orders import find_with_number, get_purchase_order
from app.console.access import OrderReader, Sales, Staff
from app.console.fields import Line, Number, require_text
from app.console.forms.submission import SubmittedForm, get_text, run_once, submit
from app.console.pages import draw_page, see_other
from app.console.purchase_order_form import build_form, read_form
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.forms import open_form
from app.media.uploads import ensure_stored, store_upload
from app.orders.models import Order
from app.orders.purchase_order_download import download_file
from app.orders.purchase_order_intake import parse_po_number, use_blanket
from app.orders.purchase_order_review import (
    compare_purchase_order,
    counter_purchase_order,
    ordered_facts,
    receive_file,
    reject_purchase_order,
)
from app.orders.purchase_order_routes import Sha256Path
from app.orders.purchase_order_statements import read_statement
from app.orders.purchase_order_view import (
    differences_of,
    find_files,
    find_open_review,
    find_reviews,
    purchase_order_out,
)
from app.orders.queries import get_order_by_number, lock_order
from app.orders.states import OrderState

router = APIRouter(prefix="/orders/{number}/purchase-order")
MAX_FIELDS = 10
MAX_FIELD_BYTES = 10_000
REASON_REQUIRED = "Enter a reason. The buyer reads it."


async def _read_upload(request: Request, staff: Sales) -> AsyncIterator[tuple[Staff, FormData]]:
    """Yield the form after the permission check."""
    async with open_form(
        request, max_files=1, max_fields=MAX_FIELDS, max_part_bytes=MAX_FIELD_BYTES
    ) as form:
        yield staff, form


@router.get("", summary="The purchase order of an order")
def purchase_order_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, number: Number
) -> Response:
    """Show the purchase order beside the order, and what can be decided."""
    return _draw(request, staff, session, number)


@router.post("/files", summary="Upload a purchase order")
def upload_purchase_order(
    request: Request,
    sent: Annotated[tuple[Staff, FormData], Depends(_read_upload)],
    number: Number,
) -> Response:
    """Add a PDF that reached us by email or post."""
    staff, form = sent
    state = app_state(request)
    file, text = form.get("file"), get_text(form, "po_number")
    try:
        name = (file.filename or "") if isinstance(file, UploadFile) else ""
        data = file.file.read() if isinstance(file, UploadFile) and name else b""
        upload = inspect_purchase_order(data, name)
        po_number = parse_po_number(text)
        store_upload(state.storage, upload)

        def work(session: Session) -> None:
            order = get_order_by_number(session, number)
            receive_file(session, order, upload, po_number=po_number, actor=staff.actor)

        is_new = run_once(request, get_text(form, "once"), work)
    except AppError as error:
        with state.readers() as session:
            return _draw(request, staff, session, number, problem=error, typed={"po_number": text})
    ensure_stored(state.storage, upload)
    return see_other(_path(number), done="po-uploaded" if is_new else "twice")


@router.get("/{sha256}.pdf", summary="Download a purchase order")
def download_purchase_order(
    request: Request, staff: OrderReader, number: Number, sha256: Sha256Path
) -> Response:
    """Return a PDF of the purchase order, to be saved."""
    del staff
    with app_state(request).readers() as session:
        file = get_file(session, get_order_by_number(session, number).number, sha256)
    return download_file(request, file)


@router.post("/compare", summary="Compare a purchase order with its order")
def compare(request: Request, staff: Sales, number: Number, form: SubmittedForm) -> Response:
    """Record what the purchase order says, and show where it differs."""

    def work(session: Session, order: Order) -> None:
        ordered = ordered_facts(order)
        try:
            stated = read_statement(ordered, read_form(form, ordered))
        except ValidationError as error:
            detail = "Shorten the texts to 200 characters on one line."
            raise InvalidInputError.of(FieldProblem("#/compare", detail)) from error
        compare_purchase_order(session, order, stated, actor=staff.actor)

    once = get_text(form, "once")
    return _change(request, staff, number, once, work, done="po-compared", form=form)


@router.post("/counter", summary="Ask for a corrected purchase order")
def counter(
    request: Request, staff: Sales, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Email the buyer what must change, with a link to upload a corrected purchase order."""

    def work(session: Session, order: Order) -> None:
        text = require_text("counter_reason", reason, message=REASON_REQUIRED)
        counter_purchase_order(session, order, actor=staff.actor, reason=text)

    typed = {"counter_reason": reason}
    return _change(request, staff, number, once, work, done="po-countered", typed=typed)


@router.post("/reject", summary="Reject a purchase order")
def reject(
    request: Request, staff: Sales, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Email the buyer why. The order stays open."""

    def work(session: Session, order: Order) -> None:
        text = require_text("reject_reason", reason, message=REASON_REQUIRED)
        reject_purchase_order(session, order, actor=staff.actor, reason=text)

    typed = {"reject_reason": reason}
    return _change(request, staff, number, once, work, done="po-rejected", typed=typed)


@router.post("/use", summary="Use a blanket purchase order")
def use(
    request: Request,
    staff: Sales,
    number: Number,
    ident: Annotated[int, Form(ge=1, le=2**31 - 1)],
    once: Line = "",
) -> Response:
    """Point the order at the blanket purchase order with its number."""

    def work(session: Session, order: Order) -> None:
        locked = lock_order(session, order.number)
        use_blanket(session, locked, get_purchase_order(session, ident), actor=staff.actor)

    return _change(request, staff, number, once, work, done="po-changed")


def _change(
    request: Request,
    staff: Staff,
    number: str,
    once: str,
    work: Callable[[Session, Order], None],
    *,
    done: str,
    typed: Mapping[str, object] | None = None,
    form: FormData | None = None,
) -> Response:
    return submit(
        request,
        once,
        lambda session: work(session, get_order_by_number(session, number)),
        redraw=lambda session, error: _draw(
            request, staff, session, number, problem=error, typed=typed, form=form
        ),
        path=_path(number),
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
    form: FormData | None = None,
) -> Response:
    order = get_order_by_number(session, number)
    files = find_files(session, order)
    review = find_open_review(session, order, files)
    stated = None
    if review is not None and review.stated is not None:
        stated = ComparedOrder.model_validate(review.stated)
    purchase_order = order.purchase_order
    return draw_page(
        request,
        staff,
        "purchase_order_review.html",
        problem=problem,
        typed=typed,
        order=order,
        po=purchase_order_out(session, order, is_staff=True),
        record=purchase_order,
        others=find_with_number(session, purchase_order) if purchase_order else [],
        files=files,
        review=review,
        differences=differences_of(review) if review else [],
        reviews=find_reviews(session, order),
        form=build_form(ordered_facts(order), stated, form),
        is_open=order.state is OrderState.SUBMITTED,
    )


def _path(number: str) -> str:
    return f"/console/orders/{number}/purchase-order"
