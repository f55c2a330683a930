"""Documents for purchasing offices, and links to them."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "vendor_documents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        sa.Column(
            "kind",
            one_of(
                "vendordocumentkind",
                "w9",
                "bank_details",
                "insurance",
                "accessibility",
                "sole_source",
                "other",
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(400), nullable=False),
        reference("film_id", "films.id", "RESTRICT", nullable=True, index=True),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_through", sa.Date),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        sa.Column("replaced_at", MOMENT, index=True),
        sa.Column("current_key", sa.String(420), unique=True),
        sa.Column("is_on_quotes", sa.Boolean, nullable=False),
        sa.Column("is_on_invoices", sa.Boolean, nullable=False),
        *timestamps(),
        sa.CheckConstraint(
            "valid_through IS NULL OR valid_through >= valid_from", name="ends_after_start"
        ),
        sa.CheckConstraint("(kind = 'sole_source') = (film_id IS NOT NULL)", name="film_of_letter"),
    )
    op.create_table(
        "vendor_document_offers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(40), nullable=False),
        reference("document_id", "vendor_documents.id", "RESTRICT", index=True),
        *timestamps(),
        sa.UniqueConstraint("number", "document_id"),
    )
    op.create_table(
        "vendor_document_links",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        reference("document_id", "vendor_documents.id", "RESTRICT", index=True),
        sa.Column("sent_for", sa.String(40), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        *timestamps(),
    )


def drop() -> None:
    op.drop_table("vendor_document_links")
    op.drop_table("vendor_document_offers")
    op.drop_table("vendor_documents")
