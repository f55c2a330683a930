"""Tables of access: networks, logins of institutions, and class links. None holds a person."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Timestamped


class IpRange(Timestamped, Base):
    """Addresses of a campus network. No two ranges overlap."""

    __tablename__ = "ip_ranges"
    __table_args__ = (CheckConstraint("first <= last", name="first_before_last"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    site_id: Mapped[int | None] = mapped_column(
        ForeignKey("institution_sites.id", ondelete="SET NULL"), index=True
    )
    first: Mapped[bytes] = mapped_column(
        LargeBinary(16), unique=True, doc="16 bytes; IPv4 as ::ffff:a.b.c.d"
    )
    last: Mapped[bytes] = mapped_column(LargeBinary(16), doc="The last address, included")
    is_public: Mapped[bool] = mapped_column(
        default=False, doc="Walk-in visitors use it too: public terminals, guest Wi-Fi"
    )


class AccessSettings(Timestamped, Base):
    """How the people of an institution reach films, apart from networks and registrations."""

    __tablename__ = "access_settings"

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    has_email_links: Mapped[bool] = mapped_column(
        default=True, doc="Whether addresses at its domains can ask for a sign-in link"
    )
    proxy_prefix: Mapped[str] = mapped_column(
        String(300), default="", doc="Of EZproxy: `https://login.proxy.example.edu/login?url=`"
    )
    contact: Mapped[str] = mapped_column(
        String(200), default="", doc="Whom its people ask for help; printed on pages"
    )


class SamlRegistration(Timestamped, Base):
    """An institution's SAML identity provider, with the last metadata that could be verified."""

    __tablename__ = "saml_registrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    entity_id: Mapped[str] = mapped_column(String(500), index=True)
    metadata_url: Mapped[str] = mapped_column(
        String(500), default="", doc="Fetched by the worker; empty: metadata by file"
    )
    signing_certificate: Mapped[str] = mapped_column(
        Text, default="", doc="PEM with which fetched metadata must be signed; empty: unsigned"
    )
    metadata_xml: Mapped[str] = mapped_column(Text, default="")
    scopes: Mapped[list[str]] = mapped_column(
        JSON, default=list, doc="Of the metadata: what its scoped affiliations may end with"
    )
    valid_until: Mapped[datetime | None] = mapped_column(doc="Null: the metadata names no end")
    fetched_at: Mapped[datetime | None]
    next_fetch_at: Mapped[datetime | None] = mapped_column(index=True)
    failure: Mapped[str] = mapped_column(
        String(500), default="", doc="Why the last fetch failed; empty: it did not"
    )


class LtiRegistration(Timestamped, Base):
    """A learning platform (LTI 1.3) of an institution."""

    __tablename__ = "lti_registrations"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(300))
    deployments: Mapped[list[str]] = mapped_column(JSON, doc="Deployment ids that may launch")
    login_url: Mapped[str] = mapped_column(String(500), doc="The platform's authorization endpoint")
    keys_url: Mapped[str] = mapped_column(String(500), doc="The platform's key set (JWKS)")


class LoginKind(StrEnum):
    """What a login goes through."""

    SAML = "saml"
    LTI = "lti"
    EMAIL = "email"


class AccessLogin(Base):
    """A login that was begun. It can be finished once."""

    __tablename__ = "access_logins"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[LoginKind]
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    nonce: Mapped[str] = mapped_column(
        String(200), default="", doc="What the answer must name: a request id, or a nonce"
    )
    target: Mapped[str] = mapped_column(String(500), doc="The page to open afterwards")
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SeenAssertion(Base):
    """An assertion or launch that was accepted, until it ends: it is refused a second time."""

    __tablename__ = "assertions_seen"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True, doc="Of issuer and id")
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ClassLink(Timestamped, Base):
    """A link with which a teacher's class reaches one film."""

    __tablename__ = "class_links"
    __table_args__ = (
        CheckConstraint("max_uses >= 1", name="max_uses_positive"),
        CheckConstraint("uses >= 0 AND uses <= max_uses", name="uses_within_cap"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="CL-..., in the link")
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    member_id: Mapped[int | None] = mapped_column(
        ForeignKey("members.id", ondelete="SET NULL"), index=True, doc="Who made it"
    )
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="RESTRICT"), index=True)
    label: Mapped[str] = mapped_column(String(120), doc="The course, for the teacher's own list")
    max_uses: Mapped[int]
    uses: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    withdrawn_at: Mapped[datetime | None]


class AccessRefusal(Base):
    """Someone of a known institution was turned away. The row names no person and no address."""

    __tablename__ = "access_refusals"
    __table_args__ = (Index("ix_access_refusals_institution_id_at", "institution_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    method: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40), doc="A code; its words are in `trouble.py`")


class AccessKey(Timestamped, Base):
    """A key pair of the store, made when it is first needed."""

    __tablename__ = "access_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20), unique=True, doc="`saml` or `lti`")
    private_key: Mapped[str] = mapped_column(Text, doc="PEM. Never shown")
    certificate: Mapped[str] = mapped_column(Text, doc="PEM, self-signed")
