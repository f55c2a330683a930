"""Tables of institutions."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.customers import CustomerClass
from app.core.db import Base, Timestamped


class SizeSource(StrEnum):
    """Where an institution's size comes from."""

    STATED = "stated"
    IPEDS = "ipeds"
    NCES = "nces"
    LIBRARY_SURVEY = "library_survey"
    OTHER = "other"


class IdentifierScheme(StrEnum):
    """A list of institutions that gives each a number or code."""

    ROR = "ror"
    IPEDS = "ipeds"
    NCES = "nces"
    ISIL = "isil"
    SAN = "san"
    OCLC = "oclc"


class Institution(Timestamped, Base):
    """An institution that buys. Its class and size are stated by buyers until staff verify them."""

    __tablename__ = "institutions"
    __table_args__ = (
        CheckConstraint("size IS NULL OR size >= 0", name="size_not_negative"),
        CheckConstraint("terms_days IS NULL OR terms_days >= 0", name="terms_not_negative"),
        CheckConstraint("credit_limit IS NULL OR credit_limit >= 0", name="limit_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="IN-..., for addresses")
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), index=True, doc="Normalized, to find it")
    customer_class: Mapped[CustomerClass]
    size: Mapped[int | None] = mapped_column(doc="In the measure of its class")
    size_year: Mapped[int | None] = mapped_column(doc="The year that the size is of")
    size_source: Mapped[SizeSource] = mapped_column(default=SizeSource.STATED)
    verified_at: Mapped[datetime | None] = mapped_column(doc="When staff verified class and size")
    verified_by: Mapped[str] = mapped_column(String(200), default="")
    country: Mapped[str] = mapped_column(String(2))
    time_zone: Mapped[str] = mapped_column(
        String(64), default="", doc="IANA; empty: by its address"
    )
    billing: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    terms_days: Mapped[int | None] = mapped_column(doc="Null: the store's own")
    credit_limit: Mapped[int | None] = mapped_column(doc="Minor units owed at most; null: no limit")
    hold_reason: Mapped[str] = mapped_column(
        String(500), default="", doc="Why staff refuse new orders on terms; empty: no hold"
    )
    notes: Mapped[str] = mapped_column(Text, default="", doc="Of staff. Never shown to the buyer")
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )

    domains: Mapped[list["InstitutionDomain"]] = relationship(
        cascade="all, delete-orphan", order_by="InstitutionDomain.domain"
    )
    identifiers: Mapped[list["InstitutionIdentifier"]] = relationship(
        cascade="all, delete-orphan",
        order_by="(InstitutionIdentifier.scheme, InstitutionIdentifier.value)",
    )
    sites: Mapped[list["InstitutionSite"]] = relationship(
        cascade="all, delete-orphan", order_by="InstitutionSite.id"
    )

    @property
    def is_verified(self) -> bool:
        """Return whether staff verified its class and size."""
        return self.verified_at is not None


class InstitutionDomain(Timestamped, Base):
    """A domain of an institution's email addresses. It belongs to one institution."""

    __tablename__ = "institution_domains"

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    domain: Mapped[str] = mapped_column(String(253), unique=True, doc="Lower case, in ASCII")


class InstitutionIdentifier(Base):
    """A number or code that a list gives to one institution."""

    __tablename__ = "institution_identifiers"
    __table_args__ = (UniqueConstraint("scheme", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    scheme: Mapped[IdentifierScheme]
    value: Mapped[str] = mapped_column(String(40), doc="As its scheme writes it")


class InstitutionSite(Base):
    """A campus, branch, or school of an institution."""

    __tablename__ = "institution_sites"

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(200))
    place: Mapped[str] = mapped_column(String(200), default="", doc="City, or what tells it apart")


class InstitutionMerge(Timestamped, Base):
    """One institution merged into another, with the rows that moved, so that it can be undone."""

    __tablename__ = "institution_merges"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    target_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    moved: Mapped[dict[str, list[int]]] = mapped_column(
        JSON, doc="Ids of rows, by the table and column that pointed to the source"
    )
    merged_by: Mapped[str] = mapped_column(String(200))
    undone_at: Mapped[datetime | None]
