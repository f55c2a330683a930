"""Tables of purchase orders, invoices, and credit notes.

They stand below orders, so they name an order by its number, as licenses do.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.billing.states import (
    InvoiceState,
    PurchaseOrderDecision,
    PurchaseOrderKind,
    PurchaseOrderSource,
    PurchaseOrderState,
)
from app.core.db import Base, Timestamped
from app.core.money import Money
from app.institutions.models import Institution


class PurchaseOrder(Timestamped, Base):
    """A buyer's own document. What it may still be used for never falls below zero."""

    __tablename__ = "purchase_orders"
    __table_args__ = (
        CheckConstraint(
            "used_amount >= 0 AND (limit_amount IS NULL OR used_amount <= limit_amount)",
            name="balance_not_negative",
        ),
        Index("ix_purchase_orders_institution_key_key", "institution_key", "key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    institution_key: Mapped[str] = mapped_column(String(200), doc="As on orders")
    number: Mapped[str] = mapped_column(String(60), doc="The buyer's")
    key: Mapped[str] = mapped_column(String(60), doc="Normalized, to find duplicates")
    kind: Mapped[PurchaseOrderKind] = mapped_column(default=PurchaseOrderKind.SINGLE)
    state: Mapped[PurchaseOrderState] = mapped_column(
        default=PurchaseOrderState.RECEIVED, index=True
    )
    issued_on: Mapped[date | None]
    expires_on: Mapped[date | None] = mapped_column(doc="The last day on which it can be used")
    currency: Mapped[str] = mapped_column(String(3))
    limit_amount: Mapped[int | None] = mapped_column(doc="Minor units; null: none")
    used_amount: Mapped[int] = mapped_column(default=0)
    ap_name: Mapped[str] = mapped_column(String(200), default="")
    ap_email: Mapped[str] = mapped_column(String(254), default="")
    source: Mapped[PurchaseOrderSource]
    decision_reason: Mapped[str] = mapped_column(
        String(1000), default="", doc="Why staff countered or rejected it; the buyer reads it"
    )
    institution: Mapped[Institution | None] = relationship()
    uses: Mapped[list["PurchaseOrderUse"]] = relationship(order_by="PurchaseOrderUse.id")

    @property
    def is_blanket(self) -> bool:
        """Return whether several orders may use it."""
        return self.kind is PurchaseOrderKind.BLANKET

    @property
    def limit(self) -> Money | None:
        """What it authorizes in all; None if it names no limit."""
        return None if self.limit_amount is None else Money(self.limit_amount, self.currency)

    @property
    def used(self) -> Money:
        """What orders have used of it."""
        return Money(self.used_amount, self.currency)

    @property
    def balance(self) -> Money | None:
        """What may still be used; None if it names no limit."""
        return None if self.limit is None else self.limit - self.used


class PurchaseOrderUse(Timestamped, Base):
    """What one order takes of a purchase order, until it is released."""

    __tablename__ = "purchase_order_uses"
    __table_args__ = (
        UniqueConstraint("purchase_order_id", "order_number"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    purchase_order_id: Mapped[int] = mapped_column(
        ForeignKey("purchase_orders.id", ondelete="RESTRICT"), index=True
    )
    order_number: Mapped[str] = mapped_column(String(20), index=True)
    amount: Mapped[int]
    released_at: Mapped[datetime | None]


class PurchaseOrderFile(Timestamped, Base):
    """A PDF of a purchase order, as it was sent. Its bytes are stored by their hash."""

    __tablename__ = "purchase_order_files"
    __table_args__ = (UniqueConstraint("purchase_order_id", "order_number", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    purchase_order_id: Mapped[int] = mapped_column(
        ForeignKey("purchase_orders.id", ondelete="RESTRICT"), index=True
    )
    order_number: Mapped[str] = mapped_column(String(20), index=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int]
    pages: Mapped[int]
    original_name: Mapped[str] = mapped_column(String(200), default="")
    uploaded_by: Mapped[str] = mapped_column(String(200))


class PurchaseOrderReview(Timestamped, Base):
    """What staff read on a purchase order for one order, and what they decided. Only added."""

    __tablename__ = "purchase_order_reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    purchase_order_id: Mapped[int] = mapped_column(
        ForeignKey("purchase_orders.id", ondelete="RESTRICT"), index=True
    )
    order_number: Mapped[str] = mapped_column(String(20), index=True)
    file_id: Mapped[int | None] = mapped_column(
        ForeignKey("purchase_order_files.id", ondelete="RESTRICT"), index=True
    )
    decision: Mapped[PurchaseOrderDecision]
    reason: Mapped[str] = mapped_column(String(1000), default="")
    stated: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), doc="What the purchase order says; null: not compared"
    )
    differences: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list, doc="Where that differs from the order"
    )
    decided_by: Mapped[str] = mapped_column(String(200))


class DocumentSeries(Base):
    """The last number of one kind of document of one seller in one year: there are no gaps."""

    __tablename__ = "document_series"

    series: Mapped[str] = mapped_column(String(20), primary_key=True, doc="invoice, credit_note")
    seller_key: Mapped[str] = mapped_column(String(60), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Invoice(Timestamped, Base):
    """A demand for payment. Its content never changes; a correction voids it and replaces it."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("seller_key", "year", "sequence"),
        CheckConstraint("total_amount = subtotal_amount + tax_amount", name="sums_exact"),
        CheckConstraint(
            "subtotal_amount >= 0 AND tax_amount >= 0 AND paid_amount >= 0 "
            "AND credited_amount >= 0 AND written_off_amount >= 0",
            name="not_negative",
        ),
        Index("ix_invoices_state_due_on", "state", "due_on"),
        # An order has one invoice that counts.
        Index(
            "uq_invoices_live_order",
            "order_number",
            unique=True,
            sqlite_where=text("state != 'void'"),
            postgresql_where=text("state != 'void'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    access_token: Mapped[str] = mapped_column(String(64), doc="Opens its page and its PDF")
    seller_key: Mapped[str] = mapped_column(String(60))
    year: Mapped[int]
    sequence: Mapped[int] = mapped_column(doc="1..n of the seller's year, without gaps")
    order_number: Mapped[str] = mapped_column(String(20), index=True)
    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    institution_key: Mapped[str] = mapped_column(String(200), index=True, doc="As on orders")
    state: Mapped[InvoiceState] = mapped_column(default=InvoiceState.OPEN)
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_amount: Mapped[int] = mapped_column(doc="Everything before tax, minor units")
    tax_amount: Mapped[int]
    total_amount: Mapped[int]
    paid_amount: Mapped[int] = mapped_column(default=0, doc="Payments, less what was refunded")
    credited_amount: Mapped[int] = mapped_column(default=0, doc="Credit notes against what is owed")
    written_off_amount: Mapped[int] = mapped_column(default=0)
    issued_on: Mapped[date]
    due_on: Mapped[date]
    po_number: Mapped[str | None] = mapped_column(String(60))
    bill_to: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), doc="Of accounts payable, or of the buyer")
    content: Mapped[dict[str, Any]] = mapped_column(JSON, doc="All that is printed on it")
    sha256: Mapped[str] = mapped_column(String(64), doc="Of the content in canonical JSON")
    pdf: Mapped[bytes | None] = deferred(
        mapped_column(LargeBinary, doc="Made once; the same bytes ever after")
    )
    pdf_sha256: Mapped[str] = mapped_column(String(64), default="")
    replaces: Mapped[str | None] = mapped_column(String(30), doc="The number of a void invoice")
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(String(500), default="")
    reminders_paused: Mapped[str] = mapped_column(
        String(500), default="", doc="Why staff paused its reminders; empty: they are sent"
    )
    institution: Mapped[Institution | None] = relationship()
    credit_notes: Mapped[list["CreditNote"]] = relationship(
        order_by="CreditNote.id", back_populates="invoice"
    )

    @property
    def total(self) -> Money:
        """What it demands."""
        return Money(self.total_amount, self.currency)

    @property
    def balance(self) -> Money:
        """The amount due; zero for a void invoice."""
        owed = self.total_amount - self.paid_amount - self.credited_amount
        owed -= self.written_off_amount
        return Money(0 if self.state is InvoiceState.VOID else max(owed, 0), self.currency)


class CreditNote(Timestamped, Base):
    """The reversal of an invoice, or of a part of it. Its content never changes."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        UniqueConstraint("seller_key", "year", "sequence"),
        CheckConstraint("total_amount = subtotal_amount + tax_amount", name="sums_exact"),
        CheckConstraint("subtotal_amount >= 0 AND tax_amount >= 0", name="not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    access_token: Mapped[str] = mapped_column(String(64))
    invoice_id: Mapped[int] = mapped_column(
        ForeignKey("invoices.id", ondelete="RESTRICT"), index=True
    )
    issued_for: Mapped[str] = mapped_column(
        String(120), unique=True, doc="`refund:12`, `cancel:INV-…:1`: one credit note each, ever"
    )
    seller_key: Mapped[str] = mapped_column(String(60))
    year: Mapped[int]
    sequence: Mapped[int] = mapped_column(doc="1..n of the seller's year, without gaps")
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_amount: Mapped[int]
    tax_amount: Mapped[int]
    total_amount: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    issued_on: Mapped[date]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    pdf: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    pdf_sha256: Mapped[str] = mapped_column(String(64), default="")
    voided_at: Mapped[datetime | None] = mapped_column(doc="When its cause was undone")
    void_reason: Mapped[str] = mapped_column(String(500), default="")
    invoice: Mapped[Invoice] = relationship(back_populates="credit_notes")

    @property
    def is_void(self) -> bool:
        """Return whether it no longer counts: its refund failed, or the order was restored."""
        return self.voided_at is not None

    @property
    def total(self) -> Money:
        """What it takes back."""
        return Money(self.total_amount, self.currency)
