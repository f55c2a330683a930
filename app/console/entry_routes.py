"""People and subjects: lists, entries, merging duplicates, and removing unused entries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import distinct, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.actors import Actor
from app.catalog import aliases, people, subjects
from app.catalog.enums import NamedKind, PersonKind
from app.catalog.models import Film, FilmSubject, Subject
from app.catalog.names_admin_routes import MergeIn
from app.catalog.parts_models import Credit, Person
from app.console.access import CatalogEditor, Staff
from app.console.fields import PageNumber, Search, Slug
from app.console.forms.field_types import Field, FieldType, Shape
from app.console.forms.form_page import FormPage
from app.console.forms.input_values import InputValues, format_inputs, read_inputs
from app.console.forms.pickers import apply_pick_step, find_entry_options
from app.console.forms.submission import (
    SubmittedForm,
    count_changes,
    get_text,
    next_base,
    reject_if_changed,
    run_once,
)
from app.console.forms.validation import validate_form
from app.console.lists import AnySelect, filter_by_text, find_rows_page
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError

PERSON: list[Shape] = [
    Field("name", "Name", required="Enter the name."),
    Field(
        "sort_name",
        "Sort name",
        help=("For example, Gorter, Jessica. Leave empty to use the name."),
    ),
    Field(
        "kind",
        "Type",
        FieldType.CHOICE,
        required="Choose a type.",
        choices=[(kind.value, kind.value.capitalize()) for kind in PersonKind],
    ),
    Field(
        "biography",
        "Biography",
        FieldType.TEXT,
        help="Plain sentences, shown on their public page.",
        max_length=4000,
        empty="",
    ),
]
NEW_PERSON: list[Shape] = [
    *PERSON,
    Field(
        "slug",
        "Slug",
        help="For example, jessica-gorter. It can't be changed later. Leave empty to use the name.",
        invalid="Enter lowercase letters, digits, and single hyphens.",
    ),
]
SUBJECT: list[Shape] = [
    Field("name", "Name", required="Enter the name."),
    Field(
        "summary",
        "Description",
        FieldType.TEXT,
        help="One or two sentences for the public page.",
        max_length=2000,
        empty="",
    ),
]
MERGE: list[Shape] = [
    Field(
        "into",
        "Merge into",
        FieldType.ENTRY,
        help="Part of the name, or the slug.",
        required="Enter part of the name of the entry to merge into.",
        invalid="Choose an entry below, or enter its slug.",
    )
]


router = APIRouter()
Entry = Person | Subject


def get_group(request: Request) -> str:
    """Return "people", "subjects", or "collections" from the address."""
    return request.url.path.split("/")[2]


Group = Annotated[str, Depends(get_group)]


@dataclass(frozen=True, slots=True)
class EntryType:
    """Differences between people and subjects."""

    kind: NamedKind
    item_label: str
    rows: AnySelect
    columns: Sequence[InstrumentedAttribute[Any]]
    new_shapes: Sequence[Shape]
    shapes: Sequence[Shape]
    find: Callable[..., Entry]
    films: Callable[[Session, Any], list[Film]]
    create: Callable[[Session, InputValues, Actor], Entry]
    change: Callable[[Session, str, InputValues, Actor], Entry]
    merge: Callable[..., Entry]
    delete: Callable[..., None]


def _create_person(session: Session, typed: InputValues, actor: Actor) -> Entry:
    draft = validate_form(people.PersonIn, NEW_PERSON, typed)
    return people.create_person(session, draft, actor=actor)


def _change_person(session: Session, slug: str, typed: InputValues, actor: Actor) -> Entry:
    patch = validate_form(people.PersonPatch, PERSON, typed)
    return people.change_person(session, slug, patch, actor=actor)


def _create_subject(session: Session, typed: InputValues, actor: Actor) -> Entry:
    return subjects.create_subject(
        session, validate_form(subjects.SubjectIn, SUBJECT, typed), actor=actor
    )


def _change_subject(session: Session, slug: str, typed: InputValues, actor: Actor) -> Entry:
    patch = validate_form(subjects.SubjectPatch, SUBJECT, typed)
    return subjects.change_subject(session, slug, patch, actor=actor)


ENTRY_TYPES: Mapping[str, EntryType] = {
    "people": EntryType(
        kind=NamedKind.PERSON,
        item_label="person",
        rows=select(
            Person.slug,
            Person.name,
            Person.sort_name.label("more"),
            func.count(distinct(Credit.film_id)).label("films"),
        )
        .outerjoin(Credit, Credit.person_id == Person.id)
        .group_by(Person.id)
        .order_by(func.lower(Person.sort_name), Person.id),
        columns=(Person.name, Person.sort_name, Person.slug),
        new_shapes=NEW_PERSON,
        shapes=PERSON,
        find=people.get_person_by_slug,
        films=people.films_of,
        create=_create_person,
        change=_change_person,
        merge=people.merge_people,
        delete=people.delete_person,
    ),
    "subjects": EntryType(
        kind=NamedKind.SUBJECT,
        item_label="subject",
        rows=select(
            Subject.slug,
            Subject.name,
            Subject.summary.label("more"),
            func.count(FilmSubject.film_id).label("films"),
        )
        .outerjoin(FilmSubject, FilmSubject.subject_id == Subject.id)
        .group_by(Subject.id)
        .order_by(Subject.slug),
        columns=(Subject.name, Subject.slug),
        new_shapes=SUBJECT,
        shapes=SUBJECT,
        find=subjects.get_subject_by_slug,
        films=subjects.films_on,
        create=_create_subject,
        change=_change_subject,
        merge=subjects.merge_subjects,
        delete=subjects.delete_subject,
    ),
}


@router.get("/people", summary="People or subjects")
@router.get("/subjects", summary="People or subjects")
def name_list(
    request: Request,
    *,
    staff: CatalogEditor,
    session: ReadSessionDep,
    group: Group,
    q: Search = "",
    number: PageNumber = 1,
) -> Response:
    """Show one page of entries with their number of films, and the form for a new one."""
    return _draw_list(request, staff, session, group, q=q, number=number)


@router.post("/people", summary="Create a person or subject")
@router.post("/subjects", summary="Create a person or subject")
def new_name(
    request: Request, staff: CatalogEditor, group: Group, form_data: SubmittedForm
) -> Response:
    """Create an entry."""
    entry_type = ENTRY_TYPES[group]
    typed = read_inputs(entry_type.new_shapes, form_data.multi_items())
    slugs: list[str] = []

    def work(session: Session) -> None:
        slugs.append(entry_type.create(session, typed, staff.actor).slug)

    try:
        new = run_once(request, get_text(form_data, "once"), work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw_list(request, staff, session, group, problem=error, typed=typed)
    if not new:
        return see_other(f"/console/{group}", done="twice")
    return see_other(f"/console/{group}/{slugs[0]}", done="entry-made")


@router.get("/people/{slug}", summary="One person or subject")
@router.get("/subjects/{slug}", summary="One person or subject")
def name_page(
    request: Request, *, staff: CatalogEditor, session: ReadSessionDep, group: Group, slug: Slug
) -> Response:
    """Show the form of an entry, its aliases, and its films."""
    return _draw(request, staff, session, group, slug)


@router.post("/people/{slug}", summary="Edit, merge, or remove a person or subject")
@router.post("/subjects/{slug}", summary="Edit, merge, or remove a person or subject")
def change_name(
    request: Request, staff: CatalogEditor, group: Group, slug: Slug, form_data: SubmittedForm
) -> Response:
    """Save an entry, merge it into another, or remove it if no film uses it."""
    entry_type, step = ENTRY_TYPES[group], get_text(form_data, "step")
    typed = read_inputs(entry_type.shapes, form_data.multi_items())
    into = read_inputs(MERGE, form_data.multi_items())
    target = f"/console/{group}/{slug}"
    if apply_pick_step(MERGE, into, step):
        with app_state(request).readers() as session:
            return _draw(request, staff, session, group, slug, into=into)

    def work(session: Session) -> None:
        nonlocal target
        if step == "merge":
            target_slug = validate_form(MergeIn, MERGE, into).into
            entry_type.merge(session, slug, target_slug, actor=staff.actor)
            target = f"/console/{group}/{target_slug}"
        elif step == "remove":
            entry_type.delete(session, slug, actor=staff.actor)
            target = f"/console/{group}"
        else:
            entry_type.find(session, slug, for_change=True)
            reject_if_changed(session, entry_type.kind, slug, form_data)
            entry_type.change(session, slug, typed, staff.actor)

    try:
        new = run_once(request, get_text(form_data, "once"), work)
    except AppError as error:
        own_input = (typed, next_base(form_data, error)) if step == "save" else None
        with app_state(request).readers() as session:
            return _draw(
                request, staff, session, group, slug, problem=error, own_input=own_input, into=into
            )
    done = {"merge": "entry-merged", "remove": "entry-removed"}.get(step, "entry-saved")
    return see_other(target, done=done if new else "twice")


def _draw_list(
    request: Request,
    staff: Staff,
    session: Session,
    group: str,
    *,
    q: str = "",
    number: int = 1,
    problem: AppError | None = None,
    typed: InputValues | None = None,
) -> Response:
    entry_type = ENTRY_TYPES[group]
    rows = find_rows_page(
        session, filter_by_text(entry_type.rows, q, contains=entry_type.columns), page=number
    )
    return draw_page(
        request,
        staff,
        "names.html",
        problem=problem,
        group=group,
        item_label=entry_type.item_label,
        rows=rows,
        q=q,
        form=_form(group, "", entry_type.new_shapes),
        typed=typed or format_inputs(entry_type.new_shapes, {"kind": "person"}),
    )


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    group: str,
    slug: str,
    *,
    problem: AppError | None = None,
    own_input: tuple[InputValues, int] | None = None,
    into: InputValues | None = None,
) -> Response:
    """Draw the entry as stored, or with ``own_input``: the input and its base."""
    entry_type = ENTRY_TYPES[group]
    entry = entry_type.find(session, slug)
    values = {shape.name: getattr(entry, shape.name) for shape in entry_type.shapes}
    into = into or format_inputs(MERGE, {})
    offered = find_entry_options(
        session, entry_type.rows, into["into"], contains=entry_type.columns, exclude=entry.slug
    )
    typed, base = own_input or (
        format_inputs(entry_type.shapes, values),
        count_changes(session, entry_type.kind, slug),
    )
    return draw_page(
        request,
        staff,
        "name.html",
        problem=problem,
        group=group,
        item_label=entry_type.item_label,
        entry=entry,
        former=aliases.find_aliases(session, entry_type.kind, slug),
        films=entry_type.films(session, entry),
        form=_form(group, slug, entry_type.shapes, base=base),
        typed=typed,
        merging=_form(group, slug, MERGE),
        into=into,
        extras={"offered": {"into": offered} if offered else {}},
    )


def _form(group: str, slug: str, shapes: Sequence[Shape], *, base: int = 0) -> FormPage:
    address = f"/console/{group}/{slug}" if slug else f"/console/{group}"
    return FormPage(heading="", action=address, back=f"/console/{group}", shapes=shapes, base=base)
