"""Staff endpoints of orders. Refunds move money, so they are with the payments."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.accounts.actors import Actor
from app.accounts.errors import InvalidTransitionError, NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.money import Money
from app.core.pagination import Page, PageDep
from app.orders import (
    acceptance,
    cancellation,
    disputes,
    fulfillment,
    history,
    payment_recording,
    queries,
)
from app.orders.errors import (
    NothingToShipError,
    OrderClosedError,
    OrderOnHoldError,
    PaymentNotVoidableError,
    PaymentReferenceTakenError,
    RefundFirstError,
)
from app.orders.models import Order
from app.orders.queries import OrderFilters, get_order_by_number
from app.orders.schemas import (
    AcceptIn,
    CancelIn,
    NoteIn,
    OrderSummaryOut,
    PaymentIn,
    ReinstateIn,
    ShipIn,
    StaffOrderOut,
    VoidIn,
)
from app.orders.serializers import staff_out, summary_out
from app.orders.states import PaymentMethod

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(prefix="/admin/orders", tags=["staff: orders"], responses=responses(*DENIED))
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Seller = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_WRITE))]
Shipper = Annotated[Actor, Depends(require_scopes(Scope.FULFILLMENT_WRITE))]
Finance = Annotated[Actor, Depends(require_scopes(Scope.REFUNDS_WRITE))]
NumberPath = Annotated[
    str, Path(max_length=40, description="The order's number", examples=["RR-7K3QF9TD"])
]


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


@router.get("/{number}", summary="Get an order", responses=responses(NotFoundError))
def get_order_as_staff(
    session: ReadSessionDep, _reader: Reader, number: NumberPath
) -> StaffOrderOut:
    """Return the order with all its details."""
    return staff_out(session, get_order_by_number(session, number))


@router.post(
    "/{number}/accept",
    summary="Accept an order on terms",
    response_model=StaffOrderOut,
    responses=responses(
        NotFoundError, InvalidInputError, OrderClosedError, IdempotencyKeyReusedError
    ),
)
def accept_order(
    session: SessionDep,
    seller: Seller,
    idempotency: IdempotencyDep,
    number: NumberPath,
    wanted: AcceptIn,
) -> object:
    """Grant licenses and start delivery before payment, on a purchase order. Safe to repeat."""

    def work() -> StaffOrderOut:
        order = acceptance.accept(
            session,
            get_order_by_number(session, number),
            actor=seller,
            po_number=wanted.po_number,
            terms_days=wanted.terms_days,
            reason=wanted.reason,
        )
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


@router.post(
    "/{number}/cancel",
    summary="Cancel an order",
    response_model=StaffOrderOut,
    responses=responses(
        NotFoundError,
        RefundFirstError,
        OrderClosedError,
        InvalidTransitionError,
        IdempotencyKeyReusedError,
    ),
)
def cancel_order(
    session: SessionDep,
    seller: Seller,
    idempotency: IdempotencyDep,
    number: NumberPath,
    wanted: CancelIn,
) -> object:
    """Cancel an order without payments, and revoke its licenses. Safe to repeat."""

    def work() -> StaffOrderOut:
        order = cancellation.cancel(
            session, get_order_by_number(session, number), actor=seller, reason=wanted.reason
        )
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


@router.post(
    "/{number}/reinstate",
    summary="Reinstate licenses",
    response_model=StaffOrderOut,
    responses=responses(NotFoundError, OrderClosedError, IdempotencyKeyReusedError),
)
def reinstate_licenses(
    session: SessionDep,
    finance: Finance,
    idempotency: IdempotencyDep,
    number: NumberPath,
    wanted: ReinstateIn,
) -> object:
    """Reinstate licenses that a lost dispute suspended. Needs `refunds:write`.

    Twice does it once.
    """

    def work() -> StaffOrderOut:
        order = disputes.reinstate_suspended(
            session, get_order_by_number(session, number), actor=finance, reason=wanted.reason
        )
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


@router.post(
    "/{number}/ship",
    summary="Ship an order",
    response_model=StaffOrderOut,
    responses=responses(
        NotFoundError,
        InvalidInputError,
        NothingToShipError,
        OrderOnHoldError,
        IdempotencyKeyReusedError,
    ),
)
def ship_order(
    session: SessionDep,
    shipper: Shipper,
    idempotency: IdempotencyDep,
    number: NumberPath,
    wanted: ShipIn,
) -> object:
    """Mark the next shipment as shipped. The buyer gets an email with the tracking link."""

    def work() -> StaffOrderOut:
        order = get_order_by_number(session, number)
        fulfillment.ship(
            session,
            order,
            carrier=wanted.carrier,
            tracking=wanted.tracking,
            actor=shipper,
            shipment_id=wanted.shipment,
            quantities=_quantities(wanted),
            despite_hold=wanted.despite_hold,
        )
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


@router.post(
    "/{number}/payments",
    summary="Record a check or bank transfer",
    response_model=StaffOrderOut,
    responses=responses(
        NotFoundError, InvalidInputError, PaymentReferenceTakenError, IdempotencyKeyReusedError
    ),
)
def record_payment_offline(
    session: SessionDep,
    finance: Finance,
    idempotency: IdempotencyDep,
    number: NumberPath,
    wanted: PaymentIn,
) -> object:
    """Record a payment by check or bank transfer. Needs `refunds:write`.

    The order's licenses are granted when it is paid in full. Repeating a number has no effect.
    """

    def work() -> StaffOrderOut:
        order = payment_recording.record_offline(
            session,
            get_order_by_number(session, number),
            paid=Money(wanted.amount.amount, wanted.amount.currency),
            method=PaymentMethod(wanted.method),
            reference=wanted.number,
            actor=finance,
            received_at=payment_recording.parse_received_day(wanted.received_on),
        )
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


@router.post(
    "/{number}/payments/{payment}/void",
    summary="Void a payment",
    response_model=StaffOrderOut,
    responses=responses(NotFoundError, PaymentNotVoidableError, IdempotencyKeyReusedError),
)
def void_payment(
    *,
    session: SessionDep,
    finance: Finance,
    idempotency: IdempotencyDep,
    number: NumberPath,
    payment: Annotated[int, Path(ge=1, le=2**31 - 1)],
    wanted: VoidIn,
) -> object:
    """Void a check or transfer that was recorded by mistake. Needs `refunds:write`.

    If the order is not paid without it, its licenses are suspended, unless it is on terms.
    """

    def work() -> StaffOrderOut:
        order = payment_recording.void_payment(
            session,
            get_order_by_number(session, number),
            payment_id=payment,
            actor=finance,
            reason=wanted.reason,
        )
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


@router.post(
    "/{number}/note",
    summary="Add a note",
    response_model=StaffOrderOut,
    responses=responses(NotFoundError, IdempotencyKeyReusedError),
)
def note_order(
    session: SessionDep,
    seller: Seller,
    idempotency: IdempotencyDep,
    number: NumberPath,
    wanted: NoteIn,
) -> object:
    """Add a note for staff. The buyer can't see it."""

    def work() -> StaffOrderOut:
        order: Order = get_order_by_number(session, number)
        history.add_note(session, order, body=wanted.body, actor=seller)
        return staff_out(session, order)

    return idempotency.run_once(session, StaffOrderOut, work)


def _quantities(wanted: ShipIn) -> dict[int, int] | None:
    if wanted.lines is None:
        return None
    quantities: dict[int, int] = {}
    for index, line in enumerate(wanted.lines):
        if line.line in quantities:
            pointer = f"#/lines/{index}/line"
            raise InvalidInputError.of(FieldProblem(pointer, "Enter each line once."))
        quantities[line.line] = line.quantity
    return quantities
