"""The audit log: adding to it and reading it. There is no third thing to do with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.core import clock
from app.core.copying import copy_rows
from app.core.db import table_of
from app.core.request_middleware import request_id

# By itself, not as an object of the session: that would be written by the next query, one by one
# just the same, and at three times the cost. Nobody needs its id.
_INSERT_ENTRY = table_of(AuditEntry).insert().inline()


def record(
    session: Session,
    *,
    actor: Actor,
    action: str,
    object_type: str,
    object_ref: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Add one row in the transaction of the change that it tells of.

    ``action`` reads ``thing.verb`` (``order.accepted``). ``before`` and ``after`` hold only what
    changed, as JSON, and never a secret.
    """
    values = {
        **_common_values(actor, action, object_type, reason),
        "object_ref": object_ref,
        "before": dict(before) if before is not None else None,
        "after": dict(after) if after is not None else None,
    }
    session.execute(_INSERT_ENTRY, values)


def record_action(
    session: Session,
    thing: str,
    ref: str,
    verb: str,
    actor: Actor,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Add one row that says ``actor`` did ``verb`` to ``thing``, whose name is ``ref``.

    See ``record``, whose ``action`` is made of the two.
    """
    record(
        session,
        actor=actor,
        action=f"{thing}.{verb}",
        object_type=thing,
        object_ref=ref,
        before=before,
        after=after,
        reason=reason,
    )


def record_many(
    session: Session,
    *,
    actor: Actor,
    action: str,
    object_type: str,
    changes: Iterable[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]],
    reason: str = "",
) -> None:
    """Add one row for each of ``changes``, in one statement: for what changes by the thousand.

    A change is ``(object_ref, before, after)``; for the rest see ``record``.
    """
    shared = _common_values(actor, action, object_type, reason)
    rows = [
        {**shared, "object_ref": ref, "before": before, "after": after}
        for ref, before, after in changes
    ]
    copy_rows(session, AuditEntry, rows)


def entries_about(session: Session, object_type: str, object_ref: str) -> Sequence[AuditEntry]:
    """Return the history of one thing, oldest first."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.object_type == object_type, AuditEntry.object_ref == object_ref)
        .order_by(AuditEntry.id)
    ).all()


def _common_values(actor: Actor, action: str, object_type: str, reason: str) -> dict[str, Any]:
    return {
        "at": clock.now(),
        "actor_kind": actor.kind,
        "actor_ref": actor.ref[:255],
        "actor_label": actor.label[:255],
        "via": actor.via,
        "action": action,
        "object_type": object_type,
        "reason": reason,
        "request_id": request_id(),
    }
