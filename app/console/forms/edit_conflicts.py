"""Two editors of one thing: a form knows how many changes there were when it was drawn."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.accounts.models import AuditEntry
from app.console.forms.errors import EditConflictError
from app.console.forms.submitted import number_of
from app.core.errors import AppError


def change_count(session: Session, thing: str, ref: str) -> int:
    """Return how often a thing was changed: what its form is drawn from."""
    counted = select(func.count()).select_from(_changes(thing, ref).subquery())
    return session.scalar(counted) or 0


def base_again(sent: FormData, problem: AppError | None = None) -> int:
    """Return the base of a form that is drawn once more with what was typed into it.

    It stays what it was, whatever else is wrong with the form: only who was told of later changes
    may write over them.
    """
    return problem.base if isinstance(problem, EditConflictError) else number_of(sent, "base")


def reject_if_changed(session: Session, thing: str, ref: str, sent: FormData) -> None:
    """Refuse a form if the thing was changed since it was drawn.

    Raises:
        ChangedMeanwhileError: names who changed which fields.
    """
    base = number_of(sent, "base")
    later = session.scalars(_changes(thing, ref).order_by(AuditEntry.id).offset(base)).all()
    if later:
        words = "; ".join(
            f"{entry.actor_label} changed {', '.join(_changed(entry))} at {entry.at:%H:%M} UTC"
            for entry in later
        )
        detail = f"{words.replace('_', ' ')}. Your entries are below. Save again to keep them."
        raise EditConflictError(detail, base=base + len(later))


def _changes(thing: str, ref: str) -> Select[AuditEntry]:
    return select(AuditEntry).where(
        AuditEntry.object_type == thing,
        AuditEntry.object_ref == ref,
        AuditEntry.action == f"{thing}.changed",
    )


def _changed(entry: AuditEntry) -> list[str]:
    """Return the names of the fields that a change changed; some say also what stayed."""
    before, after = entry.before or {}, entry.after or {}
    return [name for name in after if after[name] != before.get(name)]
