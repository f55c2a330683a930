"""The page on which staff correct the films, copies, and prices of an order."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.console.access import Sales, Staff
from app.console.correction_routes import ADDRESS_FIELDS, REASON
from app.console.fields import Number
from app.console.forms.field_types import Field, FieldGroup, FieldType, Rows, Shape, enum_choices
from app.console.forms.form_page import FormPage, draw_form
from app.console.forms.input_values import (
    InputValues,
    apply_row_step,
    format_inputs,
    read_inputs,
)
from app.console.forms.pickers import apply_pick_step, find_offer_options
from app.console.forms.submission import (
    MAX_FIELDS,
    SubmittedForm,
    count_changes,
    get_text,
    next_base,
    reject_if_changed,
    run_once,
)
from app.console.forms.validation import validate_form
from app.console.new_order_form import find_offer_hints, find_offers
from app.console.pages import see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.money import Money, MoneyOut
from app.core.request_middleware import SettingsDep
from app.orders.correction_admin_routes import LineCorrectionIn
from app.orders.line_corrections import LineCorrection, correct_lines
from app.orders.models import Order
from app.orders.queries import get_order_by_number, lock_order
from app.orders.staff_drafts import TextsAcceptedBy
from app.orders.staff_orders import Approver, find_approvers

router = APIRouter(form_limits={"max_fields": MAX_FIELDS})
_LINES = Rows(
    "lines",
    "Films",
    "film",
    (
        Field(
            "offer",
            "Offer",
            FieldType.OFFER,
            help="Part of the film's title, or the SKU.",
            required="Enter part of the film's title, or the SKU.",
        ),
        Field("quantity", "Copies", FieldType.WHOLE, empty=1),
        Field(
            "unit_amount",
            "Agreed unit price",
            FieldType.MONEY,
            help="Empty: today's list price. A line that you don't change keeps its price.",
        ),
        Field(
            "price_reason",
            "Reason for the price",
            help="If it is not the list price. The buyer can read it.",
            max_length=500,
            empty="",
        ),
    ),
    max_rows=50,
)
_SHIPPING = FieldGroup(
    "shipping_address",
    "Shipping address",
    [replace(field, required="") for field in ADDRESS_FIELDS],
    help="If you add the first disc. In the billing country.",
)
_TEXTS = Field(
    "texts_accepted_by",
    "License texts accepted by",
    FieldType.CHOICE,
    help="For license texts that the order did not have before.",
    invalid="Choose how the buyer accepted the license texts.",
    choices=enum_choices(TextsAcceptedBy),
)


@router.get("/orders/{number}/correct-lines", summary="Form of an order's films and prices")
def lines_form(
    request: Request, staff: Sales, session: ReadSessionDep, settings: SettingsDep, number: Number
) -> Response:
    """Show the form with the lines of the order."""
    order = get_order_by_number(session, number)
    form = _form(order, find_approvers(session), limit=settings.max_discount_percent)
    form = replace(form, base=count_changes(session, "order", number))
    return _draw(
        request,
        staff,
        session,
        order=order,
        form=form,
        typed=format_inputs(form.shapes, _values(order)),
    )


@router.post("/orders/{number}/correct-lines", summary="Correct an order's films and prices")
def post_lines(
    request: Request, staff: Sales, settings: SettingsDep, number: Number, form_data: SubmittedForm
) -> Response:
    """Save the lines, with a reason, or fill in a part of the form."""
    with app_state(request).readers() as session:
        order = get_order_by_number(session, number)
        form = _form(order, find_approvers(session), limit=settings.max_discount_percent)
        typed = read_inputs(form.shapes, form_data.multi_items())
        step = get_text(form_data, "step")
        if apply_row_step(form.shapes, typed, step) or apply_pick_step(form.shapes, typed, step):
            form = replace(form, base=next_base(form_data))
            return _draw(request, staff, session, order=order, form=form, typed=typed)

    def work(session: Session) -> None:
        lock_order(session, number)
        reject_if_changed(session, "order", number, form_data)
        asked = validate_form(
            LineCorrectionIn, form.shapes, typed, reshape=_reshape, currency=settings.currency
        )
        correct_lines(
            session,
            number,
            LineCorrection.model_validate(asked.model_dump(exclude={"reason"})),
            reason=asked.reason,
            settings=settings,
            actor=staff.actor,
        )

    try:
        is_new = run_once(request, get_text(form_data, "once"), work)
    except AppError as error:
        form = replace(form, base=next_base(form_data, error))
        with app_state(request).readers() as session:
            return _draw(
                request, staff, session, order=order, form=form, typed=typed, problem=error
            )
    done = "lines-corrected" if is_new else "twice"
    return see_other(f"/console/orders/{number}", done=done)


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    *,
    order: Order,
    form: FormPage,
    typed: InputValues,
    problem: AppError | None = None,
) -> Response:
    buyer = {"class": str(order.customer_class), "size": str(order.size or "")}
    search = partial(find_offers, buyer=buyer, country=order.country)
    asking = {"buyer": buyer, "billing_address": {"country": order.country}}
    return draw_form(
        request,
        staff,
        form,
        typed,
        problem=problem,
        notes=find_offer_hints(session, typed | asking),
        extras={"offered": find_offer_options(session, form.shapes, typed, search)},
    )


def _form(order: Order, approvers: Sequence[Approver], *, limit: int) -> FormPage:
    path = f"/console/orders/{order.number}"
    approved_by = Field(
        "approved_by",
        "Discount approved by",
        FieldType.CHOICE,
        help=f"For more than {limit} percent off, and for free licenses.",
        invalid="Choose who approved the discount.",
        choices=[(person.email, person.name) for person in approvers],
    )
    shapes: list[Shape] = [_LINES, approved_by, _TEXTS]
    if not order.ships:
        shapes.append(_SHIPPING)
    return FormPage(
        heading="Correct films and prices",
        action=f"{path}/correct-lines",
        back=path,
        crumbs=(("/console/orders", "Orders"), (path, order.number)),
        lead=(
            f"The order is {order.total.words()} now. Shipping and tax are computed again, and the "
            "buyer gets the new summary by email."
        ),
        shapes=[*shapes, REASON],
        save="Save and email the buyer",
    )


def _values(order: Order) -> dict[str, Any]:
    return {
        "lines": [
            {
                "offer": line.sku,
                "quantity": line.quantity,
                "unit_amount": MoneyOut.of(Money(line.unit_amount, line.currency)).model_dump()
                if line.list_unit is not None
                else None,
                "price_reason": line.price_reason,
            }
            for line in order.lines
        ]
    }


def _reshape(values: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of the form as those of a ``LineCorrection``."""
    lines = [
        row | {"unit_amount": row["unit_amount"]["amount"]} if row.get("unit_amount") else row
        for row in values["lines"]
    ]
    address = values.get("shipping_address") or {}
    return values | {
        "lines": lines,
        "shipping_address": address if any(address.values()) else None,
    }
