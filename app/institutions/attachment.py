"""Which institution an order, a quote, or a purchase order belongs to, by an email address."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor, ActorKind
from app.accounts.customers import CustomerClass
from app.core.email_domains import domain_of
from app.institutions.member_models import Member
from app.institutions.models import Institution, InstitutionDomain


def find_institution(session: Session, email: str) -> Institution | None:
    """Return the institution of an address: that of its member, else by its exact domain.

    The row is locked against a merge until the commit, so that nothing is attached to a record that
    is being merged.
    """
    email = email.lower()
    of_member = select(Member.institution_id).where(Member.email == email, Member.active)
    institution_id = session.scalar(of_member) or session.scalar(
        select(InstitutionDomain.institution_id).where(InstitutionDomain.domain == domain_of(email))
    )
    return lock_live(session, institution_id) if institution_id is not None else None


def is_confirmed_by(
    session: Session, institution: Institution | None, email: str, actor: Actor
) -> bool:
    """Return whether an order or quote is the institution's own because of who makes it.

    It is if staff or the store make it, or a signed-in person of the institution or of this
    address. A guest can type any address, so the address alone confirms nothing.
    """
    if actor.kind is not ActorKind.MEMBER:
        return actor.kind in {ActorKind.STAFF, ActorKind.API_KEY, ActorKind.SYSTEM}
    if actor.ref.lower() == email.lower():
        return True
    of_member = select(Member.institution_id).where(
        Member.email == actor.ref.lower(), Member.active
    )
    return institution is not None and session.scalar(of_member) == institution.id


def find_member(session: Session, email: str, *, institution_id: int | None) -> Member | None:
    """Return the active person of the institution with this address; None if there is none."""
    if institution_id is None:
        return None
    return session.scalar(
        select(Member).where(
            Member.email == email.lower(), Member.institution_id == institution_id, Member.active
        )
    )


def lock_live(session: Session, institution_id: int) -> Institution:
    """Return this institution, or the one that it was merged into, locked against a merge."""
    statement = select(Institution).with_for_update(read=True)
    while True:
        institution = session.scalars(
            statement.where(Institution.id == institution_id).execution_options(
                populate_existing=True
            )
        ).one()
        if institution.merged_into_id is None:
            return institution
        institution_id = institution.merged_into_id


def is_class_verified(
    institution: Institution | None, customer_class: CustomerClass, size: int | None
) -> bool:
    """Return whether staff verified what a buyer states of class and size.

    A larger size than the verified one is no reason for doubt: it costs as much or more.
    """
    if institution is None or not institution.is_verified:
        return False
    verified_size = institution.size
    return institution.customer_class is customer_class and (
        verified_size is None or (size is not None and size >= verified_size)
    )
