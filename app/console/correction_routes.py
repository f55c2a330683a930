"""The page on which staff correct an order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.console.access import Sales
from app.console.fields import Number
from app.console.forms.field_types import Field, FieldGroup, Shape
from app.console.forms.form_page import FormPage, RowHint, draw_form
from app.console.forms.input_values import format_inputs, read_inputs
from app.console.forms.submission import (
    SubmittedForm,
    count_changes,
    get_text,
    next_base,
    reject_if_changed,
    run_once,
)
from app.console.forms.validation import validate_form
from app.console.new_order_form import ADDRESS, REQUIRED_ADDRESS
from app.console.pages import see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.request_middleware import settings_of
from app.orders.correction_admin_routes import OrderCorrectionIn
from app.orders.corrections import OrderCorrection, can_correct_shipping, correct_order
from app.orders.line_corrections import can_correct_lines
from app.orders.models import Order
from app.orders.queries import get_order_by_number, lock_order

router = APIRouter()
ADDRESS_FIELDS = [
    replace(field, required=REQUIRED_ADDRESS.get(field.name, ""), empty="") for field in ADDRESS
]
_CONTACT: Sequence[Shape] = (
    Field("contact_name", "Contact", required="Enter the contact's name.", max_length=200),
    Field(
        "email",
        "Email",
        help="A new address gets the link to the order. The old one is told, without the link.",
        required="Enter the contact's email address.",
        invalid="Enter an email address, like name@college.edu.",
    ),
    Field("phone", "Phone", max_length=40, empty=""),
)
_BILLING = FieldGroup("billing_address", "Billing address", ADDRESS_FIELDS)
_SHIPPING = FieldGroup(
    "shipping_address", "Shipping address", ADDRESS_FIELDS, help="In the billing country."
)
_TERMS: Sequence[Shape] = (
    Field("ap_name", "Contact in accounts payable", max_length=200, empty=""),
    Field(
        "ap_email",
        "Email for invoices",
        help="Empty: invoices go to the contact.",
        invalid="Enter an email address, like ap@college.edu.",
        empty="",
    ),
    Field(
        "po_number",
        "Purchase order number",
        help="Certificates of licenses that were granted keep the old number.",
        max_length=60,
    ),
)
REASON = Field("reason", "Reason", required="Enter a reason.", max_length=200)


@router.get("/orders/{number}/correct", summary="Correction form")
def correction_form(
    request: Request, staff: Sales, session: ReadSessionDep, number: Number
) -> Response:
    """Show the form with what the order says now."""
    order = get_order_by_number(session, number)
    form = _form(
        order,
        base=count_changes(session, "order", number),
        is_open=can_correct_lines(session, order),
    )
    return draw_form(request, staff, form, format_inputs(form.shapes, _values(order)))


@router.post("/orders/{number}/correct", summary="Correct an order")
def post_correction(
    request: Request, staff: Sales, number: Number, form_data: SubmittedForm
) -> Response:
    """Save the corrections, with a reason."""
    with app_state(request).readers() as session:
        form = _form(get_order_by_number(session, number))
    typed = read_inputs(form.shapes, form_data.multi_items())

    def work(session: Session) -> None:
        lock_order(session, number)
        reject_if_changed(session, "order", number, form_data)
        asked = validate_form(OrderCorrectionIn, form.shapes, typed)
        correction = OrderCorrection.model_validate(asked.model_dump(exclude={"reason"}))
        correct_order(
            session,
            number,
            correction,
            reason=asked.reason,
            settings=settings_of(request),
            actor=staff.actor,
        )

    try:
        is_new = run_once(request, get_text(form_data, "once"), work)
    except AppError as error:
        form = replace(form, base=next_base(form_data, error))
        return draw_form(request, staff, form, typed, problem=error)
    return see_other(f"/console/orders/{number}", done="order-corrected" if is_new else "twice")


def _form(order: Order, *, base: int = 0, is_open: bool = False) -> FormPage:
    path = f"/console/orders/{order.number}"
    shapes: list[Shape] = [*_CONTACT, _BILLING]
    if can_correct_shipping(order):
        shapes.append(_SHIPPING)
    licenses = [line.license for line in order.lines if line.license is not None]
    return FormPage(
        heading="Correct this order",
        action=f"{path}/correct",
        back=path,
        crumbs=(("/console/orders", "Orders"), (path, order.number)),
        lead="If the order has an invoice that prints what changed, a new one replaces it.",
        shapes=[*shapes, *_TERMS, REASON],
        save="Save corrections",
        base=base,
        needs=[
            *(
                [
                    RowHint(
                        "Another film, quantity, or price?",
                        f"{path}/correct-lines",
                        "Correct films and prices",
                    )
                ]
                if is_open
                else []
            ),
            *(
                RowHint(
                    "The licensee's name is on the license.",
                    f"/console/licenses/{license_.number}",
                    f"Correct license {license_.number}",
                )
                for license_ in licenses
            ),
        ],
    )


def _values(order: Order) -> dict[str, Any]:
    names = ("contact_name", "email", "phone", "ap_name", "ap_email", "po_number")
    values: dict[str, Any] = {name: getattr(order, name) for name in names}
    return values | {
        "billing_address": order.billing,
        "shipping_address": order.shipping,
        "reason": "",
    }
