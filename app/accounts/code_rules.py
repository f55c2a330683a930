"""Which roles must use two-step verification: admins decide."""

from collections.abc import Collection, Iterable

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.models import CodeRule
from app.accounts.permissions import Role
from app.core.errors import ConflictError


class CodesRequiredError(ConflictError):
    """Someone's role asks for codes at login."""

    type = "codes-required"
    title = "Two-step verification required"


def roles_with_codes(session: Session) -> frozenset[str]:
    """Return the roles that must use two-step verification."""
    return frozenset(session.scalars(select(CodeRule.role)))


def require_codes(session: Session, roles: Iterable[Role], *, actor: Actor) -> None:
    """Ask these roles, and no others, for two-step verification.

    Whoever has such a role and no codes yet can only set them up from their next click on.
    """
    before, wanted = roles_with_codes(session), frozenset(roles)
    if before == wanted:
        return
    session.execute(delete(CodeRule))
    if wanted:
        session.execute(insert(CodeRule), [{"role": role} for role in sorted(wanted)])
    audit.record(
        session,
        actor=actor,
        action="staff.codes_required",
        object_type="staff",
        object_ref="roles",
        before={"roles": sorted(before)},
        after={"roles": sorted(wanted)},
    )


def refuse_if_required(session: Session, roles: Collection[str]) -> None:
    """Refuse to switch codes off where a role requires them.

    Raises:
        CodesRequiredError: one of ``roles`` does.
    """
    if roles_with_codes(session) & set(roles):
        detail = "Your role requires two-step verification. An admin can change this."
        raise CodesRequiredError(detail)
