"""Rights windows. Staff see which offers a change would stop before it is saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.catalog.queries import film_for_staff
from app.console.access import OfferEditor
from app.console.fields import Slug
from app.console.forms.field_types import Field, FieldType, Shape
from app.console.forms.form_page import FormPage, draw_form
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
from app.console.pages import see_other
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

WINDOW: list[Shape] = [
    Field(
        "owner",
        "Owner",
        help="Company or person who granted the right.",
        required=("Enter the owner."),
    ),
    Field(
        "territory",
        "Territory",
        FieldType.TERRITORY,
        help="Country names or codes, separated by commas, or Worldwide.",
        required="Enter a territory.",
    ),
    Field("starts_on", "First day", FieldType.DATE, required="Enter the first day."),
    Field("ends_on", "Last day", FieldType.DATE, help="Leave empty for no end date."),
    Field(
        "max_term_months",
        "Maximum term, in months",
        FieldType.WHOLE,
        help="Leave empty to allow terms until the window ends.",
    ),
    Field(
        "may_sublicense_perpetual",
        "Allow licenses without an end date, which outlast the window",
        FieldType.CHECK,
    ),
    Field(
        "royalty_bp",
        "Royalty, in percent",
        FieldType.PERCENT,
        help="Share of the price, such as 50 or 12.5.",
        required="Enter the royalty, such as 50 or 12.5.",
    ),
]
NEW_WINDOW: list[Shape] = [
    Field(
        "right",
        "Right",
        FieldType.CHOICE,
        required="Choose a right.",
        choices=[(right.value, label.capitalize()) for right, label in HELD_RIGHT_LABELS.items()],
    ),
    Field(
        "contract_ref",
        "Contract",
        help="The contract number in your files. Add each right of a film once per contract.",
        required="Enter the contract number.",
        max_length=80,
    ),
    *WINDOW,
]


router = APIRouter()
Ref = Annotated[str, Path(pattern=r"^RW-[0-9A-Z]{8}$")]
CONFIRMS = {"save": "Save anyway", "remove": "Remove window anyway"}
MAX_SEEN_LENGTH = 20_000
WINDOW_CHANGES = "rights_window"


class ConfirmationNeededError(Exception):
    """The change stops offers that staff have not confirmed."""


@dataclass(frozen=True, slots=True)
class AffectedOffer:
    """An offer that a change would make unavailable."""

    sku: str
    title: str
    reason: str


@router.get("/films/{slug}/new-window", summary="Rights window form")
def new_window_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Show the form for a new rights window."""
    form = _new_form(film_for_staff(session, slug))
    return draw_form(request, staff, form, format_inputs(form.shapes, {}))


@router.post("/films/{slug}/new-window", summary="Add a rights window")
def new_window(
    request: Request, staff: OfferEditor, slug: Slug, form_data: SubmittedForm
) -> Response:
    """Add a rights window. More rights stop no offer, so this needs no confirmation."""
    with app_state(request).readers() as session:
        form = _new_form(film_for_staff(session, slug))
    typed = read_inputs(form.shapes, form_data.multi_items())

    def work(session: Session) -> None:
        draft = validate_form(WindowIn, form.shapes, typed, extra={"film": slug})
        add_window(session, draft=draft, actor=staff.actor)

    return submit(
        request,
        get_text(form_data, "once"),
        work,
        redraw=lambda _, error: draw_form(request, staff, form, typed, problem=error),
        path=f"/console/films/{slug}",
        done="window-added",
        anchor="windows",
    )


@router.get("/windows/{ref}", summary="Form to change a rights window")
def window_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, ref: Ref
) -> Response:
    """Show the form of a rights window."""
    window = queries.get_window(session, ref)
    return draw_form(request, staff, _form(session, window), _window_inputs(window))


@router.post("/windows/{ref}", summary="Change or remove a rights window")
def change(request: Request, staff: OfferEditor, ref: Ref, form_data: SubmittedForm) -> Response:
    """Change or remove the window, after staff confirmed the offers that this stops.

    If more offers would stop by then, the list is shown again.
    """
    step, typed = get_text(form_data, "step"), read_inputs(WINDOW, form_data.multi_items())
    action = "remove" if step in {"remove", "confirm-remove"} else "save"
    seen = (
        set(get_text(form_data, "seen", MAX_SEEN_LENGTH).split())
        if step.startswith("confirm")
        else set()
    )
    with app_state(request).readers() as session:
        window = queries.get_window(session, ref)
        form, broken = _form(session, window), list[AffectedOffer]()

    def work(session: Session) -> None:
        window = queries.get_window(session, ref, for_change=True)
        reject_if_changed(session, WINDOW_CHANGES, ref, form_data)
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
        patch = None if action == "remove" else validate_form(WindowPatch, WINDOW, typed)
        new = run_once(request, get_text(form_data, "once"), work)
    except ConfirmationNeededError:
        form = replace(form, base=next_base(form_data))
        return draw_form(request, staff, form, typed, extras=_confirmation(broken, action))
    except AppError as error:
        form = replace(form, base=next_base(form_data, error))
        return draw_form(request, staff, form, typed, problem=error)
    done = f"window-{action}d" if new else "twice"
    return see_other(f"/console/films/{window.film.slug}", done=done, anchor="windows")


def _confirmation(broken: Sequence[AffectedOffer], action: str) -> Mapping[str, object]:
    """Return the confirmation that is shown above the form."""
    return {
        "breaks": broken,
        "seen": " ".join(offer.sku for offer in broken),
        "step": f"confirm-{action}",
        "button": CONFIRMS[action],
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
        base=count_changes(session, WINDOW_CHANGES, window.ref),
        removes="Remove window",
    )


def _window_inputs(window: RightsWindow) -> InputValues:
    return format_inputs(WINDOW, {name: getattr(window, name) for name in FIELDS})
