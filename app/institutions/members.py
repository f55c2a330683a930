"""People of institutions: who joins, and their roles."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.core import clock
from app.core.db import insert_ignore
from app.core.email_domains import domain_of
from app.core.errors import NotFoundError
from app.core.numbers import new_number
from app.institutions.errors import MemberInactiveError
from app.institutions.member_models import Member, MemberRole, MemberSession
from app.institutions.member_schemas import MemberPatch
from app.institutions.models import Institution, InstitutionDomain
from app.institutions.queries import choose_institution


def sign_in_member(session: Session, email: str) -> Member:
    """Return the person of a confirmed address, created if new, who joins by the address's domain.

    A person who already belongs to an institution stays there, whatever the domain says by now.

    Raises:
        MemberInactiveError: the person was deactivated.
    """
    member = lock_member(session, email)
    if not member.active:
        detail = "Your account is deactivated. Ask your institution or email us."
        raise MemberInactiveError(detail)
    if member.institution_id is None:
        institution = find_institution_by_domain(session, domain_of(email))
        if institution is not None:
            join_institution(session, member, institution, roles=[MemberRole.REQUESTER])
    record_sign_in(session, member)
    return member


def record_sign_in(session: Session, member: Member) -> None:
    """Record that a person signed in."""
    member.last_sign_in_at = clock.now()
    record_action(session, "member", member.ref, "signed_in", member.actor)


def lock_member(session: Session, email: str) -> Member:
    """Return the person of this address, created if new, and hold the row until the commit."""
    values = {"ref": new_number("MB"), "email": email.lower(), "roles": []}
    insert_ignore(session, Member, values, index_elements=["email"])
    return session.scalars(
        select(Member)
        .where(Member.email == email.lower())
        .with_for_update(of=Member)
        .execution_options(populate_existing=True)
    ).one()


def join_institution(
    session: Session, member: Member, institution: Institution, *, roles: list[MemberRole]
) -> None:
    """Make a person without an institution a member of this one."""
    member.institution_id = institution.id
    member.institution = institution
    member.roles = [role.value for role in roles]
    after = {"institution": institution.ref, "roles": member.roles}
    record_action(session, "member", member.ref, "joined", member.actor, after=after)
    session.flush()


def find_institution_by_domain(session: Session, domain: str) -> Institution | None:
    """Return the institution that this exact domain belongs to.

    A subdomain counts only if it is listed: one for alumni is not the institution.
    """
    return session.scalar(
        select(Institution)
        .join(InstitutionDomain, InstitutionDomain.institution_id == Institution.id)
        .where(InstitutionDomain.domain == domain)
    )


def get_member(
    session: Session, institution: Institution, ref: str, *, for_change: bool = False
) -> Member:
    """Return a person of this institution; ``for_change`` locks the row.

    Raises:
        NotFoundError: it has no such person.
    """
    statement = select(Member).where(Member.ref == ref, Member.institution_id == institution.id)
    if for_change:
        statement = statement.with_for_update(of=Member).execution_options(populate_existing=True)
    member = session.scalar(statement)
    if member is None:
        detail = f"Person “{ref}” not found."
        raise NotFoundError(detail)
    return member


def find_members(session: Session, institution: Institution) -> Sequence[Member]:
    """Return the people of an institution, the active ones first."""
    return session.scalars(
        select(Member)
        .where(Member.institution_id == institution.id)
        .order_by(Member.active.desc(), Member.email)
    ).all()


def change_member(
    session: Session, member: Member, patch: MemberPatch, *, actor: Actor, reason: str = ""
) -> bool:
    """Change the given fields of a locked person; return whether anything changed.

    Who is deactivated, or moved to another institution, is signed out everywhere.
    """
    fields = patch.model_fields_set
    before = _facts(member)
    if "name" in fields:
        member.name = patch.name
    if "roles" in fields:
        member.roles = [role.value for role in dict.fromkeys(patch.roles)]
    if "spending_limit" in fields:
        member.spending_limit = patch.spending_limit
    if "active" in fields:
        member.active = patch.active
    if "institution" in fields:
        _move(session, member, patch.institution)
    session.flush()
    after = _facts(member)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return False
    if not member.active or "institution" in changed:
        session.execute(delete(MemberSession).where(MemberSession.member_id == member.id))
    record_action(
        session,
        "member",
        member.ref,
        "changed",
        actor,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )
    return True


def _move(session: Session, member: Member, ref: str | None) -> None:
    """Move a person to another institution; with none they keep no role."""
    institution = None
    if ref is not None:
        institution = choose_institution(session, ref, pointer="#/institution")
    member.institution_id = institution.id if institution is not None else None
    member.institution = institution
    if institution is None:
        member.roles, member.spending_limit = [], None


def _facts(member: Member) -> dict[str, object]:
    return {
        "name": member.name,
        "roles": list(member.roles),
        "spending_limit": member.spending_limit,
        "active": member.active,
        "institution": member.institution.ref if member.institution is not None else None,
    }
