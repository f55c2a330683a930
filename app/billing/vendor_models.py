"""Tables of vendor documents: what a purchasing office asks of a seller, and links to them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.models import Film
from app.core.db import Base, Timestamped


class VendorDocumentKind(StrEnum):
    """What a vendor document is."""

    W9 = "w9"
    BANK_DETAILS = "bank_details"
    INSURANCE = "insurance"
    ACCESSIBILITY = "accessibility"
    SOLE_SOURCE = "sole_source"
    OTHER = "other"


VENDOR_DOCUMENT_LABELS = {
    VendorDocumentKind.W9: "W-9",
    VendorDocumentKind.BANK_DETAILS: "Bank details",
    VendorDocumentKind.INSURANCE: "Certificate of insurance",
    VendorDocumentKind.ACCESSIBILITY: "Accessibility report (VPAT/ACR)",
    VendorDocumentKind.SOLE_SOURCE: "Sole-source letter",
    VendorDocumentKind.OTHER: "Other document",
}


class VendorDocument(Timestamped, Base):
    """A PDF for purchasing offices. A newer one replaces it; its bytes never change."""

    __tablename__ = "vendor_documents"
    __table_args__ = (
        CheckConstraint(
            "valid_through IS NULL OR valid_through >= valid_from", name="ends_after_start"
        ),
        CheckConstraint("(kind = 'sole_source') = (film_id IS NOT NULL)", name="film_of_letter"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="VD-..., for addresses")
    kind: Mapped[VendorDocumentKind]
    title: Mapped[str] = mapped_column(String(400))
    film_id: Mapped[int | None] = mapped_column(
        ForeignKey("films.id", ondelete="RESTRICT"), index=True
    )
    valid_from: Mapped[date]
    valid_through: Mapped[date | None] = mapped_column(doc="Last day; null: until it is replaced")
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int]
    added_by: Mapped[str] = mapped_column(String(200))
    replaced_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When a newer document took its place, or staff withdrew it"
    )
    current_key: Mapped[str | None] = mapped_column(
        String(420), unique=True, doc="What it is the current document of; null once replaced"
    )
    is_on_quotes: Mapped[bool] = mapped_column(default=False, doc="Offered on every quote")
    is_on_invoices: Mapped[bool] = mapped_column(default=False, doc="Offered on every invoice")

    film: Mapped[Film | None] = relationship()

    @property
    def label(self) -> str:
        """What it is, in words."""
        return VENDOR_DOCUMENT_LABELS[self.kind]


class VendorDocumentOffer(Timestamped, Base):
    """A document that staff chose for one quote or invoice."""

    __tablename__ = "vendor_document_offers"
    __table_args__ = (UniqueConstraint("number", "document_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), doc="The number of the quote or invoice")
    document_id: Mapped[int] = mapped_column(
        ForeignKey("vendor_documents.id", ondelete="RESTRICT"), index=True
    )


class VendorDocumentLink(Timestamped, Base):
    """A secret address of a document in an email about a quote or an invoice."""

    __tablename__ = "vendor_document_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    document_id: Mapped[int] = mapped_column(
        ForeignKey("vendor_documents.id", ondelete="RESTRICT"), index=True
    )
    sent_for: Mapped[str] = mapped_column(String(40), doc="The number of the quote or invoice")
    email: Mapped[str] = mapped_column(String(254), doc="To whom it was sent")
    expires_at: Mapped[datetime] = mapped_column(index=True)

    document: Mapped[VendorDocument] = relationship(lazy="joined")
