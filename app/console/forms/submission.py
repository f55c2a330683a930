"""Submitted forms: their fields, edit conflicts, and saving them once."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.accounts.models import AuditEntry
from app.console.pages import see_other
from app.core.app_state import app_state
from app.core.errors import AppError, ConflictError, FieldProblem, InvalidInputError
from app.core.forms import read_large_form
from app.core.idempotency import Idempotency, caller_of


class EditConflictError(ConflictError):
    """Another editor changed the object after the form was drawn."""

    type = "edit-conflict"
    title = "Someone else changed this"

    def __init__(self, detail: str, *, base: int, errors: Sequence[FieldProblem] = ()) -> None:
        """Set ``base``, the last change that the detail describes."""
        super().__init__(detail, errors=errors)
        self.base = base


MAX_FIELDS = 10_000


async def read_submitted_form(request: Request) -> FormData:
    """Return all fields of the form.

    Raises:
        BadRequestError: the form has characters that the database can't store.
    """
    return await read_large_form(request, max_files=0, max_fields=MAX_FIELDS)


SubmittedForm = Annotated[FormData, Depends(read_submitted_form)]


def get_text(form: FormData, name: str, longest: int = 200) -> str:
    """Return the text of a field, cut to ``max_length``, or ""."""
    value = form.get(name, "")
    return value[:longest] if isinstance(value, str) else ""


def get_number(form: FormData, name: str) -> int:
    """Return the number of a hidden field, or 0."""
    text = get_text(form, name, 9)
    return int(text) if text.isascii() and text.isdigit() else 0


def count_changes(session: Session, object_type: str, ref: str) -> int:
    """Return the number of changes of an object, as the base of its form."""
    counted = select(func.count()).select_from(_changes(object_type, ref).subquery())
    return session.scalar(counted) or 0


def next_base(form_data: FormData, problem: AppError | None = None) -> int:
    """Return the base of a form that is drawn again.

    It rises only with an edit conflict: only editors who saw later changes may overwrite them.
    """
    return problem.base if isinstance(problem, EditConflictError) else get_number(form_data, "base")


def reject_if_changed(session: Session, object_type: str, ref: str, form_data: FormData) -> None:
    """Check that the object was not changed after the form was drawn.

    Raises:
        EditConflictError: names the editors and the fields.
    """
    base = get_number(form_data, "base")
    later = session.scalars(_changes(object_type, ref).order_by(AuditEntry.id).offset(base)).all()
    if later:
        changes = "; ".join(
            f"{entry.actor_label} changed {', '.join(_changed_fields(entry))} "
            f"at {entry.at:%H:%M} UTC"
            for entry in later
        )
        detail = f"{changes.replace('_', ' ')}. Your entries are below. Save again to keep them."
        raise EditConflictError(detail, base=base + len(later))


def _changes(object_type: str, ref: str) -> Select[AuditEntry]:
    return select(AuditEntry).where(
        AuditEntry.object_type == object_type,
        AuditEntry.object_ref == ref,
        AuditEntry.action == f"{object_type}.changed",
    )


def _changed_fields(entry: AuditEntry) -> list[str]:
    """Return the names of the changed fields; an entry may also list unchanged ones."""
    before, after = entry.before or {}, entry.after or {}
    return [name for name in after if after[name] != before.get(name)]


def run_once(request: Request, once: str, work: Callable[[Session], object]) -> bool:
    """Do ``work`` in its own transaction, once for each copy of the form.

    Return whether it was done now. If ``work`` raises, nothing is saved, and the same form can be
    submitted again.

    Raises:
        InvalidInputError: the form has no token.
    """
    if not once:
        raise InvalidInputError.of(FieldProblem("#/once", "Reload the page and try again."))
    form = Idempotency.of_form("console", once, owner=caller_of(request) or "")
    with app_state(request).sessions.begin() as session:
        if not form.claim(session):
            return False
        work(session)
    return True


def submit(
    request: Request,
    once: str,
    work: Callable[[Session], object],
    *,
    redraw: Callable[[Session, AppError], Response],
    path: str,
    done: str,
    anchor: str = "",
) -> Response:
    """Do ``work`` once and redirect to ``path``, or draw the page with the error."""
    try:
        is_new = run_once(request, once, work)
    except AppError as error:
        with app_state(request).readers() as session:
            return redraw(session, error)
    return see_other(path, done=done if is_new else "twice", anchor=anchor)
