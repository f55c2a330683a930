"""Writing an offer, and changing one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog.models import Film
from app.catalog.queries import film_for_staff
from app.console.access import Staff, require_scopes
from app.console.forms.checking import validate_form
from app.console.forms.drawing import FormPage, RowHint, draw_form
from app.console.forms.edit_conflicts import base_again, change_count, reject_if_changed
from app.console.forms.input_values import InputValues, read, typed_of
from app.console.forms.submitted import SubmittedForm, text_of
from app.console.offers.shapes import offer_shapes, offer_values
from app.console.pages import see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.offers import queries
from app.offers.models import LicenseText, Offer
from app.offers.offer_service import change_offer, create_offer, offer_document
from app.offers.staff_schemas import OfferIn, OfferPatch

router = APIRouter()
OfferEditor = Annotated[Staff, Depends(require_scopes(Scope.OFFERS_WRITE))]
Sku = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]


@router.get("/films/{slug}/new-offer", summary="New offer form")
def new_offer_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Ask what is sold, how, where, for how long, and what it grants."""
    film = film_for_staff(session, slug)
    form = _new_form(session, film)
    typed = typed_of(form.shapes, {})
    if len(film.versions) == 1:
        typed["versions"] = [film.versions[0].label]
    return draw_form(request, staff, form, typed)


@router.post("/films/{slug}/new-offer", summary="Create an offer")
def new_offer(request: Request, staff: OfferEditor, slug: Slug, sent: SubmittedForm) -> Response:
    """Write the offer as a draft, and go on to its prices."""
    with app_state(request).readers() as session:
        form = _new_form(session, film_for_staff(session, slug))
    typed = read(form.shapes, sent.multi_items())
    try:
        draft = validate_form(
            OfferIn, form.shapes, typed, beside={"film": slug}, reshape=offer_values
        )
        new = run_once(
            request,
            text_of(sent, "once"),
            lambda session: create_offer(session, draft=draft, actor=staff.actor),
        )
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    return see_other(f"/console/offers/{draft.sku}", done="offer-written" if new else "twice")


@router.get("/offers/{sku}/edit", summary="Offer form")
def edit_offer_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku
) -> Response:
    """Ask the same questions, answered as the offer stands."""
    offer = queries.get_offer(session, sku)
    form = _edit_form(session, offer)
    return draw_form(request, staff, form, _typed(form, offer))


@router.post("/offers/{sku}/edit", summary="Change an offer")
def edit_offer(request: Request, staff: OfferEditor, sku: Sku, sent: SubmittedForm) -> Response:
    """Change what differs. What was quoted, ordered or granted before stays as it was."""
    with app_state(request).readers() as session:
        form = _edit_form(session, queries.get_offer(session, sku))
    typed = read(form.shapes, sent.multi_items())

    def work(session: Session) -> None:
        queries.get_offer(session, sku, for_change=True)
        reject_if_changed(session, "offer", sku, sent)
        change_offer(session, sku=sku, patch=patch, actor=staff.actor)

    try:
        patch = validate_form(OfferPatch, form.shapes, typed, reshape=offer_values)
        new = run_once(request, text_of(sent, "once"), work)
    except AppError as error:
        form = replace(form, base=base_again(sent, error))
        return draw_form(request, staff, form, typed, problem=error)
    return see_other(f"/console/offers/{sku}", done="offer-saved" if new else "twice")


def _new_form(session: Session, film: Film) -> FormPage:
    texts = _texts(session)
    return FormPage(
        heading="New offer",
        action=f"/console/films/{film.slug}/new-offer",
        back=f"/console/films/{film.slug}#offers",
        crumbs=(("/console/films", "Films"), (f"/console/films/{film.slug}", film.title)),
        lead="The offer starts as a draft that buyers can't see. Add prices, then publish it.",
        shapes=offer_shapes([version.label for version in film.versions], texts, is_new=True),
        save="Create offer",
        needs=_needs(film, texts),
    )


def _texts(session: Session) -> list[LicenseText]:
    """Return the texts that an offer can be under: the terms of sale are not one of them."""
    return [
        text for text in queries.find_current_texts(session) if text.code != queries.GENERAL_TERMS
    ]


def _needs(film: Film, texts: Sequence[LicenseText]) -> list[RowHint]:
    needs = []
    if not texts:
        words = "An offer needs a license text. No license texts yet."
        needs.append(RowHint(words, "/console/texts", "Publish a license text"))
    if not film.versions:
        words = "An offer needs a version. This film has no versions yet."
        needs.append(RowHint(words, f"/console/films/{film.slug}/edit/versions", "Add a version"))
    return needs


def _edit_form(session: Session, offer: Offer) -> FormPage:
    texts = _texts(session)
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
        base=change_count(session, "offer", offer.sku),
    )


def _typed(form: FormPage, offer: Offer) -> InputValues:
    said = offer_document(offer)
    text = said["license_text"]
    return typed_of(form.shapes, said | {"license_text": f"{text['code']} {text['version']}"})
