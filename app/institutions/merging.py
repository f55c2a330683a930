"""Merging two records of one institution, and undoing it.

A merge moves every row that points to the source, of any room, and remembers which. So the rooms
above need no code for it, and an undo puts exactly those rows back.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, Update, select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.core import clock
from app.core.db import Base, is_one_of
from app.core.errors import ConflictError, FieldProblem, InvalidInputError
from app.institutions.models import Institution, InstitutionMerge
from app.institutions.queries import get_any_institution, get_institution

# What tells of merges themselves stays where it is.
_OWN_TABLES = frozenset(("institutions", "institution_merges"))


def merge_institutions(
    session: Session, source_ref: str, target_ref: str, *, actor: Actor, reason: str = ""
) -> Institution:
    """Move everything of the source to the target. The source's address leads to the target.

    No field of the target changes.

    Raises:
        NotFoundError: there is no such institution.
        MovedError: one of them was merged before.
        InvalidInputError: both are the same.
    """
    if source_ref == target_ref:
        raise InvalidInputError.of(FieldProblem("#/into", "Choose another institution."))
    # In one order, so that two concurrent merges do not wait for each other.
    rows = {
        ref: get_institution(session, ref, for_change=True)
        for ref in sorted((source_ref, target_ref))
    }
    source, target = rows[source_ref], rows[target_ref]
    session.flush()
    moved: dict[str, list[int]] = {}
    for table, column in find_references():
        ids = session.scalars(
            _move(table, column, target).where(column == source.id).returning(table.c.id)
        ).all()
        if ids:
            moved[f"{table.name}.{column.name}"] = sorted(ids)
    source.merged_into_id = target.id
    merge = InstitutionMerge(
        source_id=source.id, target_id=target.id, moved=moved, merged_by=actor.label
    )
    session.add(merge)
    session.flush()
    session.expire_all()
    before = {"name": source.name}
    after = {"into": target.ref}
    record_action(
        session, "institution", source.ref, "merged", actor, before=before, after=after,
        reason=reason,
    )  # fmt: skip
    record_action(
        session, "institution", target.ref, "took_over", actor, after={"from": source.ref},
        reason=reason,
    )  # fmt: skip
    return target


def undo_merge(session: Session, source_ref: str, *, actor: Actor, reason: str = "") -> Institution:
    """Undo a merge: what moved then goes back, unless it has moved on since.

    Raises:
        NotFoundError: there is no such institution.
        ConflictError: it is not merged, or its target was merged into another one since.
    """
    source = get_any_institution(session, source_ref, for_change=True)
    merge = session.scalar(
        select(InstitutionMerge)
        .where(InstitutionMerge.source_id == source.id, InstitutionMerge.undone_at.is_(None))
        .with_for_update()
    )
    if merge is None:
        detail = f"{source.name} ({source.ref}) is not merged into another institution."
        raise ConflictError(detail)
    target = session.scalars(
        select(Institution)
        .where(Institution.id == merge.target_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if target.merged_into_id is not None:
        detail = f"{target.name} ({target.ref}) was merged too. Undo that merge first."
        raise ConflictError(detail)
    for table, column in find_references():
        ids = merge.moved.get(f"{table.name}.{column.name}", [])
        if ids:
            session.execute(
                _move(table, column, source).where(
                    is_one_of(session, table.c.id, ids), column == target.id
                )
            )
    source.merged_into_id = None
    merge.undone_at = clock.now()
    session.flush()
    session.expire_all()
    for ref, other in ((source.ref, target.ref), (target.ref, source.ref)):
        record_action(
            session, "institution", ref, "merge_undone", actor, after={"other": other},
            reason=reason,
        )  # fmt: skip
    return source


def find_references() -> Iterator[tuple[Table, Column[int]]]:
    """Yield every column of another table that points to an institution."""
    for table in Base.metadata.sorted_tables:
        if table.name in _OWN_TABLES:
            continue
        for key in table.foreign_keys:
            if key.column.table.name == "institutions":
                yield table, key.parent


def _move(table: Table, column: Column[int], to: Institution) -> Update:
    """Return the statement that points rows to another institution and changes nothing else."""
    values: dict[str, Any] = {column.name: to.id}
    if "updated_at" in table.c:
        values["updated_at"] = table.c.updated_at
    return update(table).values(values)
