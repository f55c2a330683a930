"""Educators' notes: the list, the page of one, moderation, and replies."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.catalog.models import Film
from app.console.access import CatalogEditor, Staff
from app.console.fields import EmptyIsNone, Line, Number, PageNumber, Search, Text, require_text
from app.console.forms.submission import submit
from app.console.lists import Listing
from app.console.pages import draw_page
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.request_middleware import settings_of
from app.notes import queries, service
from app.notes.models import EducatorNote
from app.notes.states import NoteStatus

router = APIRouter(prefix="/notes")

NOTES = Listing(
    "notes.html",
    select(
        EducatorNote.ref,
        EducatorNote.name,
        EducatorNote.institution,
        EducatorNote.address_kind,
        EducatorNote.reply_to_id,
        EducatorNote.status,
        EducatorNote.created_at,
        Film.title.label("film_title"),
    ).join(Film, Film.id == EducatorNote.film_id),
    unique=EducatorNote.id,
    state=EducatorNote.status,
    sorts={"written": EducatorNote.created_at, "film": Film.sort_key},
    begins=(EducatorNote.ref,),
    contains=(EducatorNote.name, EducatorNote.institution, Film.title),
)


@router.get("", summary="Educator notes, pending first")
def note_list(
    request: Request,
    *,
    staff: CatalogEditor,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[NoteStatus | None, EmptyIsNone, Query()] = NoteStatus.PENDING,
    sort: Annotated[str, Query(max_length=20)] = "written",
    number: PageNumber = 1,
) -> Response:
    """Show one page of notes; by default pending ones, oldest first."""
    return NOTES.draw(request, staff, session, q=q, status=status, sort=sort, number=number)


@router.get("/{number}", summary="One note")
def note_page(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, number: Number
) -> Response:
    """Show a note, its replies, and its history."""
    return _draw(request, staff, session, number)


@router.post("/{number}/status", summary="Publish, reject, or unpublish a note")
def decide(
    request: Request,
    *,
    staff: CatalogEditor,
    number: Number,
    step: Annotated[Literal["approve", "refuse", "remove"], Form()],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Approve, reject, or unpublish a note. The author reads the reason of a rejection."""

    def work(session: Session) -> None:
        note = queries.get_note(session, number, for_change=True)
        settings = settings_of(request)
        if step == "approve":
            service.approve_note(session, note, actor=staff.actor, settings=settings)
            return
        reason_text = require_text("reason", reason, message="Enter a reason for the author.")
        if step == "refuse":
            service.reject_note(
                session, note, actor=staff.actor, reason=reason_text, settings=settings
            )
        else:
            service.unpublish_note(session, note, actor=staff.actor, reason=reason_text)

    done = {"approve": "note-shown", "refuse": "note-refused", "remove": "note-removed"}[step]
    return _act(request, staff, number, once=once, work=work, done=done)


@router.post("/{number}/reply", summary="Reply to a note as staff")
def reply(
    request: Request, *, staff: CatalogEditor, number: Number, body: Text = "", once: Line = ""
) -> Response:
    """Publish a reply of staff under a note."""

    def work(session: Session) -> None:
        note = queries.get_note(session, number, for_change=True)
        text = require_text("body", body, message="Enter a reply.")
        service.reply_as_staff(
            session,
            note,
            body=text,
            name=staff.name,
            settings=settings_of(request),
            actor=staff.actor,
        )

    return _act(request, staff, number, once=once, work=work, done="note-replied")


def _act(
    request: Request,
    staff: Staff,
    number: str,
    *,
    once: str,
    work: Callable[[Session], None],
    done: str,
) -> Response:
    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(request, staff, session, number, problem=error),
        path=f"/console/notes/{number}",
        done=done,
    )


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
) -> Response:
    note = queries.get_note(session, number)
    return draw_page(
        request,
        staff,
        "note.html",
        problem=problem,
        note=note,
        replies=queries.find_replies(session, note),
        history=audit.entries_about(session, "note", note.ref),
    )
