"""Two editors of one thing: a form knows how many changes there were when it was drawn."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.accounts.models import AuditEntry
from app.console.forms.errors import ChangedMeanwhileError


def change_count(session: Session, thing: str, ref: str) -> int:
    """Return how often a thing was changed: what its form is drawn from."""
    counted = select(func.count()).select_from(_changes(thing, ref).subquery())
    return session.scalar(counted) or 0


def refuse_if_changed(session: Session, thing: str, ref: str, *, base: int) -> None:
    """Refuse a form that was drawn after ``base`` changes, if there were more since.

    Raises:
        ChangedMeanwhileError: names who changed which fields.
    """
    later = session.scalars(_changes(thing, ref).order_by(AuditEntry.id).offset(base)).all()
    if later:
        words = "; ".join(
            f"{entry.actor_label} changed {', '.join(_changed(entry))} at {entry.at:%H:%M} UTC"
            for entry in later
        )
        detail = f"{words.replace('_', ' ')}. Below is what you typed; save again to keep it"
        raise ChangedMeanwhileError(detail)


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
