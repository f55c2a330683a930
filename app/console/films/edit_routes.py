"""Edit a film part by part, create one, and preview its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import history, name_resolution
from app.catalog.differences import FieldDifference, differences, label_of
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument
from app.catalog.film_service import create_film, replace_film
from app.catalog.history import Change
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Person
from app.catalog.queries import film_for_staff
from app.catalog.three_way_merge import MergeResult, merge_edits
from app.catalog.titles import slugify, sort_title
from app.console.access import CatalogEditor
from app.console.fields import Slug
from app.console.films.parts import FILM_PARTS, NEW_FILM, FilmPart
from app.console.forms.form_page import FormPage, RowHint, draw_form
from app.console.forms.input_values import InputValues, apply_row_step, format_inputs, read_inputs
from app.console.forms.pickers import apply_pick_step, find_film_hints, find_film_options
from app.console.forms.submission import (
    MAX_FIELDS,
    EditConflictError,
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
from app.core.errors import AppError, FieldProblem, NotFoundError
from app.storefront.film_routes import draw_preview


@dataclass(frozen=True, slots=True)
class OtherEdit:
    """A change that another editor saved while the form was open."""

    number: int
    editor: str
    via: str
    at: datetime
    differences: Sequence[FieldDifference]


class SameFieldsError(EditConflictError):
    """Two editors changed the same fields of a film. The second change is not saved yet."""

    def __init__(
        self,
        film: Film,
        part: FilmPart,
        typed: InputValues,
        result: MergeResult,
        later: Sequence[Change],
    ) -> None:
        editors = " and ".join(
            dict.fromkeys(change.entry.actor_label for change in reversed(later))
        )
        labels = ", ".join(label_of(name).lower() for name in result.conflicts)
        super().__init__(
            f"{editors} changed the same fields: {labels}. Nothing is saved yet. Your entries are "
            f"below. Save again to replace the other changes.",
            base=later[0].number,
            errors=[
                FieldProblem(f"#/{name}", f"{editors} also changed this. See the change above.")
                for name in result.conflicts
            ],
        )
        self.film = film
        self.theirs = [
            OtherEdit(
                change.number,
                change.entry.actor_label,
                change.entry.via,
                change.entry.at,
                [
                    difference
                    for difference in differences(change.before, change.after)
                    if difference.name in part.names
                ],
            )
            for change in reversed(later)
            if set(part.names) & set(change.after)
        ]
        own_input = {name: typed[name] for name in result.conflicts}
        self.typed = format_inputs(part.shapes, result.values) | own_input


def save_part(
    session: Session, slug: str, part: FilmPart, typed: InputValues, *, base: int, actor: Actor
) -> MergeResult:
    """Save the input for ``part``; ``base`` is the last change when the form was drawn.

    Raises:
        InvalidInputError: a field is invalid.
        SameFieldsError: another editor changed the same fields since.
        FilmConflictError, VersionInUseError: the catalog refuses the change.
    """
    film = film_for_staff(session, slug, for_change=True)
    later = history.changes(session, film, above=base)
    result = _merge(session, film, part, typed, later)
    if result.conflicts:
        raise SameFieldsError(film, part, typed, result, later)
    _save_document(session, film, result, actor)
    return result


def write_for_preview(
    session: Session, slug: str, part: FilmPart, typed: InputValues, *, base: int, actor: Actor
) -> Film:
    """Write the input for a preview; the caller rolls it back.

    Raises:
        InvalidInputError, FilmConflictError, VersionInUseError: as in ``save_part``.
    """
    film = film_for_staff(session, slug, for_change=True)
    later = history.changes(session, film, above=base)
    _save_document(session, film, _merge(session, film, part, typed, later), actor)
    return film_for_staff(session, slug)


def film_document(film: Film) -> dict[str, Any]:
    """Return the document of a loaded film in plain types."""
    return document_of(film).model_dump(mode="json")


def _merge(
    session: Session, film: Film, part: FilmPart, typed: InputValues, later: Sequence[Change]
) -> MergeResult:
    current = film_document(film)
    before = history.as_of(current, later)
    document = validate_form(FilmDocument, part.shapes, typed, extra=before)
    is_derived = before["sort_title"] == sort_title(before["title"])
    if (
        document.title != before["title"]
        and document.sort_title == before["sort_title"]
        and is_derived
    ):
        # It follows the title as long as it was not edited.
        document = document.model_copy(update={"sort_title": None})
    edited = name_resolution.resolve_from_database(session, document).model_dump(mode="json")
    return merge_edits(before, current, edited, part.names)


def _save_document(session: Session, film: Film, result: MergeResult, actor: Actor) -> None:
    document = FilmDocument.model_validate({**film_document(film), **result.values})
    replace_film(session, film, document, actor=actor)


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
