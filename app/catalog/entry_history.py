"""The history of a person, a subject or a collection, and taking a change of one back.

The rows are those of the audit log, as for films: numbered from 1, only ever added to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog import collection_service, people, subjects
from app.catalog.errors import UndoRefusedError
from app.catalog.history import Change, Json, taking_back
from app.catalog.models import Collection, Subject
from app.catalog.parts_models import Person
from app.core.errors import FieldProblem, NotFoundError


@dataclass(frozen=True, slots=True)
class EntryType:
    """How to read one type of entry, and how to restore some of its fields."""

    thing: str
    table: type[Person | Subject | Collection]
    said: Callable[[Session, str], dict[str, Any]]
    restore: Callable[[Session, str, Json, Actor, str], object]


def _restore_person(session: Session, slug: str, values: Json, actor: Actor, why: str) -> None:
    patch = people.PersonPatch.model_validate(values)
    people.change_person(session, slug, patch, actor=actor, reason=why)


def _restore_subject(session: Session, slug: str, values: Json, actor: Actor, why: str) -> None:
    patch = subjects.SubjectPatch.model_validate(values)
    subjects.change_subject(session, slug, patch, actor=actor, reason=why)


def _collection(session: Session, slug: str) -> dict[str, Any]:
    collection = collection_service.collection_for_staff(session, slug, for_change=True)
    if collection is None:
        detail = f"Collection “{slug}” not found."
        raise NotFoundError(detail)
    return collection_service.collection_document(collection).model_dump(mode="json")


def _restore_collection(session: Session, slug: str, values: Json, actor: Actor, why: str) -> None:
    said = _collection(session, slug) | dict(values)
    document = collection_service.CollectionDocument.model_validate(said)
    collection_service.save_collection(session, document, actor=actor, is_new=False, reason=why)


# By the name under which the pages and the API keep them.
ENTRY_TYPES: Mapping[str, EntryType] = {
    "people": EntryType(
        "person",
        Person,
        lambda session, slug: people.person_document(
            people.get_person_by_slug(session, slug, for_change=True)
        ),
        _restore_person,
    ),
    "subjects": EntryType(
        "subject",
        Subject,
        lambda session, slug: subjects.subject_document(
            subjects.get_subject_by_slug(session, slug, for_change=True)
        ),
        _restore_subject,
    ),
    "collections": EntryType("collection", Collection, _collection, _restore_collection),
}


def changes_of(session: Session, group: str, slug: str) -> list[Change]:
    """Return every change of an entry, the last one first; none if a film or a file made it.

    Raises:
        NotFoundError: there is no such entry, and never was one.
    """
    entries = audit.entries_about(session, ENTRY_TYPES[group].thing, slug)
    table = ENTRY_TYPES[group].table
    if not entries and session.scalar(select(table.id).where(table.slug == slug)) is None:
        detail = f"“{slug}” has no history."
        raise NotFoundError(detail)
    return [Change(number, entry) for number, entry in enumerate(entries, start=1)][::-1]


def can_be_undone(group: str, change: Change) -> bool:
    """Whether it is a change of fields, and not the entry's making, merging or end."""
    return change.entry.action == f"{ENTRY_TYPES[group].thing}.changed"


def undo_change(
    session: Session,
    group: str,
    slug: str,
    number: int,
    *,
    actor: Actor,
    anyway: bool = False,
    reason: str = "",
) -> Change:
    """Restore, by a new change, what change ``number`` changed, and return it. The rest stays.

    ``anyway`` restores the fields also where they were changed again later.

    Raises:
        NotFoundError: there is no such entry, or no such change of it.
        UndoRefusedError: it is no change of fields; nothing would change; or, without ``anyway``, a
            later change of the same fields would be lost: the errors name each of them.
        NameTakenError, InvalidInputError: what the entry would say again is not allowed any more.
    """
    kind = ENTRY_TYPES[group]
    present = kind.said(session, slug)
    changes = changes_of(session, group, slug)
    wanted = next((one for one in changes if one.number == number), None)
    if wanted is None:
        detail = f"{slug} has no change {number}."
        raise NotFoundError(detail)
    if not can_be_undone(group, wanted):
        detail = "Creating, merging, and removing can't be undone."
        raise UndoRefusedError(detail)
    was = {name: said for name, said in wanted.before.items() if said != wanted.after.get(name)}
    if all(present.get(name) == said for name, said in was.items()):
        detail = f"The entry already has the values from before change {number}."
        raise UndoRefusedError(detail)
    lost = [
        FieldProblem(
            f"#/{name}",
            f"{name.replace('_', ' ')} was changed again by {_later(changes, wanted, name)}",
        )
        for name in was
        if present.get(name) != wanted.after.get(name)
    ]
    if lost and not anyway:
        words = "; ".join(one.detail for one in lost)
        detail = f"{words}. Undo that change first."
        raise UndoRefusedError(detail, errors=lost)
    kind.restore(session, slug, was, actor, taking_back(number, reason))
    return changes_of(session, group, slug)[0]


def _later(changes: list[Change], than: Change, name: str) -> str:
    """Return which later changes there are of a field, the first of them first."""
    numbers = [
        str(one.number)
        for one in reversed(changes)
        if one.number > than.number and one.after.get(name) != one.before.get(name)
    ]
    # What a film's credits say of a person becomes so, and stands in that film's history.
    return f"change {', '.join(numbers)}" if numbers else "a film that names it"
