"""Staff endpoints of orders. Refunds move money, so they are with the payments."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Response
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.errors import InvalidTransitionError, NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.billing.errors import TaxUnresolvedError
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.core.preconditions import etag_of
from app.core.request_middleware import SettingsDep
from app.institutions.queries import choose_institution
from app.orders import (
    acceptance,
    attachment,
    cancellation,
    confirmation,
    credit_checks,
    disputes,
    fulfillment,
    history,
    queries,
)
from app.orders.errors import (
    CreditHoldError,
    NothingToShipError,
    OrderClosedError,
    OrderOnHoldError,
    RefundFirstError,
)
from app.orders.models import Order
from app.orders.queries import OrderFilters, get_order_by_number
from app.orders.routes import NumberPath
from app.orders.schemas import (
    AcceptIn,
    AttachIn,
    CancelIn,
    ConfirmIn,
    CreditReleaseIn,
    NoteIn,
    OrderSummaryOut,
    ReinstateIn,
    ShipIn,
    StaffOrderOut,
)
from app.orders.serializers import staff_out, summary_out
from app.orders.staff_drafts import StaffOrderDraft
from app.orders.staff_orders import place_staff_order

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(prefix="/admin/orders", tags=["staff: orders"], responses=responses(*DENIED))
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Seller = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_WRITE))]
Shipper = Annotated[Actor, Depends(require_scopes(Scope.FULFILLMENT_WRITE))]
CustomerEditor = Annotated[Actor, Depends(require_scopes(Scope.CUSTOMERS_WRITE))]
Biller = Annotated[Actor, Depends(require_scopes(Scope.BILLING_WRITE))]
Finance = Annotated[Actor, Depends(require_scopes(Scope.REFUNDS_WRITE))]


@dataclass(frozen=True)
class OrderChange:
    """A staff member's change of one order, made once per idempotency key."""

    session: SessionDep
    idempotency: IdempotencyDep

    def run(self, number: str, apply: Callable[[Session, Order], object]) -> StaffOrderOut:
        """Apply the change unless its key was used before; return the order after it."""

        def work() -> StaffOrderOut:
            order = get_order_by_number(self.session, number)
            apply(self.session, order)
            return staff_out(self.session, order)

        return self.idempotency.run_once(self.session, StaffOrderOut, work)


ChangeDep = Annotated[OrderChange, Depends()]


@router.get("", summary="List orders")
def list_orders(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    filters: Annotated[OrderFilters, Query()],
) -> Page[OrderSummaryOut]:
    """List orders, newest first."""
    rows = queries.find_orders(session, filters, page)
    shown, cursor = page.cut(rows, queries.order_keys)
    return Page(items=[summary_out(order) for order in shown], next=cursor)


@router.post(
    "",
    summary="Enter an order for a buyer",
    status_code=HTTPStatus.CREATED,
    response_model=StaffOrderOut,
    responses=responses(
        InvalidInputError, CreditHoldError, TaxUnresolvedError, IdempotencyKeyReusedError
    ),
)
def post_staff_order(
    session: SessionDep,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    seller: Seller,
    draft: Annotated[StaffOrderDraft, Body()],
) -> object:
    """Enter an order that came by email, phone, or mail, with the checks of any other order.

    A price that differs from the list price needs a reason. Rights windows, customer classes, and
    addresses are checked as for a buyer. With `payment: terms` the order is accepted at once.
    """

    def work() -> StaffOrderOut:
        order = place_staff_order(session, draft, settings=settings, actor=seller)
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


@router.get("/{number}", summary="Get an order", responses=responses(NotFoundError))
def get_order_as_staff(
    session: ReadSessionDep, _reader: Reader, number: NumberPath, response: Response
) -> StaffOrderOut:
    """Return the order with all its details."""
    answer = staff_out(session, get_order_by_number(session, number))
    response.headers["ETag"] = etag_of(answer)
    return answer


@router.post(
    "/{number}/accept",
    summary="Accept an order on terms",
    responses=responses(
        NotFoundError,
        InvalidInputError,
        OrderClosedError,
        CreditHoldError,
        TaxUnresolvedError,
        IdempotencyKeyReusedError,
    ),
)
def accept_order(
    change: ChangeDep, number: NumberPath, seller: Seller, body: AcceptIn
) -> StaffOrderOut:
    """Grant licenses and start delivery before payment, on a purchase order. Safe to repeat."""

    def apply(session: Session, order: Order) -> None:
        acceptance.accept(
            session,
            order,
            actor=seller,
            po_number=body.po_number,
            terms_days=body.terms_days,
            reason=body.reason,
        )

    return change.run(number, apply)


@router.post(
    "/{number}/release-credit-hold",
    summary="Release a credit hold",
    responses=responses(NotFoundError, OrderClosedError, IdempotencyKeyReusedError),
)
def release_credit_hold(
    change: ChangeDep, number: NumberPath, biller: Biller, body: CreditReleaseIn
) -> StaffOrderOut:
    """Let this order be accepted on terms, whatever is owed. Needs `billing:write`.

    Safe to repeat.
    """

    def apply(session: Session, order: Order) -> None:
        credit_checks.release_credit_hold(session, order, actor=biller, reason=body.reason)

    return change.run(number, apply)


@router.post(
    "/{number}/cancel",
    summary="Cancel an order",
    responses=responses(
        NotFoundError,
        RefundFirstError,
        OrderClosedError,
        InvalidTransitionError,
        IdempotencyKeyReusedError,
    ),
)
def cancel_order(
    change: ChangeDep, number: NumberPath, seller: Seller, body: CancelIn
) -> StaffOrderOut:
    """Cancel an order without payments, and revoke its licenses. Safe to repeat."""

    def apply(session: Session, order: Order) -> None:
        cancellation.cancel(session, order, actor=seller, reason=body.reason)

    return change.run(number, apply)


@router.post(
    "/{number}/reinstate",
    summary="Reinstate licenses",
    responses=responses(NotFoundError, OrderClosedError, IdempotencyKeyReusedError),
)
def reinstate_licenses(
    change: ChangeDep, number: NumberPath, finance: Finance, body: ReinstateIn
) -> StaffOrderOut:
    """Reinstate licenses that a lost dispute suspended. Needs `refunds:write`.

    Safe to repeat.
    """

    def apply(session: Session, order: Order) -> None:
        disputes.reinstate_suspended(session, order, actor=finance, reason=body.reason)

    return change.run(number, apply)


@router.post(
    "/{number}/ship",
    summary="Ship an order",
    responses=responses(
        NotFoundError,
        InvalidInputError,
        NothingToShipError,
        OrderOnHoldError,
        IdempotencyKeyReusedError,
    ),
)
def ship_order(
    change: ChangeDep, number: NumberPath, shipper: Shipper, body: ShipIn
) -> StaffOrderOut:
    """Mark the next shipment as shipped. The buyer gets an email with the tracking link."""

    def apply(session: Session, order: Order) -> None:
        fulfillment.ship(
            session,
            order,
            carrier=body.carrier,
            tracking=body.tracking,
            actor=shipper,
            shipment_id=body.shipment,
            quantities=_quantities(body),
            despite_hold=body.despite_hold,
        )

    return change.run(number, apply)


@router.post(
    "/{number}/note",
    summary="Add a note",
    responses=responses(NotFoundError, IdempotencyKeyReusedError),
)
def note_order(
    change: ChangeDep, number: NumberPath, seller: Seller, body: NoteIn
) -> StaffOrderOut:
    """Add a note for staff. The buyer can't see it."""

    def apply(session: Session, order: Order) -> None:
        history.add_note(session, order, body=body.body, actor=seller)

    return change.run(number, apply)


@router.post(
    "/{number}/attach",
    summary="Attach an order to an institution",
    responses=responses(NotFoundError, InvalidInputError, IdempotencyKeyReusedError),
)
def attach_order(
    change: ChangeDep, number: NumberPath, editor: CustomerEditor, body: AttachIn
) -> StaffOrderOut:
    """Say which institution an order belongs to. Needs `customers:write`."""

    def apply(session: Session, order: Order) -> None:
        customer = None
        if body.institution is not None:
            customer = choose_institution(session, body.institution, pointer="#/institution")
        order = queries.lock_order(session, order.number)
        attachment.attach_order(session, order, customer, actor=editor, reason=body.reason)

    return change.run(number, apply)


@router.post(
    "/{number}/confirm",
    summary="Confirm that an order is its institution's",
    responses=responses(NotFoundError, InvalidInputError, IdempotencyKeyReusedError),
)
def confirm_order(
    change: ChangeDep, settings: SettingsDep, number: NumberPath, seller: Seller, body: ConfirmIn
) -> StaffOrderOut:
    """Say that the institution placed an order which only a typed address attaches to it.

    Its tax is assessed again unless it is paid, accepted, or closed. Safe to repeat.
    """

    def apply(session: Session, order: Order) -> None:
        confirmation.confirm_order(
            session, order, settings=settings, actor=seller, reason=body.reason
        )

    return change.run(number, apply)


def _quantities(body: ShipIn) -> dict[int, int] | None:
    if body.lines is None:
        return None
    quantities: dict[int, int] = {}
    for index, line in enumerate(body.lines):
        if line.line in quantities:
            pointer = f"#/lines/{index}/line"
            raise InvalidInputError.of(FieldProblem(pointer, "Enter each line once."))
        quantities[line.line] = line.quantity
    return quantities
