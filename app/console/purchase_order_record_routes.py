"""Purchase orders: the list, and the page of one with its balance and the orders that use it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.billing.models import PurchaseOrder
from app.billing.purchase_orders import OBJECT_TYPE, get_purchase_order
from app.billing.states import PurchaseOrderKind, PurchaseOrderState
from app.console.access import OrderReader, Sales, Staff
from app.console.fields import (
    EmptyIsNone,
    Line,
    PageNumber,
    Search,
    parse_date,
    parse_money,
    require_text,
)
from app.console.forms.submission import submit
from app.console.lists import find_rows_page, sort_rows
from app.console.pages import draw_page
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.money import MoneyOut
from app.orders import purchase_order_records as records
from app.orders.models import Order
from app.orders.purchase_order_records import PurchaseOrderFilters
from app.orders.purchase_order_schemas import PurchaseOrderChangeIn

router = APIRouter(prefix="/purchase-orders")
IdPath = Annotated[int, Path(ge=1, le=2**31 - 1)]
SORTS = {
    "received": PurchaseOrder.created_at,
    "number": PurchaseOrder.key,
    "expires": PurchaseOrder.expires_on,
}


@router.get("", summary="Purchase orders")
def purchase_order_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    state: Annotated[PurchaseOrderState | None, EmptyIsNone, Query()] = None,
    kind: Annotated[PurchaseOrderKind | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "-received",
    number: PageNumber = 1,
) -> Response:
    """Show one page of matching purchase orders."""
    filters = PurchaseOrderFilters(state=state, kind=kind, q=q or None)
    first = select(Order.institution).where(Order.purchase_order_id == PurchaseOrder.id)
    name = first.order_by(Order.id).limit(1).correlate(PurchaseOrder).scalar_subquery()
    statement = select(PurchaseOrder, name.label("institution")).where(
        *records.build_conditions(filters)
    )
    statement = sort_rows(statement, SORTS, sort, unique=PurchaseOrder.id)
    rows = find_rows_page(session, statement, page=number)
    return draw_page(request, staff, "purchase_orders.html", rows=rows, filters=filters, sort=sort)


@router.get("/{ident}", summary="One purchase order")
def purchase_order_record(
    request: Request, staff: OrderReader, session: ReadSessionDep, ident: IdPath
) -> Response:
    """Show a purchase order, its balance, and the orders that use it."""
    return _draw(request, staff, session, ident)


@router.post("/{ident}", summary="Change a purchase order")
def change_purchase_order(
    request: Request,
    *,
    staff: Sales,
    ident: IdPath,
    po_number: Line = "",
    kind: Line = "",
    issued_on: Line = "",
    expires_on: Line = "",
    limit: Line = "",
    ap_name: Line = "",
    ap_email: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Correct what a purchase order says."""
    typed = {
        "po_number": po_number,
        "kind": kind,
        "issued_on": issued_on,
        "expires_on": expires_on,
        "limit": limit,
        "ap_name": ap_name,
        "ap_email": ap_email,
        "reason": reason,
    }

    def work(session: Session) -> None:
        purchase_order = get_purchase_order(session, ident)
        amount = parse_money("limit", limit, purchase_order.currency) if limit else None
        body = _read_change(
            number=require_text("po_number", po_number, message="Enter the number."),
            kind=kind,
            issued_on=parse_date("issued_on", issued_on),
            expires_on=parse_date("expires_on", expires_on),
            limit=MoneyOut.of(amount) if amount is not None else None,
            ap_name=ap_name,
            ap_email=ap_email or None,
            reason=reason,
        )
        records.change(session, purchase_order, body, actor=staff.actor)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(
            request, staff, session, ident, problem=error, typed=typed
        ),
        path=f"/console/purchase-orders/{ident}",
        done="po-changed",
    )


@router.post("/{ident}/close", summary="Close a purchase order")
def close_purchase_order(
    request: Request, staff: Sales, ident: IdPath, reason: Line = "", once: Line = ""
) -> Response:
    """Close a purchase order: no further order can use it."""

    def work(session: Session) -> None:
        text = require_text("close_reason", reason, message="Enter a reason.")
        purchase_order = get_purchase_order(session, ident)
        records.close(session, purchase_order, actor=staff.actor, reason=text)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(
            request, staff, session, ident, problem=error, typed={"close_reason": reason}
        ),
        path=f"/console/purchase-orders/{ident}",
        done="po-closed",
    )


def _read_change(**values: object) -> PurchaseOrderChangeIn:
    try:
        return PurchaseOrderChangeIn.model_validate(values)
    except ValidationError as error:
        names = {"number": "po_number"}
        problems = [
            FieldProblem(
                f"#/{names.get(str(each['loc'][0]), each['loc'][0])}",
                each["msg"].removeprefix("Value error, "),
            )
            for each in error.errors()
        ]
        raise InvalidInputError.of(*problems) from error


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    ident: int,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    purchase_order = get_purchase_order(session, ident)
    orders = session.scalars(
        select(Order).where(Order.purchase_order_id == ident).order_by(Order.id)
    ).all()
    return draw_page(
        request,
        staff,
        "purchase_order.html",
        problem=problem,
        typed=typed,
        po=purchase_order,
        orders=orders,
        uses={use.order_number: use for use in purchase_order.uses},
        history=audit.entries_about(session, OBJECT_TYPE, str(ident)),
    )
