"""Checks and transfers, and what they pay."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps

METHODS = ("card", "bank_debit", "bank_transfer", "check", "other")


def create() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("key", sa.String(400), unique=True),
        sa.Column("method", one_of("paymentmethod", *METHODS), nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("payer", sa.String(200), nullable=False),
        reference("institution_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        sa.Column("institution_key", sa.String(200), nullable=False, index=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("matched_amount", sa.Integer, nullable=False),
        sa.Column("refunded_amount", sa.Integer, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False, index=True),
        sa.Column("deposit", sa.String(120), nullable=False),
        sa.Column("recorded_by", sa.String(200), nullable=False),
        sa.Column("voided_at", MOMENT),
        sa.Column("voided_by", sa.String(200), nullable=False),
        sa.Column("void_reason", sa.String(500), nullable=False),
        *timestamps(),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
        sa.CheckConstraint(
            "matched_amount >= 0 AND refunded_amount >= 0 "
            "AND matched_amount + refunded_amount <= amount",
            name="never_spent_twice",
        ),
    )
    op.create_table(
        "receipt_matches",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("receipt_id", "receipts.id", "RESTRICT", index=True),
        reference("order_id", "orders.id", "RESTRICT", index=True),
        sa.Column("invoice_number", sa.String(30), index=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("payment_reference", sa.String(255), unique=True),
        sa.Column("matched_by", sa.String(200), nullable=False),
        sa.Column("undone_at", MOMENT),
        sa.Column("undone_by", sa.String(200), nullable=False),
        sa.Column("undo_reason", sa.String(500), nullable=False),
        *timestamps(),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
    )
    op.create_table(
        "receipt_refunds",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("receipt_id", "receipts.id", "RESTRICT", index=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("refunded_on", sa.Date, nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("refunded_by", sa.String(200), nullable=False),
        *timestamps(),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
    )
    op.create_table(
        "invoice_reminders",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("invoice_id", "invoices.id", "RESTRICT"),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("sent_to", sa.String(254), nullable=False),
        *timestamps(),
        sa.UniqueConstraint("invoice_id", "step"),
    )


def drop() -> None:
    for table in ("invoice_reminders", "receipt_refunds", "receipt_matches", "receipts"):
        op.drop_table(table)
