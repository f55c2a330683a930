"""Collections: the list, one of them with its films in order, a new one."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog.collection_service import (
    CollectionDocument,
    collection_document,
    collection_for_staff,
    delete_collection,
    save_collection,
)
from app.catalog.models import Collection, CollectionFilm
from app.catalog.titles import slugify
from app.console.access import Staff, require_scopes
from app.console.forms.checking import validate_form
from app.console.forms.drawing import FormPage, draw_form
from app.console.forms.edit_conflicts import base_again, change_count, reject_if_changed
from app.console.forms.input_values import InputValues, read, rearranged, typed_of
from app.console.forms.picking import film_notes, find_film_options, picked
from app.console.forms.submitted import MAX_FIELDS, SubmittedForm, text_of
from app.console.names.shapes import COLLECTION, NEW_COLLECTION
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError, NotFoundError

router = APIRouter(form_limits={"max_fields": MAX_FIELDS})
Editor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]


@router.get("/collections", summary="Collections")
def collection_list(request: Request, staff: Editor, session: ReadSessionDep) -> Response:
    """Show the collections in their order, each with how many films it holds."""
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
    return page(request, staff, "collections.html", rows=rows)


@router.get("/new-collection", summary="New collection form")
def new_collection_form(request: Request, staff: Editor) -> Response:
    """Ask for its name, what it is about, and its films in order."""
    return draw_form(request, staff, _new_form(), typed_of(NEW_COLLECTION, {}))


@router.post("/new-collection", summary="Create a collection")
def new_collection(request: Request, staff: Editor, sent: SubmittedForm) -> Response:
    """Make it; or add, move or remove a row of the form."""
    typed = read(NEW_COLLECTION, sent.multi_items())
    return _save(request, staff, _new_form(), typed, sent, slug="")


@router.get("/collections/{slug}", summary="Collection form")
def collection_form(
    request: Request, staff: Editor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Ask the same, answered as the collection stands."""
    document = _document(session, slug)
    shown = document.model_dump(mode="json")
    shown["films"] = [{"slug": film} for film in document.films]
    typed = typed_of(COLLECTION, shown)
    return draw_form(
        request,
        staff,
        _form(session, document),
        typed,
        notes=film_notes(session, "films", typed["films"]),
    )


@router.post("/collections/{slug}", summary="Edit or remove a collection")
def change_collection(request: Request, staff: Editor, slug: Slug, sent: SubmittedForm) -> Response:
    """Save it; or add, move or remove a row of the form; or remove the collection."""
    with app_state(request).readers() as session:
        form = _form(session, _document(session, slug))
    if text_of(sent, "step") == "remove":
        new = run_once(
            request,
            text_of(sent, "once"),
            lambda session: delete_collection(session, slug, actor=staff.actor),
        )
        return see_other("/console/collections", done="entry-removed" if new else "twice")
    typed = read(COLLECTION, sent.multi_items())
    return _save(request, staff, form, typed, sent, slug=slug)


def _save(
    request: Request,
    staff: Staff,
    form: FormPage,
    typed: InputValues,
    sent: SubmittedForm,
    *,
    slug: str,
) -> Response:
    problem: AppError | None = None

    def work(session: Session) -> None:
        if slug:
            collection_for_staff(session, slug, for_change=True)
            reject_if_changed(session, "collection", slug, sent)
        save_collection(session, document, actor=staff.actor, is_new=not slug)

    step = text_of(sent, "step")
    if not (rearranged(form.shapes, typed, step) or picked(form.shapes, typed, step)):
        try:
            document = _checked(form, typed, slug)
            new = run_once(request, text_of(sent, "once"), work)
        except AppError as error:
            problem = _beside_rows(error)
        else:
            done = "entry-saved" if new else "twice"
            return see_other(f"/console/collections/{document.slug}", done=done)
    with app_state(request).readers() as session:
        notes = film_notes(session, "films", typed["films"])
        also = {"offered": find_film_options(session, form.shapes, typed)}
        form = replace(form, base=base_again(sent, problem))
        return draw_form(request, staff, form, typed, problem=problem, notes=notes, also=also)


def _checked(form: FormPage, typed: InputValues, slug: str) -> CollectionDocument:
    beside = {"slug": slug} if slug else {}
    asked = typed if slug else typed | {"slug": typed["slug"] or slugify(typed["name"])}

    def reshape(found: dict[str, Any]) -> dict[str, Any]:
        return found | {"films": [row["slug"] for row in found["films"]]}

    return validate_form(CollectionDocument, form.shapes, asked, beside=beside, reshape=reshape)


def _beside_rows(error: AppError) -> AppError:
    """Point to the one field of a row where the catalog points to the row."""
    errors = [
        FieldProblem(f"{one.pointer}/slug", one.detail)
        if one.pointer.startswith("#/films/") and not one.pointer.endswith("/slug")
        else one
        for one in error.errors
    ]
    return InvalidInputError(error.detail, errors=errors) if errors else error


def _document(session: Session, slug: str) -> CollectionDocument:
    found = collection_for_staff(session, slug)
    if found is None:
        detail = f"Collection “{slug}” not found."
        raise NotFoundError(detail)
    return collection_document(found)


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
        base=change_count(session, "collection", document.slug),
        history=f"/console/collections/{document.slug}/history",
        removes="Remove collection (keeps its films)",
    )
