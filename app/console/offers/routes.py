"""Offers: the list, the page of one, its form, and its status."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.customers import CLASSES, CustomerClass
from app.catalog.models import Film
from app.catalog.queries import film_for_staff
from app.console.access import OfferEditor, Staff
from app.console.fields import EmptyIsNone, Line, PageNumber, Search, Sku, Slug
from app.console.forms.form_page import FormPage, RowHint, draw_form
from app.console.forms.input_values import InputValues, format_inputs, read_inputs
from app.console.forms.submission import (
    SubmittedForm,
    count_changes,
    get_text,
    next_base,
    reject_if_changed,
    run_once,
    submit,
)
from app.console.forms.validation import validate_form
from app.console.lists import filter_by_text, find_entities_page
from app.console.offers.offer_fields import offer_shapes, offer_values
from app.console.pages import draw_page, see_other
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.offers import queries
from app.offers.models import LicenseText, Offer, PriceRow
from app.offers.offer_service import (
    change_offer,
    create_offer,
    delete_draft,
    offer_document,
    publish_offer,
    withdraw_offer,
)
from app.offers.queries import find_windows_by_film, get_offer, load_offers
from app.offers.staff_schemas import OfferIn, OfferPatch
from app.offers.states import DELIVERY_LABELS, OfferStatus
from app.offers.window_service import rights_gaps


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Current, future, and past prices of one class and size range."""

    class_label: str
    band: str
    now: PriceRow | None
    coming: Sequence[PriceRow]
    past: Sequence[PriceRow]


def build_price_table(rows: Sequence[PriceRow], today: date) -> list[PriceHistory]:
    """Return the price table, by class and size."""
    groups: dict[tuple[CustomerClass, int, int | None], list[PriceRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.valid_from):
        groups[row.customer_class, row.size_from, row.size_below].append(row)
    order = list(CLASSES)
    lines = []
    for key in sorted(groups, key=lambda key: (order.index(key[0]), key[1], key[2] or 10**12)):
        group = groups[key]
        facts = CLASSES[key[0]]
        lines.append(
            PriceHistory(
                class_label=facts.plural_label,
                band=group[0].point.band.label(facts.size_measure),
                now=next((row for row in group if row.point.is_valid(today)), None),
                coming=[row for row in group if row.valid_from > today],
                past=[row for row in group if row.valid_to and row.valid_to < today],
            )
        )
    return lines


router = APIRouter()
SUCCESS_MESSAGES = {"publish": "published", "withdraw": "withdrawn", "discard": "discarded"}


@router.get("/offers", summary="Offers of any status")
def offer_list(
    request: Request,
    *,
    staff: OfferEditor,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[OfferStatus | None, EmptyIsNone, Query()] = None,
    number: PageNumber = 1,
) -> Response:
    """Show one page of offers with their terms and lowest prices."""
    statement = load_offers().join(Film, Film.id == Offer.film_id).order_by(None)
    if status is not None:
        statement = statement.where(Offer.status == status)
    statement = filter_by_text(statement, q, contains=(Offer.sku, Offer.title, Film.title))
    statement = statement.order_by(Film.sort_key, Film.id, Offer.position, Offer.id)
    rows = find_entities_page(session, statement, page=number)
    return draw_page(
        request,
        staff,
        "offers.html",
        rows=rows,
        lowest={offer.id: offer.lowest_price(clock.today()) for offer in rows.items},
        q=q,
        status=status,
        deliveries=DELIVERY_LABELS,
    )


@router.get("/offers/{sku}", summary="One offer and its prices")
def offer_page(request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku) -> Response:
    """Show an offer with its prices and what prevents its sale."""
    return _draw_offer(request, staff, session, sku)


@router.post("/offers/{sku}/status", summary="Publish or withdraw an offer, or discard a draft")
def change_offer_status(
    request: Request,
    *,
    staff: OfferEditor,
    sku: Sku,
    step: Annotated[Literal["publish", "withdraw", "discard"], Form()],
    film: Annotated[str, Form(pattern=r"^[a-z0-9-]{0,120}$")] = "",
    once: Line = "",
) -> Response:
    """Publish or withdraw an offer, or delete a draft. Repeating it changes nothing."""

    def work(session: Session) -> None:
        if step == "discard":
            delete_draft(session, sku=sku, actor=staff.actor)
            return
        change = publish_offer if step == "publish" else withdraw_offer
        change(session, sku=sku, actor=staff.actor)

    after_discard = "/console/offers" if step == "discard" else f"/console/offers/{sku}"
    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw_offer(request, staff, session, sku, problem=error),
        path=f"/console/films/{film}" if film else after_discard,
        done=SUCCESS_MESSAGES[step],
        anchor="offers" if film else "",
    )


def _draw_offer(
    request: Request, staff: Staff, session: Session, sku: str, *, problem: AppError | None = None
) -> Response:
    """Draw the page of an offer."""
    offer = get_offer(session, sku)
    today = clock.today()
    windows = find_windows_by_film(session, [offer.film_id])[offer.film_id]
    return draw_page(
        request,
        staff,
        "offer.html",
        problem=problem,
        offer=offer,
        lines=build_price_table(offer.prices, today),
        gaps=rights_gaps(offer, windows, on=max(today, offer.on_sale_from or today)),
        deliveries=DELIVERY_LABELS,
        history=list(reversed(audit.entries_about(session, "offer", offer.sku))),
        today=today,
    )


@router.get("/films/{slug}/new-offer", summary="New offer form")
def new_offer_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Show the form for a new offer."""
    film = film_for_staff(session, slug)
    form = _new_form(session, film)
    typed = format_inputs(form.shapes, {})
    if len(film.versions) == 1:
        typed["versions"] = [film.versions[0].label]
    return draw_form(request, staff, form, typed)


@router.post("/films/{slug}/new-offer", summary="Create an offer")
def new_offer(
    request: Request, staff: OfferEditor, slug: Slug, form_data: SubmittedForm
) -> Response:
    """Create a draft and show it, so that prices can be added."""
    with app_state(request).readers() as session:
        form = _new_form(session, film_for_staff(session, slug))
    typed = read_inputs(form.shapes, form_data.multi_items())
    try:
        draft = validate_form(
            OfferIn, form.shapes, typed, extra={"film": slug}, reshape=offer_values
        )
        new = run_once(
            request,
            get_text(form_data, "once"),
            lambda session: create_offer(session, draft=draft, actor=staff.actor),
        )
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    return see_other(f"/console/offers/{draft.sku}", done="offer-written" if new else "twice")


@router.get("/offers/{sku}/edit", summary="Offer form")
def edit_offer_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku
) -> Response:
    """Show the form of an offer."""
    offer = queries.get_offer(session, sku)
    form = _edit_form(session, offer)
    return draw_form(request, staff, form, _offer_inputs(form, offer))


@router.post("/offers/{sku}/edit", summary="Change an offer")
def edit_offer(
    request: Request, staff: OfferEditor, sku: Sku, form_data: SubmittedForm
) -> Response:
    """Change an offer. Quotes, orders, and licenses do not change."""
    with app_state(request).readers() as session:
        form = _edit_form(session, queries.get_offer(session, sku))
    typed = read_inputs(form.shapes, form_data.multi_items())

    def work(session: Session) -> None:
        patch = validate_form(OfferPatch, form.shapes, typed, reshape=offer_values)
        queries.get_offer(session, sku, for_change=True)
        reject_if_changed(session, "offer", sku, form_data)
        change_offer(session, sku=sku, patch=patch, actor=staff.actor)

    def redraw(_: Session, error: AppError) -> Response:
        again = replace(form, base=next_base(form_data, error))
        return draw_form(request, staff, again, typed, problem=error)

    path = f"/console/offers/{sku}"
    return submit(
        request, get_text(form_data, "once"), work, redraw=redraw, path=path, done="offer-saved"
    )


def _new_form(session: Session, film: Film) -> FormPage:
    texts = _find_texts(session)
    return FormPage(
        heading="New offer",
        action=f"/console/films/{film.slug}/new-offer",
        back=f"/console/films/{film.slug}#offers",
        crumbs=(("/console/films", "Films"), (f"/console/films/{film.slug}", film.title)),
        lead="The offer starts as a draft that buyers can't see. Add prices, then publish it.",
        shapes=offer_shapes([version.label for version in film.versions], texts, is_new=True),
        save="Create offer",
        needs=_find_missing(film, texts),
    )


def _find_texts(session: Session) -> list[LicenseText]:
    """Return the license texts for offers, without the terms of sale."""
    return [
        text for text in queries.find_current_texts(session) if text.code != queries.GENERAL_TERMS
    ]


def _find_missing(film: Film, texts: Sequence[LicenseText]) -> list[RowHint]:
    missing = []
    if not texts:
        text = "An offer needs a license text. No license texts yet."
        missing.append(RowHint(text, "/console/texts", "Publish a license text"))
    if not film.versions:
        text = "An offer needs a version. This film has no versions yet."
        missing.append(RowHint(text, f"/console/films/{film.slug}/edit/versions", "Add a version"))
    return missing


def _edit_form(session: Session, offer: Offer) -> FormPage:
    texts = _find_texts(session)
    if offer.license_text not in texts:
        texts.append(offer.license_text)
    film = film_for_staff(session, offer.film.slug)
    return FormPage(
        heading="Edit offer",
        action=f"/console/offers/{offer.sku}/edit",
        back=f"/console/offers/{offer.sku}",
        crumbs=(("/console/offers", "Offers"), (f"/console/offers/{offer.sku}", offer.sku)),
        lead=f"{film.title}. Existing orders and licenses do not change.",
        shapes=offer_shapes([version.label for version in film.versions], texts, is_new=False),
        base=count_changes(session, "offer", offer.sku),
    )


def _offer_inputs(form: FormPage, offer: Offer) -> InputValues:
    values = offer_document(offer)
    license_text = values["license_text"]
    return format_inputs(
        form.shapes, values | {"license_text": f"{license_text['code']} {license_text['version']}"}
    )
