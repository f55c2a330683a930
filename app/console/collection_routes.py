"""Collections: the list, the form of one with its films in order, and a new item."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalog.collection_service import (
    CollectionDocument,
    collection_document,
    collection_for_staff,
    delete_collection,
    save_collection,
)
from app.catalog.models import Collection, CollectionFilm
from app.catalog.titles import slugify
from app.console.access import CatalogEditor, Staff
from app.console.fields import Slug
from app.console.forms.field_types import Field, FieldType, Rows, Shape
from app.console.forms.form_page import FormPage, draw_form
from app.console.forms.input_values import InputValues, apply_row_step, format_inputs, read_inputs
from app.console.forms.pickers import apply_pick_step, find_film_hints, find_film_options
from app.console.forms.submission import (
    MAX_FIELDS,
    SubmittedForm,
    count_changes,
    get_text,
    next_base,
    reject_if_changed,
    run_once,
)
from app.console.forms.validation import validate_form
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError, NotFoundError

COLLECTION: list[Shape] = [
    Field("name", "Name", required="Enter the name."),
    Field(
        "summary",
        "Description",
        FieldType.TEXT,
        help="One or two sentences for the public page.",
        max_length=2000,
        empty="",
    ),
    Field(
        "position",
        "Position among collections",
        FieldType.WHOLE,
        help="0 comes first. Leave empty to keep the position, or to add it last.",
    ),
    Rows(
        "films",
        "Films",
        "film",
        (
            Field(
                "slug",
                "Film",
                FieldType.FILM,
                help="Part of the title, or the slug.",
                required="Enter part of the film's title.",
                invalid="Choose a film below, or enter its slug.",
            ),
        ),
        help="In viewing order. Drafts are not public.",
        max_rows=2000,
    ),
]
NEW_COLLECTION: list[Shape] = [
    Field(
        "slug",
        "Slug",
        help=(
            "For example, rivers-of-the-world. It can't be changed later. Leave empty to use the "
            "name."
        ),
        invalid="Enter lowercase letters, digits, and single hyphens.",
    ),
    *COLLECTION,
]


router = APIRouter(form_limits={"max_fields": MAX_FIELDS})


@router.get("/collections", summary="Collections")
def collection_list(request: Request, staff: CatalogEditor, session: ReadSessionDep) -> Response:
    """Show the collections in order, with their number of films."""
    rows = session.execute(
        select(
            Collection.slug,
            Collection.name,
            Collection.position,
            func.count(CollectionFilm.film_id).label("films"),
        )
        .outerjoin(CollectionFilm, CollectionFilm.collection_id == Collection.id)
        .group_by(Collection.id)
        .order_by(Collection.position, Collection.id)
    ).all()
    return draw_page(request, staff, "collections.html", rows=rows)


@router.get("/new-collection", summary="New collection form")
def new_collection_form(request: Request, staff: CatalogEditor) -> Response:
    """Show the form for a new collection."""
    return draw_form(request, staff, _new_form(), format_inputs(NEW_COLLECTION, {}))


@router.post("/new-collection", summary="Create a collection")
def new_collection(request: Request, staff: CatalogEditor, form_data: SubmittedForm) -> Response:
    """Create a collection, or change a row of the form."""
    typed = read_inputs(NEW_COLLECTION, form_data.multi_items())
    return _save(request, staff, _new_form(), typed, form_data, slug="")


@router.get("/collections/{slug}", summary="Collection form")
def collection_form(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Show the form of a collection."""
    document = _document(session, slug)
    shown = document.model_dump(mode="json")
    shown["films"] = [{"slug": film} for film in document.films]
    typed = format_inputs(COLLECTION, shown)
    return draw_form(
        request,
        staff,
        _form(session, document),
        typed,
        notes=find_film_hints(session, "films", typed["films"]),
    )


@router.post("/collections/{slug}", summary="Edit or remove a collection")
def change_collection(
    request: Request, staff: CatalogEditor, slug: Slug, form_data: SubmittedForm
) -> Response:
    """Save or remove a collection, or change a row of the form."""
    with app_state(request).readers() as session:
        form = _form(session, _document(session, slug))
    if get_text(form_data, "step") == "remove":
        new = run_once(
            request,
            get_text(form_data, "once"),
            lambda session: delete_collection(session, slug, actor=staff.actor),
        )
        return see_other("/console/collections", done="entry-removed" if new else "twice")
    typed = read_inputs(COLLECTION, form_data.multi_items())
    return _save(request, staff, form, typed, form_data, slug=slug)


def _save(
    request: Request,
    staff: Staff,
    form: FormPage,
    typed: InputValues,
    form_data: SubmittedForm,
    *,
    slug: str,
) -> Response:
    problem: AppError | None = None

    def work(session: Session) -> None:
        if slug:
            collection_for_staff(session, slug, for_change=True)
            reject_if_changed(session, "collection", slug, form_data)
        save_collection(session, document, actor=staff.actor, is_new=not slug)

    step = get_text(form_data, "step")
    if not (apply_row_step(form.shapes, typed, step) or apply_pick_step(form.shapes, typed, step)):
        try:
            document = _checked(form, typed, slug)
            new = run_once(request, get_text(form_data, "once"), work)
        except AppError as error:
            problem = _move_errors_to_fields(error)
        else:
            done = "entry-saved" if new else "twice"
            return see_other(f"/console/collections/{document.slug}", done=done)
    with app_state(request).readers() as session:
        notes = find_film_hints(session, "films", typed["films"])
        extras = {"offered": find_film_options(session, form.shapes, typed)}
        form = replace(form, base=next_base(form_data, problem))
        return draw_form(request, staff, form, typed, problem=problem, notes=notes, extras=extras)


def _checked(form: FormPage, typed: InputValues, slug: str) -> CollectionDocument:
    extra = {"slug": slug} if slug else {}
    values = typed if slug else typed | {"slug": typed["slug"] or slugify(typed["name"])}

    def reshape(values: dict[str, Any]) -> dict[str, Any]:
        return values | {"films": [row["slug"] for row in values["films"]]}

    return validate_form(CollectionDocument, form.shapes, values, extra=extra, reshape=reshape)


def _move_errors_to_fields(error: AppError) -> AppError:
    """Move errors from rows to the only field of a row."""
    errors = [
        FieldProblem(f"{item.pointer}/slug", item.detail)
        if item.pointer.startswith("#/films/") and not item.pointer.endswith("/slug")
        else item
        for item in error.errors
    ]
    return InvalidInputError(error.detail, errors=errors) if errors else error


def _document(session: Session, slug: str) -> CollectionDocument:
    collection = collection_for_staff(session, slug)
    if collection is None:
        detail = f"Collection “{slug}” not found."
        raise NotFoundError(detail)
    return collection_document(collection)


def _new_form() -> FormPage:
    return FormPage(
        heading="New collection",
        action="/console/new-collection",
        back="/console/collections",
        crumbs=(("/console/collections", "Collections"),),
        shapes=NEW_COLLECTION,
        save="Create collection",
    )


def _form(session: Session, document: CollectionDocument) -> FormPage:
    return FormPage(
        heading=document.name,
        action=f"/console/collections/{document.slug}",
        back="/console/collections",
        crumbs=(("/console/collections", "Collections"),),
        shapes=COLLECTION,
        base=count_changes(session, "collection", document.slug),
        history=f"/console/collections/{document.slug}/history",
        removes="Remove collection (keeps its films)",
    )
