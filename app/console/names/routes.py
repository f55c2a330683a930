"""People and subjects: lists, one entry, merging two that are one, removing what nothing names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy import distinct, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.actors import Actor
from app.accounts.permissions import Scope
from app.catalog import aliases, people, subjects
from app.catalog.enums import NamedKind
from app.catalog.models import Film, FilmSubject, Subject
from app.catalog.names_admin_routes import MergeIn
from app.catalog.parts_models import Credit, Person
from app.console.access import Staff, require_scopes
from app.console.fields import PageNumber, Search
from app.console.forms.checking import validate_form
from app.console.forms.drawing import FormPage
from app.console.forms.edit_conflicts import base_again, change_count, reject_if_changed
from app.console.forms.field_types import Shape
from app.console.forms.input_values import InputValues, read, typed_of
from app.console.forms.picking import offered_entries, picked
from app.console.forms.submitted import SubmittedForm, text_of
from app.console.lists import AnySelect, rows_page, searched
from app.console.names.shapes import MERGE, NEW_PERSON, PERSON, SUBJECT
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError

router = APIRouter()
Editor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
Entry = Person | Subject


def group_of(request: Request) -> str:
    """Return which of the two the address speaks of."""
    return request.url.path.split("/")[2]


Group = Annotated[str, Depends(group_of)]


@dataclass(frozen=True, slots=True)
class EntryConfig:
    """What people and subjects do differently."""

    kind: NamedKind
    one: str
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


NAMED: Mapping[str, EntryConfig] = {
    "people": EntryConfig(
        kind=NamedKind.PERSON,
        one="person",
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
    "subjects": EntryConfig(
        kind=NamedKind.SUBJECT,
        one="subject",
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
    staff: Editor,
    session: ReadSessionDep,
    group: Group,
    q: Search = "",
    number: PageNumber = 1,
) -> Response:
    """Show one page of them, each with how many films name it, and the form for a new one."""
    return _draw_list(request, staff, session, group, q=q, number=number)


@router.post("/people", summary="Create a person or subject")
@router.post("/subjects", summary="Create a person or subject")
def new_name(request: Request, staff: Editor, group: Group, sent: SubmittedForm) -> Response:
    """Make an entry that no film names yet."""
    named = NAMED[group]
    typed = read(named.new_shapes, sent.multi_items())
    made: list[str] = []

    def work(session: Session) -> None:
        made.append(named.create(session, typed, staff.actor).slug)

    try:
        new = run_once(request, text_of(sent, "once"), work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw_list(request, staff, session, group, problem=error, typed=typed)
    if not new:
        return see_other(f"/console/{group}", done="twice")
    return see_other(f"/console/{group}/{made[0]}", done="entry-made")


@router.get("/people/{slug}", summary="One person or subject")
@router.get("/subjects/{slug}", summary="One person or subject")
def name_page(
    request: Request, *, staff: Editor, session: ReadSessionDep, group: Group, slug: Slug
) -> Response:
    """Show the entry's form, its other names, and the films that name it."""
    return _draw(request, staff, session, group, slug)


@router.post("/people/{slug}", summary="Edit, merge, or remove a person or subject")
@router.post("/subjects/{slug}", summary="Edit, merge, or remove a person or subject")
def change_name(
    request: Request, staff: Editor, group: Group, slug: Slug, sent: SubmittedForm
) -> Response:
    """Change it for all films; or give its films to another; or remove it if none names it."""
    named, step = NAMED[group], text_of(sent, "step")
    typed = read(named.shapes, sent.multi_items())
    into = read(MERGE, sent.multi_items())
    target = f"/console/{group}/{slug}"
    if picked(MERGE, into, step):
        with app_state(request).readers() as session:
            return _draw(request, staff, session, group, slug, into=into)

    def work(session: Session) -> None:
        nonlocal target
        if step == "merge":
            kept = validate_form(MergeIn, MERGE, into).into
            named.merge(session, slug, kept, actor=staff.actor)
            target = f"/console/{group}/{kept}"
        elif step == "remove":
            named.delete(session, slug, actor=staff.actor)
            target = f"/console/{group}"
        else:
            named.find(session, slug, for_change=True)
            reject_if_changed(session, named.kind, slug, sent)
            named.change(session, slug, typed, staff.actor)

    try:
        new = run_once(request, text_of(sent, "once"), work)
    except AppError as error:
        mine = (typed, base_again(sent, error)) if step == "save" else None
        with app_state(request).readers() as session:
            return _draw(request, staff, session, group, slug, problem=error, mine=mine, into=into)
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
    named = NAMED[group]
    rows = rows_page(session, searched(named.rows, q, contains=named.columns), page=number)
    return page(
        request,
        staff,
        "names.html",
        problem=problem,
        group=group,
        one=named.one,
        rows=rows,
        q=q,
        form=_form(group, "", named.new_shapes),
        typed=typed or typed_of(named.new_shapes, {"kind": "person"}),
    )


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    group: str,
    slug: str,
    *,
    problem: AppError | None = None,
    mine: tuple[InputValues, int] | None = None,
    into: InputValues | None = None,
) -> Response:
    """Draw the entry as it stands, or ``mine``: what was typed, and the base that it began from."""
    named = NAMED[group]
    entry = named.find(session, slug)
    said = {shape.name: getattr(entry, shape.name) for shape in named.shapes}
    into = into or typed_of(MERGE, {})
    offered = offered_entries(
        session, named.rows, into["into"], contains=named.columns, but=entry.slug
    )
    typed, base = mine or (typed_of(named.shapes, said), change_count(session, named.kind, slug))
    return page(
        request,
        staff,
        "name.html",
        problem=problem,
        group=group,
        one=named.one,
        entry=entry,
        former=aliases.find_aliases(session, named.kind, slug),
        films=named.films(session, entry),
        form=_form(group, slug, named.shapes, base=base),
        typed=typed,
        merging=_form(group, slug, MERGE),
        into=into,
        also={"offered": {"into": offered} if offered else {}},
    )


def _form(group: str, slug: str, shapes: Sequence[Shape], *, base: int = 0) -> FormPage:
    address = f"/console/{group}/{slug}" if slug else f"/console/{group}"
    return FormPage(heading="", action=address, back=f"/console/{group}", shapes=shapes, base=base)
