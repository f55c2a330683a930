"""Prices: another one, another amount, an end. A row that holds is never changed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.accounts.permissions import Scope
from app.console.access import Staff, require_scopes
from app.console.forms.checking import validate_form
from app.console.forms.drawing import FormPage, draw_form
from app.console.forms.input_values import read, typed_of
from app.console.forms.submitted import SubmittedForm, text_of
from app.console.offers.shapes import CHANGED_PRICE, NEW_PRICE, PRICE_END
from app.console.pages import see_other
from app.console.submissions import run_once
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, NotFoundError
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

router = APIRouter(prefix="/offers/{sku}")
OfferEditor = Annotated[Staff, Depends(require_scopes(Scope.OFFERS_WRITE))]
Sku = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
Ref = Annotated[str, Path(pattern=r"^PR-[0-9A-Z]{8}$")]


@router.get("/new-price", summary="New price form")
def new_price_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku
) -> Response:
    """Ask who pays how much, from when."""
    form = _new_form(get_offer(session, sku))
    return draw_form(request, staff, form, typed_of(form.shapes, {}))


@router.post("/new-price", summary="Add a price")
def new_price(request: Request, staff: OfferEditor, sku: Sku, sent: SubmittedForm) -> Response:
    """Add a price, if no other holds for some of the same buyers on some of the same days."""
    currency = app_state(request).settings.currency
    with app_state(request).readers() as session:
        form = _new_form(get_offer(session, sku))
    typed = read(form.shapes, sent.multi_items())
    try:
        draft = validate_form(PriceIn, form.shapes, typed, currency=currency)
        new = run_once(
            request,
            text_of(sent, "once"),
            lambda session: add_price(
                session, sku=sku, draft=draft, currency=currency, actor=staff.actor
            ),
        )
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    done = "price-added" if new else "twice"
    return see_other(f"/console/offers/{sku}", done=done, anchor="prices")


@router.get("/prices/{ref}", summary="Price form")
def change_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku, ref: Ref
) -> Response:
    """Ask for the next amount, and from when it holds."""
    offer = get_offer(session, sku)
    row = _row(offer, ref)
    form = _change_form(offer, row)
    first = next_price_starts_on(offer, row)
    said = {"valid_from": first.isoformat()} if first > clock.today() else {}
    return draw_form(request, staff, form, typed_of(form.shapes, said))


@router.post("/prices/{ref}", summary="Change price")
def change(
    request: Request, staff: OfferEditor, sku: Sku, ref: Ref, sent: SubmittedForm
) -> Response:
    """End this price the day before, and let the new one follow; both in one step."""
    currency = app_state(request).settings.currency
    with app_state(request).readers() as session:
        offer = get_offer(session, sku)
        form = _change_form(offer, _row(offer, ref))
    typed = read(form.shapes, sent.multi_items())

    def work(session: Session) -> None:
        change_price(
            session,
            ref=ref,
            price=Money(asked.price.amount, asked.price.currency),
            valid_from=asked.valid_from,
            currency=currency,
            actor=staff.actor,
        )

    try:
        asked = validate_form(PriceChangeIn, form.shapes, typed, currency=currency)
        new = run_once(request, text_of(sent, "once"), work)
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    done = "price-changed" if new else "twice"
    return see_other(f"/console/offers/{sku}", done=done, anchor="prices")


@router.get("/prices/{ref}/end", summary="Form to end a price")
def end_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku, ref: Ref
) -> Response:
    """Ask for its last day."""
    offer = get_offer(session, sku)
    form = _end_form(offer, _row(offer, ref))
    return draw_form(request, staff, form, typed_of(form.shapes, {}))


@router.post("/prices/{ref}/end", summary="End a price or remove a future price")
def end(request: Request, staff: OfferEditor, sku: Sku, ref: Ref, sent: SubmittedForm) -> Response:
    """Let it hold until that day and no longer; a price that nobody saw yet can be removed."""
    with app_state(request).readers() as session:
        offer = get_offer(session, sku)
        form = _end_form(offer, _row(offer, ref))
    typed = read(form.shapes, sent.multi_items())
    removes = text_of(sent, "step") == "remove"

    def work(session: Session) -> None:
        if removes:
            remove_price(session, ref=ref, actor=staff.actor)
        else:
            end_price(session, ref=ref, valid_to=asked.valid_to, actor=staff.actor)

    try:
        asked = validate_form(PriceEndIn, form.shapes, typed)
        new = run_once(request, text_of(sent, "once"), work)
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    done = ("price-removed" if removes else "price-ended") if new else "twice"
    return see_other(f"/console/offers/{sku}", done=done, anchor="prices")


def _row(offer: Offer, ref: str) -> PriceRow:
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
            f"{_words(row)}. It ends the day before the new price begins. Existing orders keep "
            f"their price.{_why_tomorrow(offer, row)}"
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
            f"{_words(row)}. The offer is not available to this institution type after the last "
            f"day."
        ),
        shapes=PRICE_END,
        save="End price",
        removes="Remove future price",
    )


def _why_tomorrow(offer: Offer, row: PriceRow) -> str:
    first = next_price_starts_on(offer, row)
    if first <= clock.today():
        return ""
    return (
        " This price began today, so it applies all day. The new price can begin on "
        f"{format_day(first)} at the earliest. To stop orders at this price today, withdraw "
        "the offer."
    )


def _words(row: PriceRow) -> str:
    facts = CLASSES[row.customer_class]
    money = Money(row.amount, row.currency).words()
    return (
        f"{facts.plural_label}, {row.point.band.label(facts.size_measure)}, pay {money} "
        f"since {format_day(row.valid_from)}"
    )
