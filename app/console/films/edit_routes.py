"""Editing a film part by part; a new film; how it would look before anything is saved."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog import history
from app.catalog.documents import FilmDocument
from app.catalog.film_service import create_film
from app.catalog.models import Film
from app.catalog.queries import film_for_staff
from app.catalog.titles import slugify
from app.console.access import Staff, require_scopes
from app.console.films.credit_notes import credit_notes
from app.console.films.part import FilmPart
from app.console.films.parts import NEW_FILM, PARTS
from app.console.films.saving import SameFieldsError, film_document, save_part, write_for_preview
from app.console.forms.checking import validate_form
from app.console.forms.drawing import FormPage, RowHint, draw_form
from app.console.forms.edit_conflicts import base_again
from app.console.forms.input_values import InputValues, read, rearranged, typed_of
from app.console.forms.picking import film_notes, find_film_options, picked
from app.console.forms.submitted import MAX_FIELDS, SubmittedForm, number_of, text_of
from app.console.pages import see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, NotFoundError
from app.storefront.film_routes import draw_preview

router = APIRouter(form_limits={"max_fields": MAX_FIELDS})
FilmEditor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
PartName = Annotated[str, Path(pattern=r"^[a-z-]{1,40}$")]


@router.get("/new-film", summary="New film form")
def new_film_form(request: Request, staff: FilmEditor) -> Response:
    """Ask for as little as a film needs to have a page of its own here."""
    form = _new_form()
    return draw_form(request, staff, form, typed_of(form.shapes, {}))


@router.post("/new-film", summary="Create a film")
def new_film(request: Request, staff: FilmEditor, sent: SubmittedForm) -> Response:
    """Make a draft, and go on to its parts."""
    form = _new_form()
    typed = read(form.shapes, sent.multi_items())
    try:
        asked = typed | {"slug": typed["slug"] or slugify(typed["title"])}
        document = validate_form(FilmDocument, form.shapes, asked)
        new = run_once(
            request,
            text_of(sent, "once"),
            lambda session: create_film(session, document, actor=staff.actor),
        )
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    done = "film-made" if new else "twice"
    return see_other(f"/console/films/{document.slug}", done=done)


@router.get("/films/{slug}/edit/{part}", summary="Film details form")
def part_form(
    request: Request, staff: FilmEditor, session: ReadSessionDep, slug: Slug, part: PartName
) -> Response:
    """Ask what this part says, answered as the film says it now."""
    asked = _part(part)
    film = film_for_staff(session, slug)
    typed = typed_of(asked.shapes, film_document(film))
    form = _form(film, asked, base=history.latest(session, slug))
    return draw_form(request, staff, form, typed, notes=_notes(session, typed))


@router.post("/films/{slug}/edit/{part}", summary="Save or preview film details")
def change_part(
    request: Request, staff: FilmEditor, slug: Slug, part: PartName, sent: SubmittedForm
) -> Response:
    """Save the part; or add, move or remove a row of the form; or show how it would look.

    What others changed meanwhile stays. Where they changed the same field, nothing is saved: the
    form comes back with what was typed, and with what they did.
    """
    asked, step, base = _part(part), text_of(sent, "step"), number_of(sent, "base")
    typed = read(asked.shapes, sent.multi_items())
    state = app_state(request)
    problem: AppError | None = None
    theirs = []
    kept: list[str] = []

    def work(session: Session) -> None:
        found = save_part(session, slug, asked, typed, base=base, actor=staff.actor)
        kept.extend(found.kept)

    try:
        if step == "preview":
            with state.sessions() as session:
                film = write_for_preview(session, slug, asked, typed, base=base, actor=staff.actor)
                page = draw_preview(request, session, film)
                session.rollback()
            return page
        if not (rearranged(asked.shapes, typed, step) or picked(asked.shapes, typed, step)):
            new = run_once(request, text_of(sent, "once"), work)
            done = ("film-merged" if kept else "film-saved") if new else "twice"
            return see_other(f"/console/films/{slug}", done=done, anchor=part)
    except SameFieldsError as error:
        problem, theirs, typed = error, error.theirs, error.typed
    except AppError as error:
        problem = error
    with state.readers() as session:
        form = _form(film_for_staff(session, slug), asked, base=base_again(sent, problem))
        notes = _notes(session, typed)
        also: dict[str, object] = {"offered": find_film_options(session, asked.shapes, typed)}
        if theirs:
            also["theirs"] = theirs
        return draw_form(request, staff, form, typed, problem=problem, notes=notes, also=also)


@router.get("/films/{slug}/preview", summary="Preview of the film's public page")
def preview(request: Request, staff: FilmEditor, session: ReadSessionDep, slug: Slug) -> Response:
    """Show a film of any status as the public would see it."""
    del staff
    return draw_preview(request, session, film_for_staff(session, slug))


def _part(name: str) -> FilmPart:
    if name not in PARTS:
        detail = f"Film part “{name}” not found."
        raise NotFoundError(detail)
    return PARTS[name]


def _new_form() -> FormPage:
    return FormPage(
        heading="New film",
        action="/console/new-film",
        back="/console/films",
        crumbs=(("/console/films", "Films"),),
        lead="The film starts as a draft that is not public.",
        shapes=NEW_FILM,
        save="Create film",
    )


def _form(film: Film, part: FilmPart, *, base: int) -> FormPage:
    address = f"/console/films/{film.slug}"
    return FormPage(
        heading=part.label,
        action=f"{address}/edit/{part.slug}",
        back=f"{address}#{part.slug}",
        crumbs=(("/console/films", "Films"), (address, film.title)),
        lead=part.lead,
        shapes=part.shapes,
        base=base,
        previews=True,
    )


def _notes(session: Session, typed: InputValues) -> dict[str, RowHint]:
    if "credits" in typed:
        return credit_notes(session, typed["credits"])
    return film_notes(session, "related", typed["related"]) if "related" in typed else {}
