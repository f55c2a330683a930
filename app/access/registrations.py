"""What an institution registers: its SAML provider, learning platforms, and other settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from sqlalchemy import and_, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.access import saml
from app.access.fetching import FetchError, check_url, fetch_bytes
from app.access.models import AccessSettings, LtiRegistration, SamlRegistration
from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.core import clock
from app.core.config import Settings
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.core.work_queue import JobGroup, WorkQueue
from app.institutions.models import Institution
from app.institutions.providers import find_provider

REFRESH_AFTER, RETRY_AFTER = timedelta(hours=24), timedelta(hours=1)
# While there is none yet, people wait for it.
FIRST_RETRY_AFTER = timedelta(minutes=1)
MAX_PLATFORMS = 10
# The worker fetches metadata when it is due: at once after a change, and daily.
WORK_QUEUE = WorkQueue(
    key=SamlRegistration.id,
    due_at=SamlRegistration.next_fetch_at,
    is_due=lambda at: and_(
        SamlRegistration.next_fetch_at.is_not(None), SamlRegistration.next_fetch_at <= at
    ),
    retry_after=RETRY_AFTER,
    group=JobGroup.FILMS,
)


@dataclass(frozen=True, slots=True)
class SamlDraft:
    """A SAML provider as it is entered: metadata by address, or pasted."""

    entity_id: str = ""
    metadata_url: str = ""
    signing_certificate: str = ""
    metadata_xml: str = ""


@dataclass(frozen=True, slots=True)
class PlatformDraft:
    """A learning platform as it is entered."""

    issuer: str
    client_id: str
    deployments: Sequence[str]
    login_url: str
    keys_url: str


@dataclass(frozen=True, slots=True)
class SettingsDraft:
    """The other settings as they are entered."""

    has_email_links: bool = True
    proxy_prefix: str = ""
    contact: str = ""


def find_settings(session: Session, institution: Institution) -> SettingsDraft:
    """Return the settings of an institution, or those of one that never set any."""
    row = session.scalar(
        select(AccessSettings)
        .where(AccessSettings.institution_id == institution.id)
        .order_by(AccessSettings.id.desc())
        .limit(1)
    )
    if row is None:
        return SettingsDraft()
    return SettingsDraft(row.has_email_links, row.proxy_prefix, row.contact)


def set_settings(
    session: Session, institution: Institution, draft: SettingsDraft, *, actor: Actor
) -> None:
    """Set the settings of a locked institution.

    Raises:
        InvalidInputError: the prefix is no address.
    """
    if draft.proxy_prefix and not _is_prefix(draft.proxy_prefix):
        detail = "Enter an address that starts with https:// and ends with url= or qurl=."
        raise InvalidInputError.of(FieldProblem("#/proxy_prefix", detail))
    before = find_settings(session, institution)
    session.execute(delete(AccessSettings).where(AccessSettings.institution_id == institution.id))
    session.add(
        AccessSettings(
            institution_id=institution.id,
            has_email_links=draft.has_email_links,
            proxy_prefix=draft.proxy_prefix,
            contact=draft.contact,
        )
    )
    session.flush()
    if before != draft:
        record_action(
            session,
            "institution",
            institution.ref,
            "access_changed",
            actor,
            before=_facts(before),
            after=_facts(draft),
        )


def find_saml(session: Session, institution: Institution | int) -> SamlRegistration | None:
    """Return the SAML provider of an institution, if any: the latest after a merge."""
    institution_id = institution if isinstance(institution, int) else institution.id
    return session.scalar(
        select(SamlRegistration)
        .where(SamlRegistration.institution_id == institution_id)
        .order_by(SamlRegistration.id.desc())
        .limit(1)
    )


def set_saml(
    session: Session,
    settings: Settings,
    institution: Institution,
    draft: SamlDraft | None,
    *,
    actor: Actor,
) -> None:
    """Set the SAML provider of a locked institution, or remove it.

    Metadata with an address is fetched by the worker within a minute.

    Raises:
        InvalidInputError: the metadata or its address cannot be used; the field is named.
    """
    known = find_saml(session, institution)
    row = _read_draft(settings, institution, draft) if draft is not None else None
    before = {"entity_id": known.entity_id} if known else None
    session.execute(
        delete(SamlRegistration).where(SamlRegistration.institution_id == institution.id)
    )
    if row is not None:
        session.add(row)
    session.flush()
    after = {"entity_id": row.entity_id, "metadata": row.metadata_url or "file"} if row else None
    verb = "saml_set" if row else "saml_removed"
    record_action(session, "institution", institution.ref, verb, actor, before=before, after=after)


def is_usable(row: SamlRegistration | None) -> bool:
    """Return whether people can log in with this provider now."""
    if row is None or not row.metadata_xml or saml.find_problem():
        return False
    return row.valid_until is None or row.valid_until > clock.now()


def fetch_metadata(
    sessions: sessionmaker[Session], settings: Settings, *, registration_id: int
) -> str:
    """Fetch the metadata of one provider. What cannot be verified leaves the last good one."""
    with sessions() as session:
        row = session.get(SamlRegistration, registration_id)
    if row is None or not row.metadata_url:
        return "gone"
    failure, body, found = "", b"", None
    try:
        body = fetch_bytes(settings, metadata_address(row.metadata_url, row.entity_id))
        found = saml.read_metadata(
            body, entity_id=row.entity_id, certificate=row.signing_certificate
        )
    except (FetchError, saml.MetadataError) as error:
        failure = str(error)
    now = clock.now()
    with sessions.begin() as session:
        row = session.get(SamlRegistration, registration_id, with_for_update=True)
        if row is None:
            return "gone"
        row.failure = failure[:500]
        retry_after = RETRY_AFTER if row.metadata_xml else FIRST_RETRY_AFTER
        row.next_fetch_at = now + (retry_after if failure else REFRESH_AFTER)
        if found is not None:
            row.metadata_xml = body.decode("utf-8", "replace")
            row.scopes = found.scopes
            row.valid_until = found.valid_until
            row.fetched_at = now
            if found.valid_until is not None:
                row.next_fetch_at = min(
                    row.next_fetch_at, max(found.valid_until, now + RETRY_AFTER)
                )
    return failure or "fetched"


def metadata_address(url: str, entity_id: str) -> str:
    """Return the address to fetch: MDQ servers are asked for one entity.

    >>> metadata_address("https://mdq.example.org/entities/", "https://idp.example.edu/x")
    'https://mdq.example.org/entities/https%3A%2F%2Fidp.example.edu%2Fx'
    >>> metadata_address("https://idp.example.edu/metadata", "https://idp.example.edu/x")
    'https://idp.example.edu/metadata'
    """
    return url + quote(entity_id, safe="") if url.endswith("/entities/") else url


def find_platforms(session: Session, institution: Institution) -> Sequence[LtiRegistration]:
    """Return the learning platforms of an institution."""
    return session.scalars(
        select(LtiRegistration)
        .where(LtiRegistration.institution_id == institution.id)
        .order_by(LtiRegistration.id)
    ).all()


def add_platform(
    session: Session,
    settings: Settings,
    institution: Institution,
    draft: PlatformDraft,
    *,
    actor: Actor,
) -> LtiRegistration:
    """Add a learning platform to a locked institution.

    Raises:
        InvalidInputError: a field is missing or is no address.
        ConflictError: another institution registered this client.
    """
    problems = [
        FieldProblem(f"#/{name}", detail)
        for name, detail in (
            ("client_id", "" if draft.client_id else "Enter the client ID."),
            ("deployments", "" if draft.deployments else "Enter at least one deployment ID."),
            ("issuer", _find_url_problem(settings, draft.issuer)),
            ("login_url", _find_url_problem(settings, draft.login_url)),
            ("keys_url", _find_url_problem(settings, draft.keys_url)),
        )
        if detail
    ]
    if len(find_platforms(session, institution)) >= MAX_PLATFORMS:
        problems.append(FieldProblem("#/issuer", f"At most {MAX_PLATFORMS} platforms."))
    if problems:
        raise InvalidInputError.of(*problems)
    row = LtiRegistration(
        institution_id=institution.id,
        issuer=draft.issuer,
        client_id=draft.client_id,
        deployments=list(dict.fromkeys(draft.deployments)),
        login_url=draft.login_url,
        keys_url=draft.keys_url,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        detail = "This client ID of this platform is registered already."
        raise ConflictError(detail, errors=[FieldProblem("#/client_id", detail)]) from error
    after = {"issuer": row.issuer, "client_id": row.client_id}
    record_action(session, "institution", institution.ref, "platform_added", actor, after=after)
    return row


def remove_platform(
    session: Session, institution: Institution, platform_id: int, *, actor: Actor
) -> None:
    """Remove a learning platform of a locked institution.

    Raises:
        NotFoundError: it has no such platform.
    """
    row = session.get(LtiRegistration, platform_id)
    if row is None or row.institution_id != institution.id:
        detail = "This platform is not registered."
        raise NotFoundError(detail)
    before = {"issuer": row.issuer, "client_id": row.client_id}
    session.delete(row)
    session.flush()
    record_action(session, "institution", institution.ref, "platform_removed", actor, before=before)


def has_openid(session: Session, institution: Institution) -> bool:
    """Return whether the institution has an OpenID Connect provider."""
    return find_provider(session, institution) is not None


def _read_draft(settings: Settings, institution: Institution, draft: SamlDraft) -> SamlRegistration:
    row = SamlRegistration(
        institution_id=institution.id,
        entity_id=draft.entity_id.strip(),
        metadata_url=draft.metadata_url.strip(),
        signing_certificate=draft.signing_certificate.strip(),
        scopes=[],
        metadata_xml="",
        failure="",
    )
    if row.metadata_url:
        problem = _find_url_problem(settings, row.metadata_url)
        if problem:
            raise InvalidInputError.of(FieldProblem("#/metadata_url", problem))
        if not row.entity_id or "'" in row.entity_id:
            raise InvalidInputError.of(FieldProblem("#/entity_id", "Enter the entity ID."))
        row.next_fetch_at = clock.now()
        return row
    if not draft.metadata_xml.strip():
        detail = "Enter the address of the metadata, or paste it."
        raise InvalidInputError.of(FieldProblem("#/metadata_xml", detail))
    if problem := saml.find_problem():
        raise InvalidInputError.of(FieldProblem("#/metadata_xml", problem))
    try:
        found = saml.read_metadata(
            draft.metadata_xml.strip().encode(),
            entity_id=row.entity_id,
            certificate=row.signing_certificate,
        )
    except saml.MetadataError as error:
        raise InvalidInputError.of(FieldProblem("#/metadata_xml", str(error))) from error
    row.entity_id, row.scopes, row.valid_until = found.entity_id, found.scopes, found.valid_until
    row.metadata_xml = draft.metadata_xml.strip()
    row.fetched_at = clock.now()
    return row


def _find_url_problem(settings: Settings, url: str) -> str:
    try:
        check_url(settings, url)
    except FetchError as error:
        return str(error)
    return ""


def _is_prefix(text: str) -> bool:
    parts = urlsplit(text)
    is_local = parts.hostname == "127.0.0.1"
    return (parts.scheme == "https" or is_local) and bool(parts.hostname) and text.endswith("url=")


def _facts(draft: SettingsDraft) -> dict[str, object]:
    return {
        "email_links": draft.has_email_links,
        "proxy_prefix": draft.proxy_prefix,
        "contact": draft.contact,
    }


def describe_validity(row: SamlRegistration, now: datetime) -> str:
    """Return whether the metadata can be used, in words."""
    if not row.metadata_xml:
        return "The metadata was not fetched yet."
    if row.valid_until is not None and row.valid_until <= now:
        return "The metadata has ended. People can't log in with SAML."
    return ""
