"""Everything that changes the record of an institution."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.numbers import new_number
from app.core.text import normalize_key
from app.institutions.models import (
    Institution,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionSite,
)
from app.institutions.schemas import InstitutionFields, InstitutionIn, InstitutionPatch

PLAIN_FIELDS = (
    "name",
    "customer_class",
    "size",
    "size_year",
    "size_source",
    "country",
    "time_zone",
    "terms_days",
    "hold_reason",
    "notes",
)
# PostgreSQL's whole numbers end a little above.
MAX_CREDIT = 2_000_000_000
# What staff verified, so a change of it ends the verification.
VERIFIED_FIELDS = ("customer_class", "size", "size_year")


def create_institution(
    session: Session, draft: InstitutionIn, *, currency: str, actor: Actor
) -> Institution:
    """Create an institution. Its class and size count as stated until they are verified.

    Raises:
        InvalidInputError: a domain or identifier belongs to another one, or the credit limit is in
            another currency.
    """
    institution = Institution(ref=new_number("IN"), name_key="")
    _check(session, institution, draft, set(InstitutionIn.model_fields), currency)
    _write(institution, draft, set(InstitutionIn.model_fields))
    session.add(institution)
    _flush(session)
    record_action(
        session, "institution", institution.ref, "created", actor, after=_facts(institution)
    )
    return institution


def change_institution(
    session: Session,
    institution: Institution,
    patch: InstitutionPatch,
    *,
    currency: str,
    actor: Actor,
    reason: str = "",
) -> None:
    """Change the given fields of an institution whose row is locked.

    A change of class or size ends their verification.

    Raises:
        InvalidInputError: as ``create_institution``.
    """
    fields = patch.model_fields_set
    _check(session, institution, patch, fields, currency)
    before = _facts(institution)
    _write(institution, patch, fields)
    after = _facts(institution)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return
    if institution.is_verified and not set(VERIFIED_FIELDS).isdisjoint(changed):
        institution.verified_at, institution.verified_by = None, ""
        changed.append("verified")
    after = _facts(institution)
    institution.updated_at = clock.now()
    _flush(session)
    record_action(
        session,
        "institution",
        institution.ref,
        "changed",
        actor,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )


def verify_institution(session: Session, institution: Institution, *, actor: Actor) -> bool:
    """Record that staff verified class and size. Return False if that was recorded before."""
    if institution.is_verified:
        return False
    institution.verified_at = clock.now()
    institution.verified_by = actor.label
    session.flush()
    record_action(
        session,
        "institution",
        institution.ref,
        "verified",
        actor,
        after={name: _facts(institution)[name] for name in VERIFIED_FIELDS},
    )
    return True


def _write(institution: Institution, draft: InstitutionFields, fields: set[str]) -> None:
    """Set the given fields. Rows of lists that stay keep their ids."""
    for name in PLAIN_FIELDS:
        if name in fields:
            setattr(institution, name, getattr(draft, name))
    if "name" in fields:
        institution.name_key = normalize_key(draft.name)
    if "billing_address" in fields:
        address = draft.billing_address
        institution.billing = address.model_dump() if address else None
    if "credit_limit" in fields:
        institution.credit_limit = draft.credit_limit.amount if draft.credit_limit else None
    if "domains" in fields:
        domains = {each.domain: each for each in institution.domains}
        institution.domains = [
            domains.get(domain) or InstitutionDomain(domain=domain)
            for domain in dict.fromkeys(draft.domains)
        ]
    if "identifiers" in fields:
        known = {(each.scheme, each.value): each for each in institution.identifiers}
        institution.identifiers = [
            known.get(key) or InstitutionIdentifier(scheme=key[0], value=key[1])
            for key in dict.fromkeys((each.scheme, each.value) for each in draft.identifiers)
        ]
    if "sites" in fields:
        sites = {(each.name, each.place): each for each in institution.sites}
        institution.sites = [
            sites.get(key) or InstitutionSite(name=key[0], place=key[1])
            for key in dict.fromkeys((each.name, each.place) for each in draft.sites)
        ]


def _check(
    session: Session,
    institution: Institution,
    draft: InstitutionFields,
    fields: set[str],
    currency: str,
) -> None:
    problems: list[FieldProblem] = []
    if "credit_limit" in fields:
        problems += _limit_problems(draft, currency)
    if "domains" in fields:
        problems += _domain_problems(session, institution, draft)
    if "identifiers" in fields:
        problems += _identifier_problems(session, institution, draft)
    if problems:
        raise InvalidInputError.of(*problems)


def _limit_problems(draft: InstitutionFields, currency: str) -> Iterator[FieldProblem]:
    limit = draft.credit_limit
    if limit is None:
        return
    if limit.currency != currency:
        yield FieldProblem("#/credit_limit/currency", f"Enter the amount in {currency}.")
    if not 0 <= limit.amount <= MAX_CREDIT:
        most = Money(MAX_CREDIT, currency).words()
        yield FieldProblem("#/credit_limit", f"Enter an amount of at most {most}.")


def _domain_problems(
    session: Session, institution: Institution, draft: InstitutionFields
) -> Iterator[FieldProblem]:
    for position, domain in enumerate(draft.domains):
        owner = session.scalar(
            select(Institution)
            .join(InstitutionDomain, InstitutionDomain.institution_id == Institution.id)
            .where(InstitutionDomain.domain == domain, Institution.ref != institution.ref)
        )
        if owner is not None:
            yield FieldProblem(f"#/domains/{position}", _taken(domain, owner))


def _identifier_problems(
    session: Session, institution: Institution, draft: InstitutionFields
) -> Iterator[FieldProblem]:
    for position, each in enumerate(draft.identifiers):
        owner = session.scalar(
            select(Institution)
            .join(InstitutionIdentifier, InstitutionIdentifier.institution_id == Institution.id)
            .where(
                InstitutionIdentifier.scheme == each.scheme,
                InstitutionIdentifier.value == each.value,
                Institution.ref != institution.ref,
            )
        )
        if owner is not None:
            pointer = f"#/identifiers/{position}/value"
            yield FieldProblem(pointer, _taken(each.value, owner))


def _taken(value: str, owner: Institution) -> str:
    return (
        f"{value} belongs to {owner.name} ({owner.ref}). Remove it there first, or merge the two "
        f"institutions."
    )


def _facts(institution: Institution) -> dict[str, Any]:
    """Return what the record says, as the audit log keeps it."""
    return {
        **{name: getattr(institution, name) for name in PLAIN_FIELDS},
        "billing_address": institution.billing,
        "credit_limit": institution.credit_limit,
        "domains": [each.domain for each in institution.domains],
        "identifiers": [f"{each.scheme}: {each.value}" for each in institution.identifiers],
        "sites": [f"{each.name}, {each.place}".removesuffix(", ") for each in institution.sites],
        "verified": institution.verified_by,
    }


def _flush(session: Session) -> None:
    """Write the changes; a unique constraint decides between two editors at the same moment."""
    try:
        session.flush()
    except IntegrityError as error:
        detail = "Someone else just gave this domain or identifier to another institution."
        raise ConflictError(detail) from error
