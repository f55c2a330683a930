"""HTTP endpoints of the purchase order of an order, for buyers."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import StreamingResponse

from app.accounts.actors import Actor
from app.accounts.keys import recognize
from app.billing.purchase_order_errors import PurchaseOrderFileLimitError
from app.billing.purchase_order_files import get_file, inspect_purchase_order
from app.core.app_state import app_state
from app.core.errors import NotFoundError, responses
from app.core.idempotency import IdempotencyKeyDep, IdempotencyKeyReusedError
from app.media.upload_form import FileUploadForm, form_with_file, open_file_form
from app.media.uploads import ensure_stored, store_upload
from app.orders.errors import OrderClosedError
from app.orders.purchase_order_download import download_file
from app.orders.purchase_order_intake import parse_po_number
from app.orders.purchase_order_review import receive_file
from app.orders.purchase_order_schemas import OrderPurchaseOrderOut
from app.orders.purchase_order_view import get_purchase_order_out
from app.orders.queries import get_order_by_number
from app.orders.routes import HeldOrder

router = APIRouter(prefix="/orders/{number}/purchase-order/files", tags=["orders"])
FIELDS = ("po_number",)
FILE_FORM = form_with_file(
    "The purchase order as a PDF of up to 10 MB",
    fields={
        "po_number": {
            "description": "Its number, if the order has none or it is another one",
            "maxLength": 60,
        }
    },
    required=[],
)
Sha256Path = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The PDF's SHA-256 hash")]


async def read_file_form(request: Request, _number: HeldOrder) -> AsyncIterator[FileUploadForm]:
    """Read the form, once its sender has proved to hold the order."""
    async with open_file_form(request, FIELDS) as form:
        yield form


@router.post(
    "",
    summary="Upload a purchase order",
    status_code=HTTPStatus.CREATED,
    responses=responses(
        NotFoundError, OrderClosedError, PurchaseOrderFileLimitError, IdempotencyKeyReusedError
    ),
    openapi_extra=FILE_FORM,
    dependencies=[Depends(recognize)],
)
def upload_purchase_order(
    request: Request,
    *,
    number: HeldOrder,
    sent: Annotated[FileUploadForm, Depends(read_file_form)],
    idempotency_key: IdempotencyKeyDep,
    response: Response,
) -> OrderPurchaseOrderOut:
    """Add a PDF of the purchase order. After a correction was asked for, the review opens again.

    The same PDF twice has no effect. Text on a purchase order changes no rights.
    """
    state = app_state(request)
    upload = inspect_purchase_order(sent.read(), sent.file.filename or "")
    store_upload(state.storage, upload)
    po_number = parse_po_number(sent.values.get("po_number", ""))
    key = idempotency_key.about(number, po_number or "", upload.sha256)
    with state.sessions.begin() as session:

        def work() -> OrderPurchaseOrderOut:
            order = get_order_by_number(session, number)
            actor = Actor.guest(order.email)
            receive_file(session, order, upload, po_number=po_number, actor=actor)
            return get_purchase_order_out(session, order)

        answer = key.run_once(session, OrderPurchaseOrderOut, work)
    ensure_stored(state.storage, upload)
    response.headers["Location"] = f"/api/v1/orders/{number}"
    return answer


@router.get(
    "/{sha256}",
    summary="Download a purchase order",
    response_class=StreamingResponse,
    responses=responses(NotFoundError),
)
def download_purchase_order(
    request: Request, number: HeldOrder, sha256: Sha256Path
) -> StreamingResponse:
    """Return a PDF of the purchase order, to be saved."""
    with app_state(request).readers() as session:
        file = get_file(session, number, sha256)
    return download_file(request, file)
