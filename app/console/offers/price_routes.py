"""Prices of an offer: adding, changing, and ending them."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.console.access import OfferEditor, Staff
from app.console.fields import Sku
from app.console.forms.field_types import Field, FieldType, Shape
from app.console.forms.form_page import FormPage, draw_form
from app.console.forms.input_values import InputValues, format_inputs, read_inputs
from app.console.forms.submission import SubmittedForm, get_text, submit
from app.console.forms.validation import validate_form
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.money import Money
from app.offers.models import Offer, PriceRow
from app.offers.price_rows import (
    add_price,
    change_price,
    end_price,
    next_price_starts_on,
    remove_price,
)
from app.offers.queries import get_offer
from app.offers.staff_schemas import PriceChangeIn, PriceEndIn, PriceIn
from app.offers.window_rules import format_day

CLASS = Field(
    "class",
    "Institution types",
    FieldType.CHOICE,
    required="Choose an institution type.",
    choices=[
        (customer_class.value, facts.plural_label) for customer_class, facts in CLASSES.items()
    ],
)
AMOUNT = Field(
    "price", "Price", FieldType.MONEY, help="For example, 398 or 49.95.", required="Enter a price."
)
BAND = (
    Field(
        "size_from", "Minimum size", FieldType.WHOLE, help="Included in the size range.", empty=0
    ),
    Field(
        "size_below",
        "Size limit",
        FieldType.WHOLE,
        help="Not included: use 0 to 2500, then 2500 to 10000. Leave empty for no limit.",
    ),
)
BEGINS = Field("valid_from", "First day", FieldType.DATE, help="Leave empty for today.")
ENDS = Field("valid_to", "Last day", FieldType.DATE, help="Leave empty for no end date.")
NEW_PRICE: list[Shape] = [CLASS, *BAND, AMOUNT, BEGINS, ENDS]
CHANGED_PRICE: list[Shape] = [AMOUNT, BEGINS]
PRICE_END: list[Shape] = [
    Field("valid_to", "Last day of the price", FieldType.DATE, help="Leave empty for today.")
]


router = APIRouter(prefix="/offers/{sku}")
Ref = Annotated[str, Path(pattern=r"^PR-[0-9A-Z]{8}$")]


@router.get("/new-price", summary="New price form")
def new_price_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku
) -> Response:
    """Show the form for a new price."""
    form = _new_form(get_offer(session, sku))
    return draw_form(request, staff, form, format_inputs(form.shapes, {}))


@router.post("/new-price", summary="Add a price")
def new_price(request: Request, staff: OfferEditor, sku: Sku, form_data: SubmittedForm) -> Response:
    """Add a price, unless it overlaps with another one."""
    currency = app_state(request).settings.currency
    with app_state(request).readers() as session:
        form = _new_form(get_offer(session, sku))
    typed = read_inputs(form.shapes, form_data.multi_items())

    def work(session: Session) -> None:
        draft = validate_form(PriceIn, form.shapes, typed, currency=currency)
        add_price(session, sku=sku, draft=draft, currency=currency, actor=staff.actor)

    return _submit(
        request, staff, sku, work, form_data=form_data, form=form, typed=typed, done="price-added"
    )


@router.get("/prices/{ref}", summary="Price form")
def change_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku, ref: Ref
) -> Response:
    """Show the form for the next amount."""
    offer = get_offer(session, sku)
    row = _find_row(offer, ref)
    form = _change_form(offer, row)
    first = next_price_starts_on(offer, row)
    values = {"valid_from": first.isoformat()} if first > clock.today() else {}
    return draw_form(request, staff, form, format_inputs(form.shapes, values))


@router.post("/prices/{ref}", summary="Change price")
def change(
    request: Request, staff: OfferEditor, sku: Sku, ref: Ref, form_data: SubmittedForm
) -> Response:
    """End the price the day before the new one begins, in one transaction."""
    currency = app_state(request).settings.currency
    with app_state(request).readers() as session:
        offer = get_offer(session, sku)
        form = _change_form(offer, _find_row(offer, ref))
    typed = read_inputs(form.shapes, form_data.multi_items())

    def work(session: Session) -> None:
        draft = validate_form(PriceChangeIn, form.shapes, typed, currency=currency)
        change_price(
            session,
            ref=ref,
            price=Money(draft.price.amount, draft.price.currency),
            valid_from=draft.valid_from,
            currency=currency,
            actor=staff.actor,
        )

    return _submit(
        request, staff, sku, work, form_data=form_data, form=form, typed=typed, done="price-changed"
    )


@router.get("/prices/{ref}/end", summary="Form to end a price")
def end_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku, ref: Ref
) -> Response:
    """Show the form to end a price."""
    offer = get_offer(session, sku)
    form = _end_form(offer, _find_row(offer, ref))
    return draw_form(request, staff, form, format_inputs(form.shapes, {}))


@router.post("/prices/{ref}/end", summary="End a price or remove a future price")
def end(
    request: Request, staff: OfferEditor, sku: Sku, ref: Ref, form_data: SubmittedForm
) -> Response:
    """End a price after its last day, or remove a future price."""
    with app_state(request).readers() as session:
        offer = get_offer(session, sku)
        form = _end_form(offer, _find_row(offer, ref))
    typed = read_inputs(form.shapes, form_data.multi_items())
    removes = get_text(form_data, "step") == "remove"

    def work(session: Session) -> None:
        draft = validate_form(PriceEndIn, form.shapes, typed)
        if removes:
            remove_price(session, ref=ref, actor=staff.actor)
        else:
            end_price(session, ref=ref, valid_to=draft.valid_to, actor=staff.actor)

    done = "price-removed" if removes else "price-ended"
    return _submit(
        request, staff, sku, work, form_data=form_data, form=form, typed=typed, done=done
    )


def _submit(
    request: Request,
    staff: Staff,
    sku: str,
    work: Callable[[Session], None],
    *,
    form_data: SubmittedForm,
    form: FormPage,
    typed: InputValues,
    done: str,
) -> Response:
    return submit(
        request,
        get_text(form_data, "once"),
        work,
        redraw=lambda _, error: draw_form(request, staff, form, typed, problem=error),
        path=f"/console/offers/{sku}",
        done=done,
        anchor="prices",
    )


def _find_row(offer: Offer, ref: str) -> PriceRow:
    for row in offer.prices:
        if row.ref == ref:
            return row
    detail = f"{offer.sku} has no price “{ref}”."
    raise NotFoundError(detail)


def _crumbs(offer: Offer) -> tuple[tuple[str, str], ...]:
    return ("/console/offers", "Offers"), (f"/console/offers/{offer.sku}", offer.sku)


def _new_form(offer: Offer) -> FormPage:
    return FormPage(
        heading="New price",
        action=f"/console/offers/{offer.sku}/new-price",
        back=f"/console/offers/{offer.sku}#prices",
        crumbs=_crumbs(offer),
        lead=(
            f"{offer.film.title}: {offer.title}. An institution type can have only one price for "
            f"a size on any day."
        ),
        shapes=NEW_PRICE,
        save="Add price",
    )


def _change_form(offer: Offer, row: PriceRow) -> FormPage:
    return FormPage(
        heading="Change price",
        action=f"/console/offers/{offer.sku}/prices/{row.ref}",
        back=f"/console/offers/{offer.sku}#prices",
        crumbs=_crumbs(offer),
        lead=(
            f"{_describe_row(row)}. It ends the day before the new price begins. Existing orders "
            f"keep their price.{_explain_first_day(offer, row)}"
        ),
        shapes=CHANGED_PRICE,
        save="Save price",
    )


def _end_form(offer: Offer, row: PriceRow) -> FormPage:
    return FormPage(
        heading="End price",
        action=f"/console/offers/{offer.sku}/prices/{row.ref}/end",
        back=f"/console/offers/{offer.sku}#prices",
        crumbs=_crumbs(offer),
        lead=(
            f"{_describe_row(row)}. The offer is not available to this institution type after the "
            f"last day."
        ),
        shapes=PRICE_END,
        save="End price",
        removes="Remove future price",
    )


def _explain_first_day(offer: Offer, row: PriceRow) -> str:
    first = next_price_starts_on(offer, row)
    if first <= clock.today():
        return ""
    return (
        " This price began today, so it applies all day. The new price can begin on "
        f"{format_day(first)} at the earliest. To stop orders at this price today, withdraw "
        "the offer."
    )


def _describe_row(row: PriceRow) -> str:
    customer_class = CLASSES[row.customer_class]
    sizes = row.point.band.label(customer_class.size_measure)
    amount = Money(row.amount, row.currency).words()
    return (
        f"{customer_class.plural_label}, {sizes}, pay {amount} since {format_day(row.valid_from)}"
    )
