"""Institutions and people who are signed in, without the email."""

from collections.abc import Sequence

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.core.numbers import new_number
from app.core.text import normalize_key
from app.institutions.member_models import Member, MemberRole
from app.institutions.members import join_institution, lock_member
from app.institutions.models import Institution, InstitutionDomain
from app.institutions.sessions import COOKIE, open_member_session


def add_institution(session: Session, name: str, *domains: str) -> Institution:
    """Return an institution, a US college, with these domains."""
    institution = Institution(
        ref=new_number("IN"),
        name=name,
        name_key=normalize_key(name),
        customer_class=CustomerClass.COLLEGE,
        size=4200,
        country="US",
        domains=[InstitutionDomain(domain=domain) for domain in domains],
    )
    session.add(institution)
    session.flush()
    return institution


def add_member(
    session: Session,
    email: str,
    institution: Institution | None = None,
    roles: Sequence[MemberRole] = (MemberRole.REQUESTER,),
) -> Member:
    """Return the person of this address, as a member of the institution if one is given."""
    member = lock_member(session, email)
    if institution is not None:
        join_institution(session, member, institution, roles=list(roles))
    return member


def sign_in(client: TestClient, member: Member) -> None:
    """Give the client the cookie of a new session of this person, who must be committed."""
    state = client.app.state  # type: ignore[attr-defined]
    with state.sessions.begin() as session:
        token = open_member_session(session, state.settings, member, user_agent="test")
    client.cookies.set(COOKIE, token, domain="testserver.local")
