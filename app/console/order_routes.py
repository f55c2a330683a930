"""Orders: the list, the page of one, and every action except refunds."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.accounts.permissions import Scope
from app.console.access import (
    Biller,
    Finance,
    Fulfillment,
    OrderReader,
    Sales,
    Staff,
    require_any_scope,
)
from app.console.fields import (
    EmptyIsNone,
    Line,
    Number,
    PageNumber,
    Search,
    Text,
    parse_date,
    parse_money,
    require_text,
)
from app.console.forms.submission import submit
from app.console.lists import AnyRow, Columns, ListPage, find_rows_page, sort_rows
from app.console.order_page import build_order_view
from app.console.pages import draw_page
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
from app.orders.confirmation import confirm_order
from app.orders.credit_checks import release_credit_hold
from app.orders.disputes import reinstate_suspended
from app.orders.fulfillment import mark_packed, ship
from app.orders.history import add_note
from app.orders.issues import resolve_issue
from app.orders.models import Order, OrderIssue
from app.orders.queries import (
    OrderFilters,
    build_conditions,
    find_film_titles,
    get_order_by_number,
)
from app.orders.replacements import replace_disc
from app.orders.states import (
    OFFLINE_METHODS,
    FulfillmentState,
    OrderState,
    PaymentMethod,
    PaymentState,
)
from app.receivables.receipts import record_for_order, void_order_payment

SORTS: Columns = {
    "placed": Order.created_at,
    "number": Order.number,
    "institution": func.lower(Order.institution),
    "total": Order.total_amount,
}


def find_orders(
    session: Session, filters: OrderFilters, *, sort: str, page: int
) -> ListPage[AnyRow]:
    """Return one page of orders with the columns of the table."""
    concerns = (
        select(func.count(OrderIssue.id))
        .where(OrderIssue.order_id == Order.id, OrderIssue.cleared_at.is_(None))
        .correlate(Order)
        .scalar_subquery()
    )
    statement = select(
        Order.number,
        Order.created_at,
        Order.institution,
        Order.customer_class,
        Order.country,
        Order.contact_name,
        Order.po_number,
        Order.total_amount,
        Order.currency,
        Order.state,
        Order.payment_state,
        Order.fulfillment_state,
        concerns.label("concerns"),
    ).where(*build_conditions(filters))
    return find_rows_page(session, sort_rows(statement, SORTS, sort, unique=Order.id), page=page)


router = APIRouter(prefix="/orders")

OrderStaff = Annotated[
    Staff,
    Depends(require_any_scope(Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE, Scope.FULFILLMENT_WRITE)),
]
IssueResolver = Annotated[
    Staff, Depends(require_any_scope(Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE))
]
MAX_TERMS_LENGTH = 180
REFERENCE_REQUIRED = "Enter the check or transfer number."


@router.get("", summary="Orders")
def order_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    state: Annotated[OrderState | None, EmptyIsNone, Query()] = None,
    payment: Annotated[PaymentState | None, EmptyIsNone, Query()] = None,
    fulfillment: Annotated[FulfillmentState | None, EmptyIsNone, Query()] = None,
    attention: Annotated[bool | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "-placed",
    number: PageNumber = 1,
) -> Response:
    """Show one page of matching orders."""
    filters = OrderFilters(
        state=state,
        payment_state=payment,
        fulfillment_state=fulfillment,
        attention=attention,
        q=q or None,
    )
    rows = find_orders(session, filters, sort=sort, page=number)
    return draw_page(
        request,
        staff,
        "orders.html",
        rows=rows,
        titles=find_film_titles(session, (row.number for row in rows.items)),
        filters=filters,
        classes=CLASSES,
        sort=sort,
    )


@router.get("/{number}", summary="One order")
def order_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, number: Number
) -> Response:
    """Show an order and the possible actions."""
    return draw_order(request, staff, session, number)


@router.get("/{number}/records.{form}", summary="MARC records for an order")
def order_records(
    session: ReadSessionDep,
    settings: SettingsDep,
    _staff: OrderReader,
    number: Number,
    form: RecordFormat,
    profile: ProfileName = None,
) -> Response:
    """Return the MARC records of an order's films."""
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
    """Accept an order on terms: grant licenses and ship before it is paid."""
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

    return _change_order(request, staff, number, once, work, done="accepted", typed=typed)


@router.post("/{number}/confirm", summary="Confirm that an order is its institution's")
def confirm(
    request: Request,
    *,
    staff: Sales,
    settings: SettingsDep,
    number: Number,
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Say that the institution placed an order which only a typed address attaches to it."""

    def work(session: Session, order: Order) -> None:
        why = require_text("confirm_reason", reason, message="Enter how you know.")
        confirm_order(session, order, settings=settings, actor=staff.actor, reason=why)

    typed = {"confirm_reason": reason}
    return _change_order(request, staff, number, once, work, done="order-confirmed", typed=typed)


@router.post("/{number}/release-credit-hold", summary="Release a credit hold")
def release_hold(
    request: Request, staff: Biller, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Let an order be accepted on terms despite what is owed."""

    def work(session: Session, order: Order) -> None:
        why = require_text("release_reason", reason, message="Enter a reason.")
        release_credit_hold(session, order, actor=staff.actor, reason=why)

    typed = {"release_reason": reason}
    return _change_order(request, staff, number, once, work, done="credit-released", typed=typed)


@router.post("/{number}/cancel", summary="Cancel an order")
def cancel_order(
    request: Request, staff: Sales, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Cancel an order. The buyer reads the reason."""

    def work(session: Session, order: Order) -> None:
        reason_text = require_text(
            "cancel_reason", reason, message="Enter a reason. The buyer can read it."
        )
        cancel(session, order, actor=staff.actor, reason=reason_text)

    typed = {"cancel_reason": reason}
    return _change_order(request, staff, number, once, work, done="canceled", typed=typed)


@router.post("/{number}/reinstate", summary="Reinstate licenses after a lost dispute")
def reinstate_licenses(
    request: Request, staff: Finance, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Reinstate licenses that a lost dispute suspended_licenses."""

    def work(session: Session, order: Order) -> None:
        reason_text = require_text("reinstate_reason", reason, message="Enter a reason.")
        reinstate_suspended(session, order, actor=staff.actor, reason=reason_text)

    typed = {"reinstate_reason": reason}
    return _change_order(request, staff, number, once, work, done="forgiven", typed=typed)


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
    """Mark a parcel as packed."""

    def work(session: Session, order: Order) -> None:
        mark_packed(
            session, order, actor=staff.actor, shipment_id=shipment, despite_hold=despite_hold
        )

    return _change_order(request, staff, number, once, work, done="packed")


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
    """Record carrier and tracking number, and email the buyer."""
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

    return _change_order(request, staff, number, once, work, done="shipped", typed=typed)


@router.post("/{number}/note", summary="Add a note for staff")
def add_order_note(
    request: Request, staff: OrderStaff, number: Number, body: Text = "", once: Line = ""
) -> Response:
    """Add a note that only staff see."""

    def work(session: Session, order: Order) -> None:
        add_note(
            session,
            order,
            body=require_text("body", body, message="Enter a note."),
            actor=staff.actor,
        )

    return _change_order(request, staff, number, once, work, done="noted", typed={"body": body})


@router.post("/{number}/concerns/{concern}/settle", summary="Mark an issue as resolved")
def resolve_order_issue(
    request: Request,
    *,
    staff: IssueResolver,
    number: Number,
    concern: Annotated[int, Path(ge=1, le=2**31 - 1)],
    once: Line = "",
) -> Response:
    """Resolve an issue of an order."""

    def work(session: Session, order: Order) -> None:
        resolve_issue(session, order, issue_id=concern, actor=staff.actor)

    return _change_order(request, staff, number, once, work, done="cleared")


@router.post("/{number}/payment", summary="Record a check or a bank transfer")
def record_offline_payment(
    request: Request,
    *,
    staff: Biller,
    settings: SettingsDep,
    number: Number,
    amount: Line = "",
    method: Annotated[PaymentMethod, Form()] = PaymentMethod.CHECK,
    reference: Line = "",
    received_on: Line = "",
    once: Line = "",
) -> Response:
    """Record a payment made outside Stripe, once for each reference."""
    typed = {"amount": amount, "method": method, "reference": reference, "received_on": received_on}

    def work(session: Session, order: Order) -> None:
        record_for_order(
            session,
            order,
            amount=parse_money("amount", amount, order.currency),
            method=method,
            reference=require_text("reference", reference, message=REFERENCE_REQUIRED),
            received_on=parse_date("received_on", received_on),
            today=clock.today(settings.seller_time_zone),
            actor=staff.actor,
        )

    return _change_order(request, staff, number, once, work, done="paid", typed=typed)


@router.post("/{number}/payments/{payment}/void", summary="Void a payment recorded by mistake")
def void_offline_payment(
    request: Request,
    *,
    staff: Biller,
    number: Number,
    payment: Annotated[int, Path(ge=1, le=2**31 - 1)],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Void a recorded payment that never arrived."""

    def work(session: Session, order: Order) -> None:
        reason_text = require_text("void_reason", reason, message="Enter a reason.")
        void_order_payment(
            session, order, payment_id=payment, actor=staff.actor, reason=reason_text
        )

    typed = {"void_reason": reason, "void_payment": payment}
    return _change_order(request, staff, number, once, work, done="voided", typed=typed)


@router.post("/{number}/replace-disc", summary="Replace a disc")
def replace_lost_disc(
    request: Request,
    *,
    staff: Sales,
    number: Number,
    line: Annotated[int, Form(ge=1, le=1000)],
    copies: Annotated[int, Form(ge=1, le=1000)] = 1,
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Prepare a free parcel for a disc that was lost or damaged."""
    typed = {"replace_line": line, "quantity": copies, "replace_reason": reason}

    def work(session: Session, order: Order) -> None:
        reason_text = require_text("replace_reason", reason, message="Enter a reason.")
        replace_disc(
            session,
            order,
            line_number=line,
            quantity=copies,
            actor=staff.actor,
            reason=reason_text,
        )

    return _change_order(request, staff, number, once, work, done="disc-replaced", typed=typed)


def _change_order(
    request: Request,
    staff: Staff,
    number: str,
    once: str,
    work: Callable[[Session, Order], None],
    *,
    done: str,
    typed: Mapping[str, object] | None = None,
) -> Response:
    """Do ``work`` to the order once and redirect to its page.

    An error shows the order as it is now, with the input kept.
    """
    return submit(
        request,
        once,
        lambda session: work(session, get_order_by_number(session, number)),
        redraw=lambda session, error: draw_order(
            request, staff, session, number, problem=error, typed=typed
        ),
        path=f"/console/orders/{number}",
        done=done,
    )


def draw_order(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    """Draw the page of an order; ``typed`` fills the form that failed."""
    return draw_page(
        request,
        staff,
        "order.html",
        problem=problem,
        view=build_order_view(session, number, staff),
        typed=typed,
        classes=CLASSES,
        carriers=CARRIERS,
        methods=OFFLINE_METHODS,
        today=clock.today(app_state(request).settings.seller_time_zone),
    )
