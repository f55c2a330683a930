"""People of institutions: who joins, and their roles."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.audit import record_action
from app.core import clock
from app.core.db import insert_ignore
from app.core.email_domains import domain_of
from app.core.numbers import new_number
from app.institutions.errors import MemberInactiveError
from app.institutions.member_models import Member, MemberRole
from app.institutions.models import Institution, InstitutionDomain


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
    member.last_sign_in_at = clock.now()
    record_action(session, "member", member.ref, "signed_in", member.actor)
    return member


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
