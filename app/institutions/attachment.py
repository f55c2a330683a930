"""Which institution an order, a quote, or a purchase order belongs to, by an email address."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

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


def has_confirmed_member(
    session: Session, institution_id: int | None, emails: Collection[str]
) -> bool:
    """Return whether a person with one of these addresses signed in and is of the institution."""
    if institution_id is None:
        return False
    person = select(Member.id).where(
        Member.email.in_([email.lower() for email in emails]),
        Member.institution_id == institution_id,
        Member.active,
        Member.last_sign_in_at.is_not(None),
    )
    return session.scalar(person.limit(1)) is not None


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
