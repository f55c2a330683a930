"""Purchase orders, invoices, and credit notes."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "purchase_orders",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        sa.Column("institution_key", sa.String(200), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("kind", one_of("purchaseorderkind", "single", "blanket"), nullable=False),
        sa.Column(
            "state",
            one_of("purchaseorderstate", "received", "countered", "accepted", "rejected", "closed"),
            nullable=False,
            index=True,
        ),
        sa.Column("issued_on", sa.Date),
        sa.Column("expires_on", sa.Date),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("limit_amount", sa.Integer),
        sa.Column("used_amount", sa.Integer, nullable=False),
        sa.Column("ap_name", sa.String(200), nullable=False),
        sa.Column("ap_email", sa.String(254), nullable=False),
        sa.Column(
            "source",
            one_of("purchaseordersource", "checkout", "quote", "upload", "api", "staff"),
            nullable=False,
        ),
        sa.Column("decision_reason", sa.String(1000), nullable=False),
        *timestamps(),
        sa.CheckConstraint(
            "used_amount >= 0 AND (limit_amount IS NULL OR used_amount <= limit_amount)",
            name="balance_not_negative",
        ),
        sa.Index("ix_purchase_orders_institution_key_key", "institution_key", "key"),
    )
    op.create_table(
        "purchase_order_uses",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("purchase_order_id", "purchase_orders.id", "RESTRICT", index=True),
        sa.Column("order_number", sa.String(20), nullable=False, index=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("released_at", MOMENT),
        *timestamps(),
        sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
        sa.UniqueConstraint("purchase_order_id", "order_number"),
    )
    op.create_table(
        "purchase_order_files",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("purchase_order_id", "purchase_orders.id", "RESTRICT", index=True),
        sa.Column("order_number", sa.String(20), nullable=False, index=True),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("original_name", sa.String(200), nullable=False),
        sa.Column("uploaded_by", sa.String(200), nullable=False),
        *timestamps(),
        sa.UniqueConstraint("purchase_order_id", "order_number", "sha256"),
    )
    op.create_table(
        "purchase_order_reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("purchase_order_id", "purchase_orders.id", "RESTRICT", index=True),
        sa.Column("order_number", sa.String(20), nullable=False, index=True),
        reference("file_id", "purchase_order_files.id", "RESTRICT", nullable=True, index=True),
        sa.Column(
            "decision",
            one_of("purchaseorderdecision", "compared", "countered", "accepted", "rejected"),
            nullable=False,
        ),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("stated", sa.JSON),
        sa.Column("differences", sa.JSON, nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=False),
        *timestamps(),
    )
    op.create_table(
        "document_series",
        sa.Column("series", sa.String(20), primary_key=True),
        sa.Column("seller_key", sa.String(60), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(30), nullable=False, unique=True),
        sa.Column("access_token", sa.String(64), nullable=False),
        sa.Column("seller_key", sa.String(60), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("order_number", sa.String(20), nullable=False, index=True),
        reference("institution_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        sa.Column("institution_key", sa.String(200), nullable=False, index=True),
        sa.Column(
            "state", one_of("invoicestate", "open", "paid", "void", "written_off"), nullable=False
        ),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("subtotal_amount", sa.Integer, nullable=False),
        sa.Column("tax_amount", sa.Integer, nullable=False),
        sa.Column("total_amount", sa.Integer, nullable=False),
        sa.Column("paid_amount", sa.Integer, nullable=False),
        sa.Column("credited_amount", sa.Integer, nullable=False),
        sa.Column("written_off_amount", sa.Integer, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("po_number", sa.String(60)),
        sa.Column("bill_to", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("pdf", sa.LargeBinary),
        sa.Column("pdf_sha256", sa.String(64), nullable=False),
        sa.Column("replaces", sa.String(30)),
        sa.Column("voided_at", MOMENT),
        sa.Column("void_reason", sa.String(500), nullable=False),
        sa.Column("reminders_paused", sa.String(500), nullable=False),
        *timestamps(),
        sa.UniqueConstraint("seller_key", "year", "sequence"),
        sa.CheckConstraint("total_amount = subtotal_amount + tax_amount", name="sums_exact"),
        sa.CheckConstraint(
            "subtotal_amount >= 0 AND tax_amount >= 0 AND paid_amount >= 0 "
            "AND credited_amount >= 0 AND written_off_amount >= 0",
            name="not_negative",
        ),
        sa.Index("ix_invoices_state_due_on", "state", "due_on"),
        sa.Index(
            "uq_invoices_live_order",
            "order_number",
            unique=True,
            sqlite_where=sa.text("state != 'void'"),
            postgresql_where=sa.text("state != 'void'"),
        ),
    )
    op.create_table(
        "credit_notes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(30), nullable=False, unique=True),
        sa.Column("access_token", sa.String(64), nullable=False),
        reference("invoice_id", "invoices.id", "RESTRICT", index=True),
        sa.Column("issued_for", sa.String(120), nullable=False, unique=True),
        sa.Column("seller_key", sa.String(60), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("subtotal_amount", sa.Integer, nullable=False),
        sa.Column("tax_amount", sa.Integer, nullable=False),
        sa.Column("total_amount", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("pdf", sa.LargeBinary),
        sa.Column("pdf_sha256", sa.String(64), nullable=False),
        sa.Column("voided_at", MOMENT),
        sa.Column("void_reason", sa.String(500), nullable=False),
        *timestamps(),
        sa.UniqueConstraint("seller_key", "year", "sequence"),
        sa.CheckConstraint("total_amount = subtotal_amount + tax_amount", name="sums_exact"),
        sa.CheckConstraint("subtotal_amount >= 0 AND tax_amount >= 0", name="not_negative"),
    )


def drop() -> None:
    for table in (
        "credit_notes",
        "invoices",
        "document_series",
        "purchase_order_reviews",
        "purchase_order_files",
        "purchase_order_uses",
        "purchase_orders",
    ):
        op.drop_table(table)
