"""The history of a film: every change of its document, numbered from 1, only ever added to.

The rows are those of the audit log. A film's creation keeps what it said, without its empty
fields; each later change keeps the fields that it changed, before and after, whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.catalog.models import Film, FilmUndo
from app.core.errors import NotFoundError

FILM = "film"
Json = Mapping[str, JsonValue]
"""A film's document, or some fields of it, in plain types."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a film; ``number`` counts from 1, its creation."""

    number: int
    entry: AuditEntry
    undoes: int | None = None
    """The number of the change that this one undid."""
    undone_by: int | None = None
    """The number of the last change that undid this one."""

    @property
    def before(self) -> Json:
        """What the changed fields said; nothing for a creation."""
        return self.entry.before or {}

    @property
    def after(self) -> Json:
        """What the changed fields say since; for a creation, all that is not empty."""
        return self.entry.after or {}

    @property
    def is_creation(self) -> bool:
        """Whether there was no film before."""
        return self.entry.before is None


def taking_back(number: int, reason: str = "") -> str:
    """Return the reason of a change that takes change ``number`` back."""
    return f"Undoes change {number}" + (f": {reason}" if reason else "")


def record(
    session: Session,
    slug: str,
    *,
    actor: Actor,
    action: str,
    before: Json,
    after: Json,
    reason: str = "",
) -> None:
    """Add a change of a film in its transaction: the fields that changed, before and after."""
    audit.record(
        session,
        actor=actor,
        action=action,
        object_type=FILM,
        object_ref=slug,
        before=before,
        after=after,
        reason=reason,
    )


def record_created(
    session: Session, documents: Iterable[tuple[str, Json]], *, actor: Actor, reason: str = ""
) -> None:
    """Add the creation of many films, ``(slug, document)`` each, in one statement."""
    audit.record_many(
        session,
        actor=actor,
        action="film.created",
        object_type=FILM,
        changes=((slug, None, compact(document)) for slug, document in documents),
        reason=reason,
    )


def record_changed(
    session: Session, changes: Iterable[tuple[str, Json, Json]], *, actor: Actor, reason: str = ""
) -> None:
    """Add changes of many films in one statement: slug, and whole documents before and after.

    Only the fields that differ are kept; a film of which nothing differs gets no row.
    """
    rows = []
    for slug, before, after in changes:
        changed = [name for name in after if after[name] != before.get(name)]
        if changed:
            was = {name: before.get(name) for name in changed}
            rows.append((slug, was, {name: after[name] for name in changed}))
    audit.record_many(
        session,
        actor=actor,
        action="film.changed",
        object_type=FILM,
        changes=rows,
        reason=reason,
    )


def compact(document: Json) -> dict[str, JsonValue]:
    """Return a document without its empty fields."""
    return {name: value for name, value in document.items() if value not in (None, "", [], {})}


def latest(session: Session, slug: str) -> int:
    """Return the number of a film's last change; 0 if nothing was ever recorded of it."""
    return (
        session.scalar(
            select(func.count())
            .select_from(AuditEntry)
            .where(AuditEntry.object_type == FILM, AuditEntry.object_ref == slug)
        )
        or 0
    )


def changes(
    session: Session,
    film: Film,
    *,
    above: int = 0,
    below: int | None = None,
    limit: int | None = None,
) -> Sequence[Change]:
    """Return the changes of a film with numbers between, both exclusive, the last one first."""
    numbered = (
        select(
            AuditEntry.id,
            func.row_number().over(order_by=AuditEntry.id).label("number"),
        )
        .where(AuditEntry.object_type == FILM, AuditEntry.object_ref == film.slug)
        .subquery()
    )
    statement = (
        select(numbered.c.number, AuditEntry)
        .join(AuditEntry, AuditEntry.id == numbered.c.id)
        .where(numbered.c.number > above)
        .order_by(numbered.c.number.desc())
        .limit(limit)
    )
    if below is not None:
        statement = statement.where(numbered.c.number < below)
    undos = session.execute(
        select(FilmUndo.number, FilmUndo.undoes)
        .where(FilmUndo.film_id == film.id)
        .order_by(FilmUndo.number)
    ).all()
    undoes: dict[int, int] = dict(undos)
    undone_by = {undone: number for number, undone in undoes.items()}
    return [
        Change(number, entry, undoes.get(number), undone_by.get(number))
        for number, entry in session.execute(statement)
    ]


def change(session: Session, film: Film, number: int) -> Change:
    """Return one change of a film.

    Raises:
        NotFoundError: the film has no change of this number.
    """
    entries = changes(session, film, above=number - 1, below=number + 1)
    if not entries:
        detail = f"{film.slug} has no change {number}."
        raise NotFoundError(detail)
    return entries[0]


def as_of(document: Json, later: Sequence[Change]) -> dict[str, Any]:
    """Return what ``document``, the present one, said before ``later``, the last change first."""
    then = dict(document)
    for one in later:
        then.update(one.before)
    return then
