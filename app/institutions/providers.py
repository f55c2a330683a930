"""Identity providers of institutions, and the people who sign in with them."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.core.email_domains import domain_of
from app.institutions.errors import AddressNotAllowedError
from app.institutions.member_models import IdentityProvider, Member
from app.institutions.members import find_institution_by_domain, sign_in_member
from app.institutions.models import Institution
from app.institutions.openid import Provider


def find_provider(session: Session, institution: Institution) -> IdentityProvider | None:
    """Return the institution's own provider, if any: the latest after a merge."""
    return session.scalar(
        select(IdentityProvider)
        .where(IdentityProvider.institution_id == institution.id)
        .order_by(IdentityProvider.id.desc())
        .limit(1)
    )


def set_provider(
    session: Session, institution: Institution, provider: Provider | None, *, actor: Actor
) -> None:
    """Set the provider of a locked institution, or remove it. The audit log names no secret."""
    known = find_provider(session, institution)
    before = {"issuer": known.issuer, "client_id": known.client_id} if known else None
    session.execute(
        delete(IdentityProvider).where(IdentityProvider.institution_id == institution.id)
    )
    after = None
    if provider is not None:
        session.add(
            IdentityProvider(
                institution_id=institution.id,
                issuer=provider.issuer,
                client_id=provider.client_id,
                client_secret=provider.client_secret,
            )
        )
        after = {"issuer": provider.issuer, "client_id": provider.client_id}
    session.flush()
    if before != after or provider is not None:
        verb = "provider_set" if provider is not None else "provider_removed"
        record_action(
            session, "institution", institution.ref, verb, actor, before=before, after=after
        )


def sign_in_with_provider(session: Session, email: str, *, of: Institution | None) -> Member:
    """Return the person of an address that a provider verified.

    The store's own provider counts as an email does. An institution's speaks only for its listed
    domains, and never for a person who belongs to another institution.

    Raises:
        AddressNotAllowedError: the provider may not speak for the address.
        MemberInactiveError: the person was deactivated.
    """
    if of is None:
        return sign_in_member(session, email)
    owner = find_institution_by_domain(session, domain_of(email))
    if owner is None or owner.id != of.id:
        detail = f"{email} is not at a domain of this institution. Sign in by email instead."
        raise AddressNotAllowedError(detail)
    member = sign_in_member(session, email)
    if member.institution_id != of.id:
        detail = "You belong to another institution. Sign in by email instead."
        raise AddressNotAllowedError(detail)
    return member
