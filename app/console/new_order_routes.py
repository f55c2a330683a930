"""A new order or quote that staff enter for a buyer: the form, its preview, and making it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.console.access import Sales, Staff
from app.console.fields import Search
from app.console.forms.input_values import InputValues, apply_row_step, read_inputs
from app.console.forms.pickers import MAX_OPTIONS, apply_pick_step, find_offer_options
from app.console.forms.submission import MAX_FIELDS, SubmittedForm, get_text
from app.console.forms.validation import validate_form
from app.console.new_order_form import (
    BUYER,
    ITEMS,
    QUOTE_SHAPES,
    SHAPES,
    SHIPPING,
    blank_input,
    fill_in_customer,
    find_customers,
    find_offer_hints,
    find_offers,
    reshape,
    reshape_quote,
    terms_shapes,
)
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.idempotency import Idempotency, caller_of
from app.core.request_middleware import SettingsDep
from app.orders.models import Order
from app.orders.staff_drafts import StaffOrderDraft
from app.orders.staff_orders import accept_current_texts, find_approvers, place_staff_order
from app.quotes.models import Quote
from app.quotes.staff_quotes import StaffQuoteDraft, create_staff_quote

router = APIRouter(form_limits={"max_fields": MAX_FIELDS})
PAGE = "/console/new-order"
CUSTOMER_STEP = "customer:"
# The buttons that send a quote, or place an order and say how it is paid.
FINAL_STEPS = ("quote", "terms", "link")


class MadeObject(BaseModel):
    """The order or quote of a form; a form that is sent twice leads to the same one."""

    path: str
    done: str


class OfferOptionOut(BaseModel):
    """An offer that matches what was typed."""

    sku: str
    label: str


@router.get("/new-order", summary="New order form")
def new_order_form(
    request: Request, staff: Sales, session: ReadSessionDep, settings: SettingsDep
) -> Response:
    """Show the empty form."""
    return _draw(request, staff, session, settings, blank_input(settings.shipping_country))


@router.get("/new-order/offers", summary="Offers for the new order form")
def offer_options(
    session: ReadSessionDep,
    settings: SettingsDep,
    _staff: Sales,
    *,
    q: Search,
    customer_class: Annotated[str, Query(alias="class", max_length=40)] = "",
    size: Annotated[str, Query(max_length=20)] = "",
    country: Annotated[str, Query(max_length=2)] = "",
) -> list[OfferOptionOut]:
    """Return offers that match what was typed, for the suggestions of the form."""
    options = find_offers(
        session,
        q,
        MAX_OPTIONS,
        buyer={"class": customer_class, "size": size},
        country=country or settings.shipping_country,
    )
    return [
        OfferOptionOut(sku=option.slug, label=f"{option.name}: {option.facts}")
        for option in options
    ]


@router.post("/new-order", summary="Preview or place an order")
def new_order(
    request: Request, staff: Sales, settings: SettingsDep, form_data: SubmittedForm
) -> Response:
    """Place the order, send the quote, show the totals, or fill in a part of the form."""
    typed = read_inputs(SHAPES, form_data.multi_items())
    step = get_text(form_data, "step")
    problem: AppError | None = None
    preview: Order | None = None
    if step in FINAL_STEPS:
        try:
            made = _make_once(request, staff, settings, typed, form_data)
        except AppError as error:
            problem = _move_errors(error, typed)
        else:
            return see_other(made.path, done=made.done)
    # A preview is placed in a transaction that is never committed, so its checks are the real ones.
    with app_state(request).sessions() as session:
        if step.startswith(CUSTOMER_STEP):
            fill_in_customer(session, typed, step.removeprefix(CUSTOMER_STEP))
        elif not (
            step == "find"
            or step in FINAL_STEPS
            or apply_row_step(SHAPES, typed, step)
            or apply_pick_step(SHAPES, typed, step)
        ):
            payment = "terms" if typed["po_number"] else "link"
            try:
                preview = _place(session, staff, settings, typed, payment=payment)
            except AppError as error:
                session.rollback()
                problem = _move_errors(error, typed)
        return _draw(
            request,
            staff,
            session,
            settings,
            typed,
            problem=problem,
            preview=preview,
            customer=get_text(form_data, "customer"),
            is_search=step == "find",
        )


def _make_once(
    request: Request,
    staff: Staff,
    settings: Settings,
    typed: InputValues,
    form_data: SubmittedForm,
) -> MadeObject:
    once = get_text(form_data, "once")
    if not once:
        raise InvalidInputError.of(FieldProblem("#/once", "Reload the page and try again."))
    form = Idempotency.of_form("console", once, owner=caller_of(request) or "")
    step = get_text(form_data, "step")
    with app_state(request).sessions.begin() as session:

        def work() -> MadeObject:
            if step == "quote":
                quote = _send_quote(session, staff, settings, typed)
                return MadeObject(path=f"/console/quotes/{quote.number}", done="quoted")
            order = _place(session, staff, settings, typed, payment=step)
            return MadeObject(path=f"/console/orders/{order.number}", done="ordered")

        return form.run_once(session, MadeObject, work)


def _send_quote(session: Session, staff: Staff, settings: Settings, typed: InputValues) -> Quote:
    draft = validate_form(
        StaffQuoteDraft, QUOTE_SHAPES, typed, reshape=reshape_quote, currency=settings.currency
    )
    return create_staff_quote(session, draft, settings=settings, actor=staff.actor)


def _place(
    session: Session, staff: Staff, settings: Settings, typed: InputValues, *, payment: str
) -> Order:
    draft = validate_form(
        StaffOrderDraft,
        SHAPES,
        typed,
        extra={"payment": payment},
        reshape=reshape,
        currency=settings.currency,
    )
    if payment == "link":
        draft = draft.model_copy(update={"terms_days": None})
    draft = accept_current_texts(session, draft, settings=settings)
    return place_staff_order(session, draft, settings=settings, actor=staff.actor)


def _move_errors(error: AppError, typed: InputValues) -> AppError:
    """Move errors to the fields that staff filled in: one address may stand for both."""
    if not error.errors or any(typed["shipping_address"].values()):
        return error
    by_pointer: dict[str, FieldProblem] = {}
    for item in error.errors:
        pointer = item.pointer.replace("#/shipping_address", "#/billing_address")
        by_pointer.setdefault(pointer, FieldProblem(pointer, item.detail))
    return InvalidInputError.of(*by_pointer.values())


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    settings: Settings,
    typed: InputValues,
    *,
    problem: AppError | None = None,
    preview: Order | None = None,
    customer: str = "",
    is_search: bool = False,
) -> Response:
    if not typed["lines"]:
        apply_row_step(SHAPES, typed, "add:lines")
    search = partial(find_offers, buyer=typed["buyer"], country=typed["billing_address"]["country"])
    return draw_page(
        request,
        staff,
        "new_order.html",
        problem=problem,
        typed=typed,
        form={"action": PAGE, "heading": "New order or quote"},
        extras={"offered": find_offer_options(session, SHAPES, typed, search)},
        notes=find_offer_hints(session, typed),
        buyer_shapes=BUYER,
        shipping_shapes=SHIPPING,
        item_shapes=ITEMS,
        terms_shapes=terms_shapes(find_approvers(session), settings.max_discount_percent),
        preview=preview,
        customer=customer,
        customers=find_customers(session, customer) if is_search else None,
        classes=CLASSES,
    )
