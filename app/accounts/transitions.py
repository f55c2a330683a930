"""The one way in which any state of any row changes: a table decides, one UPDATE does it.

A state machine is a table from each state to the states that may follow it. Every axis of every
row (an order's payment, a license's status, a shipment) moves through :func:`move`, so that every
move is checked, happens once however many callers ask at the same moment, and leaves an audit row.
"""

import logging
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.errors import InvalidTransitionError
from app.core import clock
from app.core.db import Base, table_of

__all__ = ["InvalidTransitionError", "sources", "transition"]

log = logging.getLogger(__name__)
S = TypeVar("S", bound=StrEnum)


def sources(table: Mapping[S, frozenset[S]], target: S) -> frozenset[S]:
    """Return every state from which ``target`` can be reached in one step."""
    return frozenset(start for start, ends in table.items() if target in ends)


def transition(
    session: Session,
    row: Base,
    axis: str,
    target: S,
    *,
    table: Mapping[S, frozenset[S]],
    actor: Actor,
    reason: str,
    object_type: str,
    object_ref: str,
) -> bool:
    """Move ``row.<axis>`` to ``target``. Return whether this call moved it.

    False means that it was there already: asking twice is no error and leaves no second audit
    row. The UPDATE names the state that it starts from, so of two callers at the same moment just
    one moves the row and records why, on SQLite and PostgreSQL alike. ``row`` must be flushed.

    Raises:
        InvalidTransitionError: ``table`` does not lead from the row's present state to ``target``.
    """
    model = type(row)
    key: InstrumentedAttribute[int] = model.id  # type: ignore[attr-defined]
    column: InstrumentedAttribute[S] = getattr(model, axis)
    ident: int = row.id  # type: ignore[attr-defined]
    changes: dict[str, Any] = {axis: target}
    if hasattr(model, "updated_at"):
        changes["updated_at"] = clock.now()

    def moved_from(before: S) -> bool:
        if before not in sources(table, target):
            return False
        values = {**changes, "row_id": ident, "state_before": before}
        return session.execute(_update_statement(model, axis), values).first() is not None

    before: S = getattr(row, axis)
    if not moved_from(before):
        # Another transaction may have moved the row after this one read it. The lock (PostgreSQL; a
        # SQLite writer holds the whole file already) keeps what is read now true.
        before = session.execute(select(column).where(key == ident).with_for_update()).scalar_one()
        if not moved_from(before):
            session.refresh(row, list(changes))
            if before == target:
                return False
            raise InvalidTransitionError(
                _refusal_detail(object_type, object_ref, before, target, table)
            )
    for name, value in changes.items():
        set_committed_value(row, name, value)
    audit.record(
        session,
        actor=actor,
        action=f"{object_type}.{axis}.{target}",
        object_type=object_type,
        object_ref=object_ref,
        before={axis: before},
        after={axis: target},
        reason=reason,
    )
    log.info(
        "state.moved",
        extra={"object": f"{object_type} {object_ref}", "axis": axis, "to": str(target)},
    )
    return True


@cache
def _update_statement(model: type[Base], axis: str) -> Executable:
    """Return the UPDATE of ``transition``; building it takes longer than running it."""
    rows = table_of(model)
    changes = [name for name in (axis, "updated_at") if name in rows.c]
    return (
        update(rows)
        .where(rows.c.id == bindparam("row_id"), rows.c[axis] == bindparam("state_before"))
        .values({name: bindparam(name) for name in changes})
        .returning(rows.c.id)
    )


def _refusal_detail(
    object_type: str, object_ref: str, state: S, target: S, table: Mapping[S, frozenset[S]]
) -> str:
    allowed = ", ".join(sorted(table.get(state, frozenset()))) or "nothing else"
    return (
        f"{object_type[:1].upper()}{object_type[1:]} {object_ref} is {state}, so it can't become "
        f"{target}. Allowed: {allowed}."
    )
