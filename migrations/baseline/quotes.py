"""Quotes and their lines."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import CUSTOMER_CLASSES, MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "quotes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("access_token", sa.String(64), nullable=False),
        sa.Column(
            "state",
            one_of(
                "quotestate",
                "open",
                "accepted",
                "declined",
                "expired",
                "superseded",
                "withdrawn",
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer, nullable=False),
        reference("supersedes_id", "quotes.id", "RESTRICT", nullable=True, unique=True),
        sa.Column("valid_through", sa.Date, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("notified_day", sa.Date),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("subtotal_amount", sa.Integer, nullable=False),
        sa.Column("charges_amount", sa.Integer, nullable=False),
        sa.Column("shipping_amount", sa.Integer, nullable=False),
        sa.Column("total_amount", sa.Integer, nullable=False),
        sa.Column("tax_note", sa.String(200), nullable=False),
        sa.Column("adds_tax", sa.Boolean, nullable=False),
        sa.Column("charges", sa.JSON, nullable=False),
        reference("institution_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        sa.Column("institution", sa.String(200), nullable=False),
        sa.Column("customer_class", one_of("customerclass", *CUSTOMER_CLASSES), nullable=False),
        sa.Column("size", sa.Integer),
        sa.Column("is_confirmed", sa.Boolean, nullable=False),
        sa.Column("class_verified", sa.Boolean, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("contact_name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=False, index=True),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("po_number", sa.String(60)),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("seller", sa.JSON, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("order_number", sa.String(20), unique=True),
        sa.Column("accepted_by", sa.JSON),
        sa.Column("accepted_at", MOMENT),
        sa.Column("close_reason", sa.String(500), nullable=False),
        *timestamps(),
        sa.CheckConstraint(
            "total_amount = subtotal_amount + charges_amount + shipping_amount", name="sums_exact"
        ),
        sa.CheckConstraint(
            "subtotal_amount >= 0 AND charges_amount >= 0 AND shipping_amount >= 0",
            name="not_negative",
        ),
        sa.Index("ix_quotes_state_expires_at", "state", "expires_at"),
    )
    op.create_table(
        "quote_lines",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("quote_id", "quotes.id", "CASCADE", index=True),
        sa.Column("number", sa.Integer, nullable=False),
        reference("offer_id", "offers.id", "RESTRICT", index=True),
        sa.Column("sku", sa.String(120), nullable=False),
        reference("film_id", "films.id", "RESTRICT", index=True),
        sa.Column("snapshot", sa.JSON, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("unit_amount", sa.Integer, nullable=False),
        sa.Column("total_amount", sa.Integer, nullable=False),
        sa.Column("list_unit_amount", sa.Integer),
        sa.Column("price_reason", sa.String(500), nullable=False),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("renews", sa.String(20)),
        sa.Column("ships", sa.Boolean, nullable=False),
        sa.CheckConstraint("quantity >= 1", name="quantity_positive"),
        sa.CheckConstraint("total_amount = unit_amount * quantity", name="sums_exact"),
        sa.UniqueConstraint("quote_id", "number"),
    )


def drop() -> None:
    op.drop_table("quote_lines")
    op.drop_table("quotes")
