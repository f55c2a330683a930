"""Edit a film part by part, create one, and preview its page."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from app.catalog import history
from app.catalog.documents import FilmDocument
from app.catalog.film_service import create_film
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Person
from app.catalog.queries import film_for_staff
from app.catalog.titles import slugify
from app.console.access import CatalogEditor
from app.console.fields import Slug
from app.console.films.edit_conflicts import (
    SameFieldsError,
    film_document,
    save_part,
    write_for_preview,
)
from app.console.films.parts import FILM_PARTS, NEW_FILM, FilmPart
from app.console.forms.form_page import FormPage, RowHint, draw_form
from app.console.forms.input_values import InputValues, apply_row_step, format_inputs, read_inputs
from app.console.forms.pickers import apply_pick_step, find_film_hints, find_film_options
from app.console.forms.submission import (
    MAX_FIELDS,
    SubmittedForm,
    get_number,
    get_text,
    next_base,
    run_once,
)
from app.console.forms.validation import validate_form
from app.console.pages import see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, NotFoundError
from app.storefront.film_routes import draw_preview

MAX_SIMILAR = 3


def find_credit_hints(session: Session, rows: Sequence[InputValues]) -> dict[str, RowHint]:
    """Return a hint for each credit that has a name, by the row's pointer."""
    slugs = [row["person"] or slugify(row["name"]) for row in rows]
    known = {
        slug: (name, films)
        for slug, name, films in session.execute(
            select(Person.slug, Person.name, func.count(distinct(Credit.film_id)))
            .outerjoin(Credit, Credit.person_id == Person.id)
            .where(Person.slug.in_(slugs))
            .group_by(Person.id)
        )
    }
    notes = {}
    for position, (row, slug) in enumerate(zip(rows, slugs, strict=True)):
        if slug in known:
            name, films = known[slug]
            count = "1 film" if films == 1 else f"{films} films"
            text = f"Already in the catalog, with {count}:"
            notes[f"credits/{position}"] = RowHint(text, f"/console/people/{slug}", name)
        elif row["name"]:
            similar_names = _find_similar_names(session, slug)
            similar = f" Similar: {', '.join(similar_names)}." if similar_names else ""
            text = f"Not in the catalog. A new entry will be created.{similar}"
            notes[f"credits/{position}"] = RowHint(text)
    return notes


def _find_similar_names(session: Session, slug: str) -> Sequence[str]:
    """Return the names of people with the same last name."""
    last = slug.rpartition("-")[2]
    if not last:
        return []
    return session.scalars(
        select(Person.name)
        .where(Person.slug.endswith(f"-{last}", autoescape=True))
        .order_by(Person.slug)
        .limit(MAX_SIMILAR)
    ).all()


router = APIRouter(form_limits={"max_fields": MAX_FIELDS})
PartName = Annotated[str, Path(pattern=r"^[a-z-]{1,40}$")]


@router.get("/new-film", summary="New film form")
def new_film_form(request: Request, staff: CatalogEditor) -> Response:
    """Show the form for a new film."""
    form = _new_form()
    return draw_form(request, staff, form, format_inputs(form.shapes, {}))


@router.post("/new-film", summary="Create a film")
def new_film(request: Request, staff: CatalogEditor, form_data: SubmittedForm) -> Response:
    """Create a draft."""
    form = _new_form()
    typed = read_inputs(form.shapes, form_data.multi_items())
    try:
        values = typed | {"slug": typed["slug"] or slugify(typed["title"])}
        document = validate_form(FilmDocument, form.shapes, values)
        new = run_once(
            request,
            get_text(form_data, "once"),
            lambda session: create_film(session, document, actor=staff.actor),
        )
    except AppError as error:
        return draw_form(request, staff, form, typed, problem=error)
    done = "film-made" if new else "twice"
    return see_other(f"/console/films/{document.slug}", done=done)


@router.get("/films/{slug}/edit/{part}", summary="Film details form")
def part_form(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, slug: Slug, part: PartName
) -> Response:
    """Show the form for a part of a film."""
    film_part = _part(part)
    film = film_for_staff(session, slug)
    typed = format_inputs(film_part.shapes, film_document(film))
    form = _form(film, film_part, base=history.latest(session, slug))
    return draw_form(request, staff, form, typed, notes=_notes(session, typed))


@router.post("/films/{slug}/edit/{part}", summary="Save or preview film details")
def change_part(
    request: Request, staff: CatalogEditor, slug: Slug, part: PartName, form_data: SubmittedForm
) -> Response:
    """Save the part, change a row of the form, or preview the page.

    Changes of others in the meantime are kept. If they changed the same field, nothing is saved and
    the form shows both.
    """
    film_part, step, base = _part(part), get_text(form_data, "step"), get_number(form_data, "base")
    typed = read_inputs(film_part.shapes, form_data.multi_items())
    state = app_state(request)
    problem: AppError | None = None
    theirs = []
    merged: list[str] = []

    def work(session: Session) -> None:
        result = save_part(session, slug, film_part, typed, base=base, actor=staff.actor)
        merged.extend(result.kept)

    try:
        if step == "preview":
            with state.sessions() as session:
                film = write_for_preview(
                    session, slug, film_part, typed, base=base, actor=staff.actor
                )
                page = draw_preview(request, session, film)
                session.rollback()
            return page
        if not (
            apply_row_step(film_part.shapes, typed, step)
            or apply_pick_step(film_part.shapes, typed, step)
        ):
            new = run_once(request, get_text(form_data, "once"), work)
            done = ("film-merged" if merged else "film-saved") if new else "twice"
            return see_other(f"/console/films/{slug}", done=done, anchor=part)
    except SameFieldsError as error:
        problem, theirs, typed = error, error.theirs, error.typed
    except AppError as error:
        problem = error
    with state.readers() as session:
        form = _form(film_for_staff(session, slug), film_part, base=next_base(form_data, problem))
        notes = _notes(session, typed)
        extras: dict[str, object] = {"offered": find_film_options(session, film_part.shapes, typed)}
        if theirs:
            extras["theirs"] = theirs
        return draw_form(request, staff, form, typed, problem=problem, notes=notes, extras=extras)


@router.get("/films/{slug}/preview", summary="Preview of the film's public page")
def preview(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Show the public page of a film of any status."""
    del staff
    return draw_preview(request, session, film_for_staff(session, slug))


def _part(name: str) -> FilmPart:
    if name not in FILM_PARTS:
        detail = f"Film part “{name}” not found."
        raise NotFoundError(detail)
    return FILM_PARTS[name]


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
        shapes=part.shapes,
        base=base,
        previews=True,
    )


def _notes(session: Session, typed: InputValues) -> dict[str, RowHint]:
    if "credits" in typed:
        return find_credit_hints(session, typed["credits"])
    return find_film_hints(session, "related", typed["related"]) if "related" in typed else {}
