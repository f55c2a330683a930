"""Rights windows: what an owner granted. What a change would take off sale is shown before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog.models import Film
from app.catalog.queries import film_for_staff
from app.console.access import Staff, require_scopes
from app.console.forms.checking import validate_form
from app.console.forms.drawing import FormPage, draw_form
from app.console.forms.edit_conflicts import base_again, change_count, reject_if_changed
from app.console.forms.input_values import InputValues, read, typed_of
from app.console.forms.submitted import SubmittedForm, text_of
from app.console.offers.shapes import NEW_WINDOW, WINDOW
from app.console.pages import see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.offers import queries
from app.offers.models import RightsWindow
from app.offers.staff_schemas import WindowIn, WindowPatch
from app.offers.states import HELD_RIGHT_LABELS
from app.offers.window_service import (
    FIELDS,
    add_window,
    change_window,
    offers_broken_by,
    remove_window,
)

router = APIRouter()
OfferEditor = Annotated[Staff, Depends(require_scopes(Scope.OFFERS_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
Ref = Annotated[str, Path(pattern=r"^RW-[0-9A-Z]{8}$")]
CONFIRMS = {"save": "Save anyway", "remove": "Remove window anyway"}
MAX_SEEN_LENGTH = 20_000
WINDOW_CHANGES = "rights_window"


class ConfirmationNeededError(Exception):
    """What the change would do is shown before it is done."""


@dataclass(frozen=True, slots=True)
class AffectedOffer:
    """An offer that a change would take off sale."""

    sku: str
    title: str
    why: str


@router.get("/films/{slug}/new-window", summary="Rights window form")
def new_window_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Ask what an owner granted: where, from when to when, how far."""
    form = _new_form(film_for_staff(session, slug))
    return draw_form(request, staff, form, typed_of(form.shapes, {}))


@router.post("/films/{slug}/new-window", summary="Add a rights window")
def new_window(request: Request, staff: OfferEditor, slug: Slug, sent: SubmittedForm) -> Response:
    """Write the right down. More rights break no offer, so nothing is asked twice."""
    with app_state(request).readers() as session:
        form = _new_form(film_for_staff(session, slug))
    typed = read(form.shapes, sent.multi_items())
    try:
        draft = validate_form(WindowIn, form.shapes, typed, beside={"film": slug})
        new = run_once(
            request,
            text_of(sent, "once"),
            lambda session: add_window(session, draft=draft, actor=staff.actor),
        )
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    done = "window-added" if new else "twice"
    return see_other(f"/console/films/{slug}", done=done, anchor="windows")


@router.get("/windows/{ref}", summary="Form to change a rights window")
def window_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, ref: Ref
) -> Response:
    """Show what the contract gives us, to be changed, extended, ended or removed."""
    window = queries.get_window(session, ref)
    return draw_form(request, staff, _form(session, window), _typed(window))


@router.post("/windows/{ref}", summary="Change or remove a rights window")
def change(request: Request, staff: OfferEditor, ref: Ref, sent: SubmittedForm) -> Response:
    """Change the window, or show first which offers that would take off sale.

    Who confirms has seen a list; if by then another offer would break too, it is shown again. What
    somebody else changed meanwhile is told before anything is done.
    """
    step, typed = text_of(sent, "step"), read(WINDOW, sent.multi_items())
    wanted = "remove" if step in {"remove", "confirm-remove"} else "save"
    seen = (
        set(text_of(sent, "seen", MAX_SEEN_LENGTH).split()) if step.startswith("confirm") else set()
    )
    with app_state(request).readers() as session:
        window = queries.get_window(session, ref)
        form, broken = _form(session, window), list[AffectedOffer]()

    def work(session: Session) -> None:
        window = queries.get_window(session, ref, for_change=True)
        reject_if_changed(session, WINDOW_CHANGES, ref, sent)
        broken[:] = [
            AffectedOffer(offer.sku, offer.title, " ".join(reason.words for reason in reasons))
            for offer, reasons in offers_broken_by(session, window, patch)
        ]
        if step == "remove" or not seen.issuperset(offer.sku for offer in broken):
            raise ConfirmationNeededError
        if patch is None:
            remove_window(session, ref=ref, actor=staff.actor)
        else:
            change_window(session, ref=ref, patch=patch, actor=staff.actor)

    try:
        patch = None if wanted == "remove" else validate_form(WindowPatch, WINDOW, typed)
        new = run_once(request, text_of(sent, "once"), work)
    except ConfirmationNeededError:
        form = replace(form, base=base_again(sent))
        return draw_form(request, staff, form, typed, also=_asking(broken, wanted))
    except AppError as error:
        form = replace(form, base=base_again(sent, error))
        return draw_form(request, staff, form, typed, problem=error)
    done = f"window-{wanted}d" if new else "twice"
    return see_other(f"/console/films/{window.film.slug}", done=done, anchor="windows")


def _asking(broken: Sequence[AffectedOffer], wanted: str) -> Mapping[str, object]:
    """Return what stands above the form when somebody is to look before it is done."""
    return {
        "breaks": broken,
        "seen": " ".join(offer.sku for offer in broken),
        "step": f"confirm-{wanted}",
        "button": CONFIRMS[wanted],
    }


def _new_form(film: Film) -> FormPage:
    return FormPage(
        heading="New rights window",
        action=f"/console/films/{film.slug}/new-window",
        back=f"/console/films/{film.slug}#windows",
        crumbs=(("/console/films", "Films"), (f"/console/films/{film.slug}", film.title)),
        lead="The rights that the owner's contract grants you. Offers can't exceed them.",
        shapes=NEW_WINDOW,
        save="Add rights window",
    )


def _form(session: Session, window: RightsWindow) -> FormPage:
    film = window.film
    return FormPage(
        heading=f"Rights held for {HELD_RIGHT_LABELS[window.right]}",
        action=f"/console/windows/{window.ref}",
        back=f"/console/films/{film.slug}#windows",
        crumbs=(("/console/films", "Films"), (f"/console/films/{film.slug}", film.title)),
        lead=(
            f"Contract {window.contract_ref}. Offers that exceed the window become unavailable. "
            f"Existing licenses do not change."
        ),
        shapes=WINDOW,
        base=change_count(session, WINDOW_CHANGES, window.ref),
        removes="Remove window",
    )


def _typed(window: RightsWindow) -> InputValues:
    return typed_of(WINDOW, {name: getattr(window, name) for name in FIELDS})
