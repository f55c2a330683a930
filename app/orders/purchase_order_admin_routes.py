"""Staff endpoints of purchase orders."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.errors import InvalidTransitionError, NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.billing.purchase_order_errors import (
    PurchaseOrderClosedError,
    PurchaseOrderFileLimitError,
)
from app.billing.purchase_order_files import get_file, inspect_purchase_order
from app.billing.purchase_orders import get_purchase_order
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.media.upload_form import FileUploadForm, open_file_form
from app.media.uploads import ensure_stored, store_upload
from app.orders import purchase_order_records as records
from app.orders import purchase_order_review as review
from app.orders.errors import OrderClosedError
from app.orders.models import Order
from app.orders.purchase_order_download import download_file
from app.orders.purchase_order_intake import parse_po_number, use_blanket
from app.orders.purchase_order_records import PurchaseOrderFilters
from app.orders.purchase_order_routes import FIELDS, FILE_FORM, Sha256Path
from app.orders.purchase_order_schemas import (
    CloseIn,
    CompareIn,
    OrderPurchaseOrderReviewOut,
    PurchaseOrderChangeIn,
    PurchaseOrderDetailOut,
    PurchaseOrderOut,
    PurchaseOrderReasonIn,
    PurchaseOrderUseIn,
)
from app.orders.purchase_order_statements import read_statement
from app.orders.queries import get_order_by_number, lock_order
from app.orders.routes import NumberPath

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(prefix="/admin", tags=["staff: orders"], responses=responses(*DENIED))
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Seller = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_WRITE))]
IdPath = Annotated[int, Path(ge=1, le=2**31 - 1, description="The purchase order's id")]
OF_ORDER = "/orders/{number}/purchase-order"


@dataclass(frozen=True)
class ReviewStep:
    """One step in the review of an order's purchase order, made once per idempotency key."""

    session: SessionDep
    idempotency: IdempotencyDep

    def run(
        self, number: str, apply: Callable[[Session, Order], object]
    ) -> OrderPurchaseOrderReviewOut:
        """Make the step unless its key was used before; return the review after it."""

        def work() -> OrderPurchaseOrderReviewOut:
            order = get_order_by_number(self.session, number)
            apply(self.session, order)
            return records.review_out(self.session, order)

        return self.idempotency.run_once(self.session, OrderPurchaseOrderReviewOut, work)


StepDep = Annotated[ReviewStep, Depends()]
STEP_ERRORS = (
    NotFoundError,
    InvalidInputError,
    OrderClosedError,
    PurchaseOrderClosedError,
    IdempotencyKeyReusedError,
)


async def read_file_form(request: Request, _seller: Seller) -> AsyncIterator[FileUploadForm]:
    """Read the form, once its sender may send one."""
    async with open_file_form(request, FIELDS) as form:
        yield form


@router.get(
    OF_ORDER, summary="Get the purchase order of an order", responses=responses(NotFoundError)
)
def get_order_purchase_order(
    session: ReadSessionDep, _reader: Reader, number: NumberPath
) -> OrderPurchaseOrderReviewOut:
    """Return the purchase order of an order, its PDFs, and its reviews."""
    return records.review_out(session, get_order_by_number(session, number))


@router.post(
    f"{OF_ORDER}/files",
    summary="Upload the purchase order of an order",
    status_code=HTTPStatus.CREATED,
    responses=responses(
        NotFoundError, OrderClosedError, PurchaseOrderFileLimitError, IdempotencyKeyReusedError
    ),
    openapi_extra=FILE_FORM,
)
def upload_order_purchase_order(
    request: Request,
    *,
    number: NumberPath,
    seller: Seller,
    sent: Annotated[FileUploadForm, Depends(read_file_form)],
    idempotency_key: IdempotencyKeyDep,
) -> OrderPurchaseOrderReviewOut:
    """Add a PDF that reached us by email or post. The same PDF twice has no effect."""
    state = app_state(request)
    upload = inspect_purchase_order(sent.read(), sent.file.filename or "")
    store_upload(state.storage, upload)
    po_number = parse_po_number(sent.values.get("po_number", ""))
    key = idempotency_key.about(number, po_number or "", upload.sha256)
    with state.sessions.begin() as session:

        def work() -> OrderPurchaseOrderReviewOut:
            order = get_order_by_number(session, number)
            review.receive_file(session, order, upload, po_number=po_number, actor=seller)
            return records.review_out(session, order)

        answer = key.run_once(session, OrderPurchaseOrderReviewOut, work)
    ensure_stored(state.storage, upload)
    return answer


@router.get(
    f"{OF_ORDER}/files/{{sha256}}",
    summary="Download the purchase order of an order",
    response_class=StreamingResponse,
    responses=responses(NotFoundError),
)
def download_order_purchase_order(
    request: Request, _reader: Reader, number: NumberPath, sha256: Sha256Path
) -> StreamingResponse:
    """Return a PDF of the purchase order, to be saved."""
    with app_state(request).readers() as session:
        file = get_file(session, get_order_by_number(session, number).number, sha256)
    return download_file(request, file)


@router.post(
    f"{OF_ORDER}/compare",
    summary="Compare a purchase order with its order",
    responses=responses(*STEP_ERRORS),
)
def compare_purchase_order(
    step: StepDep, number: NumberPath, seller: Seller, body: CompareIn
) -> OrderPurchaseOrderReviewOut:
    """Record what the purchase order says. The answer lists where it differs from the order."""

    def apply(session: Session, order: Order) -> None:
        stated = read_statement(review.ordered_facts(order), body)
        review.compare_purchase_order(session, order, stated, actor=seller)

    return step.run(number, apply)


@router.post(
    f"{OF_ORDER}/counter",
    summary="Ask for a corrected purchase order",
    responses=responses(*STEP_ERRORS, InvalidTransitionError),
)
def counter_purchase_order(
    step: StepDep, number: NumberPath, seller: Seller, body: PurchaseOrderReasonIn
) -> OrderPurchaseOrderReviewOut:
    """Email the buyer the reason, the differences, and a link to upload a corrected one.

    To accept the purchase order instead, accept the order on terms.
    """

    def apply(session: Session, order: Order) -> None:
        review.counter_purchase_order(session, order, actor=seller, reason=body.reason)

    return step.run(number, apply)


@router.post(
    f"{OF_ORDER}/reject",
    summary="Reject a purchase order",
    responses=responses(*STEP_ERRORS, InvalidTransitionError),
)
def reject_purchase_order(
    step: StepDep, number: NumberPath, seller: Seller, body: PurchaseOrderReasonIn
) -> OrderPurchaseOrderReviewOut:
    """Email the buyer the reason. The order stays open: they can pay, or send another one."""

    def apply(session: Session, order: Order) -> None:
        review.reject_purchase_order(session, order, actor=seller, reason=body.reason)

    return step.run(number, apply)


@router.post(
    f"{OF_ORDER}/use",
    summary="Use a blanket purchase order",
    responses=responses(*STEP_ERRORS, InvalidTransitionError),
)
def use_blanket_purchase_order(
    step: StepDep, number: NumberPath, seller: Seller, body: PurchaseOrderUseIn
) -> OrderPurchaseOrderReviewOut:
    """Point the order at an open blanket purchase order with the same number. Safe to repeat."""

    def apply(session: Session, order: Order) -> None:
        use_blanket(
            session,
            lock_order(session, order.number),
            get_purchase_order(session, body.id),
            actor=seller,
        )

    return step.run(number, apply)


@router.get("/purchase-orders", summary="List purchase orders")
def list_purchase_orders(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    filters: Annotated[PurchaseOrderFilters, Query()],
) -> Page[PurchaseOrderOut]:
    """List purchase orders, newest first."""
    rows = records.find_purchase_orders(session, filters, page)
    shown, cursor = page.cut(rows, records.purchase_order_keys)
    return Page(items=[records.record_out(row) for row in shown], next=cursor)


@router.get(
    "/purchase-orders/{ident}",
    summary="Get a purchase order",
    responses=responses(NotFoundError),
)
def get_purchase_order_as_staff(
    session: ReadSessionDep, _reader: Reader, ident: IdPath
) -> PurchaseOrderDetailOut:
    """Return a purchase order, its balance, and the orders that use it."""
    return records.detail_out(get_purchase_order(session, ident))


@router.put(
    "/purchase-orders/{ident}",
    summary="Change a purchase order",
    responses=responses(NotFoundError, InvalidInputError, PurchaseOrderClosedError),
)
def put_purchase_order(
    session: SessionDep, seller: Seller, ident: IdPath, body: PurchaseOrderChangeIn
) -> PurchaseOrderDetailOut:
    """Correct what a purchase order says. The limit can't be below what orders use."""
    purchase_order = get_purchase_order(session, ident)
    records.change(session, purchase_order, body, actor=seller)
    return records.detail_out(purchase_order)


@router.post(
    "/purchase-orders/{ident}/close",
    summary="Close a purchase order",
    responses=responses(NotFoundError, InvalidTransitionError, IdempotencyKeyReusedError),
)
def close_purchase_order(
    session: SessionDep,
    idempotency: IdempotencyDep,
    seller: Seller,
    ident: IdPath,
    body: CloseIn,
) -> PurchaseOrderDetailOut:
    """Close a purchase order: no further order can use it. Safe to repeat."""

    def work() -> PurchaseOrderDetailOut:
        purchase_order = get_purchase_order(session, ident)
        records.close(session, purchase_order, actor=seller, reason=body.reason)
        return records.detail_out(purchase_order)

    return idempotency.run_once(session, PurchaseOrderDetailOut, work)
