"""Access trouble, and the tester: what would happen to a person, without asking who they are."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access import saml
from app.access.claims import METHOD_LABELS, Method
from app.access.decisions import Affiliation
from app.access.discovery import Methods, find_methods
from app.access.email_links import find_institution_of
from app.access.errors import LoginRefusedError
from app.access.keys import SAML, find_key
from app.access.models import AccessRefusal, SamlRegistration
from app.access.networks import find_range, pack_address
from app.access.registrations import is_usable
from app.core import clock
from app.core.config import Settings
from app.institutions.models import Institution

PERIOD = timedelta(days=30)
MAX_ROWS = 200
AFFILIATION_LABELS = {Affiliation.MEMBER: "a member", Affiliation.WALK_IN: "a walk-in visitor"}
# Labels of the codes, for staff.
REASONS = {
    "affiliation": "The campus did not say that the person belongs to it, or not with its scope.",
    "audience": "The answer is for another service. Check the entity ID at the campus.",
    "deployment": "The deployment of the learning platform is not registered.",
    "destination": "The answer was sent to another address. Check the address at the campus.",
    "encryption": "The answer could not be decrypted. The campus may have an old certificate.",
    "issuer": "The answer is from another provider than the registered one.",
    "message": "The learning platform sent another kind of message, or left something out.",
    "metadata": "The provider's metadata is missing or has ended.",
    "nonce": "The answer is for another launch.",
    "platform": "The learning platform is not registered.",
    "replay": "The same answer was sent twice, for instance by the Back button.",
    "request": "The answer is for another login, or for none.",
    "signature": "The signature is missing, is not valid, or uses SHA-1. Keys may have changed.",
    "state": "The login took longer than 15 minutes, or was used already.",
    "status": "The campus itself refused the login.",
    "target": "The course link leads to another site.",
    "time": "The answer is too old or from the future. Check the clock at the campus.",
    "no_license": "The institution has no license of the film.",
    "not_yet": "The license has not started.",
    "expired": "The license has ended.",
    "suspended": "The license is suspended.",
    "site": "The license is for other sites.",
    "limit": "As many people watched as the license allows.",
}


@dataclass(frozen=True, slots=True)
class TroubleRow:
    """How often people of an institution were turned away for one reason."""

    institution: Institution
    method: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What would happen."""

    is_let_in: bool
    words: str
    institution: Institution | None = None
    methods: Methods | None = None


def find_trouble(session: Session, institution: Institution | None = None) -> list[TroubleRow]:
    """Return the refusals of the last 30 days, the most frequent first."""
    count = func.count(AccessRefusal.id)
    statement = (
        select(Institution, AccessRefusal.method, AccessRefusal.reason, count)
        .join(Institution, Institution.id == AccessRefusal.institution_id)
        .where(AccessRefusal.at > clock.now() - PERIOD)
        .group_by(Institution.id, AccessRefusal.method, AccessRefusal.reason)
        .order_by(count.desc(), Institution.id, AccessRefusal.reason)
        .limit(MAX_ROWS)
    )
    if institution is not None:
        statement = statement.where(Institution.id == institution.id)
    return [
        TroubleRow(found, METHOD_LABELS.get(Method(method), method), reason, times)
        for found, method, reason, times in session.execute(statement)
    ]


def try_address(session: Session, email: str) -> TrialResult:
    """Return what an email address opens."""
    found = find_institution_of(session, email)
    if found is None:
        words = "No institution with email links has this exact domain."
        return TrialResult(is_let_in=False, words=words)
    words = f"{found.name} offers a link by email to this address."
    return TrialResult(True, words, found, find_methods(session, found))


def try_network(session: Session, address: str) -> TrialResult:
    """Return whose network an address is."""
    if pack_address(address) is None:
        return TrialResult(is_let_in=False, words="This is no IPv4 or IPv6 address.")
    found = find_range(session, address)
    if found is None:
        return TrialResult(is_let_in=False, words="The address is in no institution's network.")
    institution = session.get_one(Institution, found.institution_id)
    kind = AFFILIATION_LABELS[Affiliation.WALK_IN if found.is_public else Affiliation.MEMBER]
    site = f", at the site {found.site}" if found.site else ""
    words = f"{found.range} is a network of {institution.name}: lets in as {kind}{site}."
    return TrialResult(True, words, institution, find_methods(session, institution))


def try_assertion(session: Session, settings: Settings, typed: str) -> TrialResult:
    """Return what a SAML answer would do in its own login. Nothing of it is kept."""
    problem = saml.find_problem()
    key = find_key(session, SAML)
    response = _pack(typed)
    row = _find_issuer(session, response)
    if problem or key is None or row is None:
        words = problem or "No registered provider issued this answer."
        return TrialResult(is_let_in=False, words=words)
    institution = session.get_one(Institution, row.institution_id)
    try:
        if not is_usable(row):
            raise LoginRefusedError(REASONS["metadata"], code="metadata")  # noqa: TRY301
        found = saml.read_response(
            settings,
            saml.KeyPair(key.private_key, key.certificate),
            row.metadata_xml,
            response,
            entity_id=row.entity_id,
            scopes=row.scopes,
            request_id=None,
        )
    except LoginRefusedError as error:
        words = REASONS.get(error.code, error.detail)
        return TrialResult(False, words, institution, find_methods(session, institution))
    words = f"Lets in as {AFFILIATION_LABELS[found.affiliation]} of {institution.name}."
    return TrialResult(True, words, institution, find_methods(session, institution))


def _pack(typed: str) -> str:
    """Return an answer as forms send it: what is pasted is that, or its XML."""
    text = typed.strip()
    return b64encode(text.encode()).decode() if text.startswith("<") else "".join(text.split())


def _find_issuer(session: Session, response: str) -> SamlRegistration | None:
    try:
        xml = b64decode(response, validate=True)
    except (binascii.Error, ValueError):
        return None
    rows: Sequence[SamlRegistration] = session.scalars(
        select(SamlRegistration).order_by(SamlRegistration.id.desc())
    ).all()
    return next((row for row in rows if f">{row.entity_id}<".encode() in xml), None)
