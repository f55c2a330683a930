"""Tables of licenses."""

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.customers import CustomerClass
from app.core.db import Base, Timestamped
from app.licenses.states import EntitlementKind, LicenseStatus
from app.offers.terms import TermKind


class License(Timestamped, Base):
    """A grant: who may show what, how, and for how long. Everything on it is a snapshot.

    Only `status` ever changes; a later price, right or license text leaves a license as it is. A
    correction is a license of its own, which replaces this one.
    """

    __tablename__ = "licenses"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        Index("ix_licenses_status_ends_on", "status", "ends_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True, doc="RL-..., public")
    granted_for: Mapped[str] = mapped_column(
        String(40),
        unique=True,
        doc="`<order number>/<line number>`: one license a line, ever; `…/2` is its correction",
    )
    replaces: Mapped[str | None] = mapped_column(
        String(20), unique=True, doc="The number of the license that this one corrects"
    )
    renews: Mapped[str | None] = mapped_column(
        String(20), index=True, doc="The number of the license that this one follows"
    )
    access_token: Mapped[str] = mapped_column(String(64), doc="Opens the certificate")

    status: Mapped[LicenseStatus] = mapped_column(default=LicenseStatus.ACTIVE)
    licensee: Mapped[str] = mapped_column(String(200))
    licensee_class: Mapped[CustomerClass]
    country: Mapped[str] = mapped_column(String(2), doc="ISO 3166-1 alpha-2")
    time_zone: Mapped[str] = mapped_column(String(64), doc="IANA zone of the two dates")
    sites: Mapped[list[str]] = mapped_column(JSON, default=list)
    licensor: Mapped[str] = mapped_column(String(200), doc="The seller's name on that day")
    licensor_address: Mapped[str] = mapped_column(String(400), default="")

    sku: Mapped[str] = mapped_column(String(120))
    offer_title: Mapped[str] = mapped_column(String(200), doc="`DVD with ...`")
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="RESTRICT"), index=True)
    film_slug: Mapped[str] = mapped_column(String(120))
    film_title: Mapped[str] = mapped_column(String(300))
    film_facts: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict, doc="Directors and year: what tells this film from another"
    )
    delivery: Mapped[str] = mapped_column(String(20))
    version_labels: Mapped[list[str]] = mapped_column(JSON, default=list)
    quantity: Mapped[int] = mapped_column(default=1, doc="Copies, for a disc")

    territory: Mapped[list[str]] = mapped_column(JSON, doc="Where it was offered: countries")
    rights: Mapped[dict[str, Any]] = mapped_column(JSON)
    rights_text: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, doc="The rights in words, as they stood on the offer: topic, question, answer, short"
    )
    term_kind: Mapped[TermKind]
    term_months: Mapped[int | None]
    term_words: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(doc="Last day; null when no date ends it")

    text_code: Mapped[str] = mapped_column(String(60))
    text_version: Mapped[str] = mapped_column(String(20))
    text_title: Mapped[str] = mapped_column(String(200), default="")
    text_sha256: Mapped[str] = mapped_column(String(64))

    order_number: Mapped[str] = mapped_column(String(20), index=True)
    po_number: Mapped[str | None] = mapped_column(String(60))
    granted_on: Mapped[date]


class Entitlement(Timestamped, Base):
    """The access that a license gives: how often it may be used, and how often it was."""

    __tablename__ = "entitlements"
    __table_args__ = (
        UniqueConstraint("license_id", "kind"),
        CheckConstraint("uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)", name="uses_bound"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    license_id: Mapped[int] = mapped_column(ForeignKey("licenses.id", ondelete="RESTRICT"))
    kind: Mapped[EntitlementKind]
    max_uses: Mapped[int | None] = mapped_column(
        doc="Downloads, or streams at once; null for no limit"
    )
    uses: Mapped[int] = mapped_column(default=0)
    secret: Mapped[str | None] = mapped_column(
        String(64), doc="Opens its page; null where a link is sent once and never shown again"
    )
    secret_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    generation: Mapped[int] = mapped_column(default=1, doc="Rises when its link is replaced")
