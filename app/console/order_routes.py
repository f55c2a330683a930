"""Orders: the list, the page of one, and everything that is done to it except refunds."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.accounts.permissions import Scope
from app.console.access import Staff, require_any_scope, require_scopes
from app.console.fields import (
    EmptyIsNone,
    Line,
    Number,
    PageNumber,
    Search,
    Text,
    date_of,
    money_of,
    need,
)
from app.console.order_list import order_rows
from app.console.order_page import order_view
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.request_middleware import SettingsDep
from app.exports.formats import RecordFormat
from app.exports.routes import ProfileName, order_response
from app.orders.acceptance import accept
from app.orders.cancellation import cancel
from app.orders.carriers import CARRIERS
from app.orders.disputes import reinstate_suspended
from app.orders.fulfillment import mark_packed, ship
from app.orders.history import add_note
from app.orders.issues import resolve_issue
from app.orders.models import Order
from app.orders.payment_recording import (
    OFFLINE_METHODS,
    parse_received_day,
    record_offline,
    void_payment,
)
from app.orders.queries import OrderFilters, get_order_by_number
from app.orders.states import FulfillmentState, OrderState, PaymentMethod, PaymentState

router = APIRouter(prefix="/orders")

Reader = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_READ))]
Sales = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_WRITE))]
Fulfillment = Annotated[Staff, Depends(require_scopes(Scope.FULFILLMENT_WRITE))]
Finance = Annotated[Staff, Depends(require_scopes(Scope.REFUNDS_WRITE))]
Anyone = Annotated[
    Staff,
    Depends(require_any_scope(Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE, Scope.FULFILLMENT_WRITE)),
]
Settler = Annotated[Staff, Depends(require_any_scope(Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE))]
MAX_TERMS_LENGTH = 180
GIVE_NUMBER = "Enter the check or transfer number."


@router.get("", summary="Orders")
def order_list(
    request: Request,
    *,
    staff: Reader,
    session: ReadSessionDep,
    q: Search = "",
    state: Annotated[OrderState | None, EmptyIsNone, Query()] = None,
    payment: Annotated[PaymentState | None, EmptyIsNone, Query()] = None,
    fulfillment: Annotated[FulfillmentState | None, EmptyIsNone, Query()] = None,
    attention: Annotated[bool | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "-placed",
    number: PageNumber = 1,
) -> Response:
    """Show one page of the orders that match."""
    filters = OrderFilters(
        state=state,
        payment_state=payment,
        fulfillment_state=fulfillment,
        attention=attention,
        q=q or None,
    )
    return page(
        request,
        staff,
        "orders.html",
        rows=order_rows(session, filters, sort=sort, page=number),
        filters=filters,
        classes=CLASSES,
        sort=sort,
    )


@router.get("/{number}", summary="One order")
def order_page(
    request: Request, staff: Reader, session: ReadSessionDep, number: Number
) -> Response:
    """Show the order, and what its state lets this person do."""
    return draw_order(request, staff, session, number)


@router.get("/{number}/records.{form}", summary="MARC records for an order")
def order_records(
    session: ReadSessionDep,
    settings: SettingsDep,
    _staff: Reader,
    number: Number,
    form: RecordFormat,
    profile: ProfileName = None,
) -> Response:
    """Give staff the file that the buyer can have."""
    order = get_order_by_number(session, number)
    return order_response(session, order, form, settings=settings, profile=profile)


@router.post("/{number}/accept", summary="Accept on terms")
def accept_order(
    request: Request,
    *,
    staff: Sales,
    number: Number,
    po_number: Line = "",
    terms_days: Annotated[int | None, Form(ge=0, le=MAX_TERMS_LENGTH)] = None,
    reason: Line = "",
    once: Line = "",
) -> Response:
    """License and ship now, against a purchase order; payment is due later."""
    typed = {"po_number": po_number, "terms_days": terms_days, "accept_reason": reason}

    def work(session: Session, order: Order) -> None:
        accept(
            session,
            order,
            actor=staff.actor,
            po_number=po_number or None,
            terms_days=terms_days,
            reason=reason,
        )

    return act(request, staff, number, once, work, done="accepted", typed=typed)


@router.post("/{number}/cancel", summary="Cancel an order")
def cancel_order(
    request: Request, staff: Sales, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Cancel; the buyer reads the reason."""

    def work(session: Session, order: Order) -> None:
        why = need("cancel_reason", reason, otherwise="Enter a reason. The buyer can read it.")
        cancel(session, order, actor=staff.actor, reason=why)

    typed = {"cancel_reason": reason}
    return act(request, staff, number, once, work, done="canceled", typed=typed)


@router.post("/{number}/reinstate", summary="Reinstate licenses after a lost dispute")
def reinstate_licenses(
    request: Request, staff: Finance, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """End the hold that a lost dispute put on the order's licenses."""

    def work(session: Session, order: Order) -> None:
        why = need("reinstate_reason", reason, otherwise="Enter a reason.")
        reinstate_suspended(session, order, actor=staff.actor, reason=why)

    typed = {"reinstate_reason": reason}
    return act(request, staff, number, once, work, done="forgiven", typed=typed)


@router.post("/{number}/pack", summary="Mark a parcel as packed")
def pack_order(
    request: Request,
    *,
    staff: Fulfillment,
    number: Number,
    shipment: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
    despite_hold: Annotated[bool, Form()] = False,
    once: Line = "",
) -> Response:
    """Note that the parcel is ready for its carrier."""

    def work(session: Session, order: Order) -> None:
        mark_packed(
            session,
            order,
            actor=staff.actor,
            shipment_id=shipment,
            despite_hold=despite_hold,
        )

    return act(request, staff, number, once, work, done="packed")


@router.post("/{number}/ship", summary="Ship a parcel or deliver files")
def ship_order(
    request: Request,
    *,
    staff: Fulfillment,
    number: Number,
    shipment: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
    carrier: Line = "",
    other_carrier: Line = "",
    tracking: Line = "",
    despite_hold: Annotated[bool, Form()] = False,
    once: Line = "",
) -> Response:
    """Note who carries it and under which number; the buyer gets an email."""
    typed = {"carrier": carrier, "other_carrier": other_carrier, "tracking": tracking}

    def work(session: Session, order: Order) -> None:
        chosen = other_carrier if carrier == "other" else carrier
        ship(
            session,
            order,
            carrier=chosen,
            tracking=tracking,
            actor=staff.actor,
            shipment_id=shipment,
            despite_hold=despite_hold,
        )

    return act(request, staff, number, once, work, done="shipped", typed=typed)


@router.post("/{number}/note", summary="Add a note for staff")
def note_order(
    request: Request, staff: Anyone, number: Number, body: Text = "", once: Line = ""
) -> Response:
    """Add a note. The buyer never sees it."""

    def work(session: Session, order: Order) -> None:
        add_note(
            session,
            order,
            body=need("body", body, otherwise="Enter a note."),
            actor=staff.actor,
        )

    return act(request, staff, number, once, work, done="noted", typed={"body": body})


@router.post("/{number}/concerns/{concern}/settle", summary="Mark an issue as resolved")
def settle_concern(
    request: Request,
    *,
    staff: Settler,
    number: Number,
    concern: Annotated[int, Path(ge=1, le=2**31 - 1)],
    once: Line = "",
) -> Response:
    """Take one reason off the queue, with one's name on it."""

    def work(session: Session, order: Order) -> None:
        resolve_issue(session, order, issue_id=concern, actor=staff.actor)

    return act(request, staff, number, once, work, done="cleared")


@router.post("/{number}/payment", summary="Record a check or a bank transfer")
def record_offline_payment(
    request: Request,
    *,
    staff: Finance,
    number: Number,
    amount: Line = "",
    method: Annotated[PaymentMethod, Form()] = PaymentMethod.CHECK,
    reference: Line = "",
    received_on: Line = "",
    once: Line = "",
) -> Response:
    """Note money that came outside the payment page. Its reference makes it one payment."""
    typed = {
        "amount": amount,
        "method": method,
        "reference": reference,
        "received_on": received_on,
    }

    def work(session: Session, order: Order) -> None:
        record_offline(
            session,
            order,
            paid=money_of("amount", amount, order.currency),
            method=method,
            reference=need("reference", reference, otherwise=GIVE_NUMBER),
            actor=staff.actor,
            received_at=parse_received_day(date_of("received_on", received_on)),
        )

    return act(request, staff, number, once, work, done="paid", typed=typed)


@router.post("/{number}/payments/{payment}/void", summary="Void a payment recorded by mistake")
def void_offline_payment(
    request: Request,
    *,
    staff: Finance,
    number: Number,
    payment: Annotated[int, Path(ge=1, le=2**31 - 1)],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Take back a check or transfer that never came."""

    def work(session: Session, order: Order) -> None:
        why = need("void_reason", reason, otherwise="Enter a reason.")
        void_payment(session, order, payment_id=payment, actor=staff.actor, reason=why)

    typed = {"void_reason": reason, "void_payment": payment}
    return act(request, staff, number, once, work, done="voided", typed=typed)


def act(
    request: Request,
    staff: Staff,
    number: str,
    once: str,
    work: Callable[[Session, Order], None],
    *,
    done: str,
    typed: Mapping[str, object] | None = None,
) -> Response:
    """Do ``work`` to the order, once for each copy of the form, and show what came of it.

    A refusal shows the order as it stands now, with the reason on top and what was typed kept.
    """
    try:
        new = run_once(
            request, once, lambda session: work(session, get_order_by_number(session, number))
        )
    except AppError as error:
        with app_state(request).readers() as session:
            return draw_order(request, staff, session, number, problem=error, typed=typed)
    return see_other(f"/console/orders/{number}", done=done if new else "twice")


def draw_order(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    """Draw the order's page; ``typed`` fills the form that was refused."""
    return page(
        request,
        staff,
        "order.html",
        problem=problem,
        view=order_view(session, number, staff),
        typed=typed,
        classes=CLASSES,
        carriers=CARRIERS,
        methods=OFFLINE_METHODS,
        today=clock.today(),
    )
