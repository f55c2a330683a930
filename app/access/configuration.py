"""The access settings of an institution as one form, for staff and for its own librarians."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.models import SamlRegistration
from app.access.networks import RangeDraft, find_ranges, format_range, set_ranges
from app.access.registrations import (
    PlatformDraft,
    SettingsDraft,
    add_platform,
    find_platforms,
    find_settings,
    remove_platform,
    set_settings,
)
from app.accounts.actors import Actor
from app.core.config import Settings
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.text import TextConstraints
from app.institutions.models import Institution

MAX_NETWORKS, MAX_METADATA = 500, 190_000
Short = Annotated[str, TextConstraints(max_length=200)]
Url = Annotated[str, TextConstraints(max_length=500)]
Long = Annotated[str, TextConstraints(max_length=MAX_METADATA)]


class NetworkIn(BaseModel):
    """A range of addresses as it is typed."""

    range: Short = ""
    site: Short = ""
    is_public: bool = False


class AccessIn(BaseModel):
    """The networks and the other settings."""

    networks: list[NetworkIn] = Field(default=[], max_length=MAX_NETWORKS)
    has_email_links: bool = False
    proxy_prefix: Annotated[str, TextConstraints(max_length=300)] = ""
    contact: Short = ""


class SamlIn(BaseModel):
    """A SAML provider."""

    entity_id: Url = ""
    metadata_url: Url = ""
    signing_certificate: Annotated[str, TextConstraints(max_length=10_000)] = ""
    metadata_xml: Long = ""


class PlatformIn(BaseModel):
    """A learning platform."""

    issuer: Short = ""
    client_id: Short = ""
    deployments: list[Short] = Field(default=[], max_length=20)
    login_url: Url = ""
    keys_url: Url = ""


class PlatformsIn(BaseModel):
    """The learning platforms."""

    platforms: list[PlatformIn] = Field(default=[], max_length=10)


def read_access(session: Session, institution: Institution) -> dict[str, Any]:
    """Return what the form of networks and settings holds."""
    sites = {site.id: site.name for site in institution.sites}
    own = find_settings(session, institution)
    return {
        "networks": [
            {
                "range": format_range(row),
                "site": sites.get(row.site_id, "") if row.site_id else "",
                "is_public": row.is_public,
            }
            for row in find_ranges(session, institution)
        ],
        "has_email_links": own.has_email_links,
        "proxy_prefix": own.proxy_prefix,
        "contact": own.contact,
    }


def save_access(
    session: Session, institution: Institution, draft: AccessIn, *, actor: Actor
) -> None:
    """Save the networks and settings of a locked institution.

    Raises:
        InvalidInputError: as ``set_ranges`` and ``set_settings``; each field is named.
    """
    ids = {site.name: site.id for site in institution.sites}
    problems = [
        FieldProblem(f"#/networks/{position}/site", "Choose a site of the institution.")
        for position, network in enumerate(draft.networks)
        if network.site and network.site not in ids
    ]
    ranges = [
        RangeDraft(network.range, ids.get(network.site), network.is_public)
        for network in draft.networks
    ]
    others = SettingsDraft(draft.has_email_links, draft.proxy_prefix.strip(), draft.contact.strip())
    try:
        set_settings(session, institution, others, actor=actor)
    except InvalidInputError as error:
        problems += error.errors
    try:
        set_ranges(session, institution, ranges, actor=actor)
    except InvalidInputError as error:
        problems += error.errors
    if problems:
        raise InvalidInputError.of(*problems)


def read_saml(row: SamlRegistration | None) -> dict[str, Any]:
    """Return what the form of the SAML provider holds."""
    if row is None:
        return {}
    return {
        "entity_id": row.entity_id,
        "metadata_url": row.metadata_url,
        "signing_certificate": row.signing_certificate,
        # What was fetched is no one's to edit.
        "metadata_xml": "" if row.metadata_url else row.metadata_xml,
    }


def read_platforms(session: Session, institution: Institution) -> list[dict[str, Any]]:
    """Return what the form of learning platforms holds."""
    return [
        {
            "issuer": row.issuer,
            "client_id": row.client_id,
            "deployments": row.deployments,
            "login_url": row.login_url,
            "keys_url": row.keys_url,
        }
        for row in find_platforms(session, institution)
    ]


def save_platforms(
    session: Session,
    settings: Settings,
    institution: Institution,
    drafts: Sequence[PlatformIn],
    *,
    actor: Actor,
) -> None:
    """Make these the platforms of a locked institution. What did not change stays as it is.

    Raises:
        InvalidInputError: a field is missing or no address, or a client is registered elsewhere.
    """
    wanted = [draft.model_dump() for draft in drafts]
    for row, facts in zip(
        find_platforms(session, institution), read_platforms(session, institution), strict=True
    ):
        if facts not in wanted:
            remove_platform(session, institution, row.id, actor=actor)
    kept = read_platforms(session, institution)
    problems = []
    for position, facts in enumerate(wanted):
        if facts in kept:
            continue
        try:
            add_platform(session, settings, institution, PlatformDraft(**facts), actor=actor)
        except AppError as error:
            problems += [
                FieldProblem(
                    f"#/platforms/{position}/{each.pointer.removeprefix('#/')}", each.detail
                )
                for each in error.errors
            ]
    if problems:
        raise InvalidInputError.of(*problems)
