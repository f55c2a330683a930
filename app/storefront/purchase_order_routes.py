"""The purchase order on the pages of an order and of its quote: upload and download of a PDF."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from app.accounts.actors import Actor
from app.billing.purchase_order_errors import PurchaseOrderFileLimitError
from app.billing.purchase_order_files import get_file, inspect_purchase_order
from app.core.errors import InvalidInputError, NotFoundError
from app.core.forms import open_form
from app.media.uploads import ensure_stored, store_upload
from app.orders.errors import OrderClosedError
from app.orders.purchase_order_download import download_file
from app.orders.purchase_order_intake import parse_po_number
from app.orders.purchase_order_review import receive_file
from app.orders.purchase_order_routes import Sha256Path
from app.orders.queries import get_number_for_buyer, get_order_by_number, get_order_for_buyer
from app.payments.state import store_state
from app.quotes.links import quote_path
from app.quotes.queries import get_quote_for_buyer
from app.storefront.order_routes import PRIVATE, draw_order_page, order_path
from app.storefront.quote_routes import draw_quote_page

router = APIRouter()
Token = Annotated[str, Query(max_length=200)]
MAX_FIELDS = 10
MAX_FIELD_BYTES = 10_000


def held_order(request: Request, number: str, token: Token = "") -> str:
    """Return the number of the order that the token opens; others get 404."""
    with store_state(request).readers() as session:
        return get_number_for_buyer(session, number, token)


HeldOrder = Annotated[str, Depends(held_order)]


def held_quote(request: Request, number: str, token: Token = "") -> str:
    """Return the number of the accepted quote that the token opens; others get 404."""
    with store_state(request).readers() as session:
        quote = get_quote_for_buyer(session, number, token)
    if quote.order_number is None:
        detail = f"Quote {quote.number} is not accepted yet."
        raise NotFoundError(detail)
    return quote.number


HeldQuote = Annotated[str, Depends(held_quote)]


@asynccontextmanager
async def _open_upload(request: Request) -> AsyncIterator[FormData]:
    async with open_form(
        request, max_files=1, max_fields=MAX_FIELDS, max_part_bytes=MAX_FIELD_BYTES
    ) as form:
        yield form


async def read_order_upload(request: Request, _number: HeldOrder) -> AsyncIterator[FormData]:
    """Read the form, once its sender has proved to hold the order."""
    async with _open_upload(request) as form:
        yield form


async def read_quote_upload(request: Request, _number: HeldQuote) -> AsyncIterator[FormData]:
    """Read the form, once its sender has proved to hold the quote."""
    async with _open_upload(request) as form:
        yield form


@router.post("/orders/{number}/purchase-order")
def upload_purchase_order(
    request: Request,
    number: HeldOrder,
    form: Annotated[FormData, Depends(read_order_upload)],
    token: Token = "",
) -> Response:
    """Add the PDF to the order, or show what is wrong with it. The same PDF twice has no effect."""
    typed, problems = _receive(request, form, number)
    with store_state(request).readers() as session:
        order = get_order_for_buyer(session, number, token)
        if problems:
            return draw_order_page(request, session, order, po_problems=problems, po_number=typed)
        path = order_path(order)
    return RedirectResponse(
        f"{path}&uploaded=yes#purchase-order", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )


@router.post("/quotes/{number}/purchase-order")
def upload_for_quote(
    request: Request,
    number: HeldQuote,
    form: Annotated[FormData, Depends(read_quote_upload)],
    token: Token = "",
) -> Response:
    """Add the PDF to the order of an accepted quote, or show what is wrong with it."""
    with store_state(request).readers() as session:
        order_number = get_quote_for_buyer(session, number, token).order_number or ""
    typed, problems = _receive(request, form, order_number)
    with store_state(request).readers() as session:
        quote = get_quote_for_buyer(session, number, token)
        if problems:
            values = {"po_number": typed}
            return draw_quote_page(request, session, quote, values=values, problems=problems)
        path = quote_path(quote)
    return RedirectResponse(f"{path}&done=po", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _receive(request: Request, form: FormData, number: str) -> tuple[str, dict[str, str]]:
    """Add the PDF to the order. Return the number that was typed, and the problems by field."""
    state = store_state(request)
    typed, file = form.get("po_number"), form.get("file")
    text = typed if isinstance(typed, str) else ""
    try:
        name = (file.filename or "") if isinstance(file, UploadFile) else ""
        data = file.file.read() if isinstance(file, UploadFile) and name else b""
        upload = inspect_purchase_order(data, name)
        po_number = parse_po_number(text)
        store_upload(state.storage, upload)
        with state.sessions.begin() as session:
            order = get_order_by_number(session, number)
            actor = Actor.guest(order.email)
            receive_file(session, order, upload, po_number=po_number, actor=actor)
    except (InvalidInputError, OrderClosedError, PurchaseOrderFileLimitError) as error:
        problems = {problem.pointer.removeprefix("#/"): problem.detail for problem in error.errors}
        return text, problems or {"file": error.detail}
    ensure_stored(state.storage, upload)
    return text, {}


@router.get("/orders/{number}/purchase-order/{sha256}.pdf")
def download_purchase_order(request: Request, number: HeldOrder, sha256: Sha256Path) -> Response:
    """Return a PDF of the purchase order, to be saved."""
    with store_state(request).readers() as session:
        file = get_file(session, number, sha256)
    return download_file(request, file)
