"""Offers, their prices, license texts, and the rights that we hold."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import (
    CUSTOMER_CLASSES,
    DELIVERIES,
    MOMENT,
    TERM_KINDS,
    one_of,
    reference,
    timestamps,
)


def create() -> None:
    op.create_table(
        "license_texts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.UniqueConstraint("code", "version"),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sku", sa.String(120), nullable=False, unique=True),
        reference("film_id", "films.id", "RESTRICT"),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("delivery", one_of("delivery", *DELIVERIES), nullable=False),
        sa.Column("rights", sa.JSON, nullable=False),
        sa.Column("term_kind", one_of("termkind", *TERM_KINDS), nullable=False),
        sa.Column("term_months", sa.Integer),
        sa.Column("territory", sa.JSON, nullable=False),
        reference("license_text_id", "license_texts.id", "RESTRICT", index=True),
        sa.Column(
            "status",
            one_of("offerstatus", "draft", "published", "withdrawn"),
            nullable=False,
            index=True,
        ),
        sa.Column("on_sale_from", sa.Date),
        sa.Column("position", sa.Integer, nullable=False),
        *timestamps(),
        sa.CheckConstraint(
            "(term_kind = 'months') = (term_months IS NOT NULL)", name="months_with_their_kind"
        ),
        sa.CheckConstraint("term_months >= 1", name="term_months_positive"),
        sa.Index("ix_offers_film_id_position", "film_id", "position"),
    )
    op.create_table(
        "offer_versions",
        reference("offer_id", "offers.id", "CASCADE", primary_key=True),
        reference("version_id", "versions.id", "RESTRICT", primary_key=True, index=True),
    )
    op.create_table(
        "price_rows",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("offer_id", "offers.id", "CASCADE"),
        sa.Column("customer_class", one_of("customerclass", *CUSTOMER_CLASSES), nullable=False),
        sa.Column("size_from", sa.Integer, nullable=False),
        sa.Column("size_below", sa.Integer),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
        sa.CheckConstraint("size_below > size_from", name="band_not_empty"),
        sa.CheckConstraint("size_from >= 0", name="size_from_not_negative"),
        sa.CheckConstraint("valid_to >= valid_from", name="valid_some_day"),
        sa.UniqueConstraint("offer_id", "customer_class", "size_from", "valid_from"),
    )
    op.create_table(
        "price_lists",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("prices", sa.Text, nullable=False),
    )
    op.create_table(
        "offer_price_lists",
        reference("offer_id", "offers.id", "CASCADE", primary_key=True),
        reference("price_list_id", "price_lists.id", "RESTRICT"),
    )
    op.create_table(
        "rights_windows",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("film_id", "films.id", "RESTRICT", index=True),
        sa.Column("right", one_of("heldright", "dvd", "ppr", "edu_stream", "dsl"), nullable=False),
        sa.Column("contract_ref", sa.String(80), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("territory", sa.JSON, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date),
        sa.Column("max_term_months", sa.Integer),
        sa.Column("may_sublicense_perpetual", sa.Boolean, nullable=False),
        sa.Column("royalty_bp", sa.Integer, nullable=False),
        *timestamps(),
        sa.CheckConstraint(
            "max_term_months IS NULL OR NOT may_sublicense_perpetual", name="cap_or_perpetual"
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        sa.CheckConstraint("max_term_months >= 1", name="max_term_positive"),
        sa.CheckConstraint("royalty_bp BETWEEN 0 AND 10000", name="royalty_share"),
        sa.UniqueConstraint("film_id", "right", "contract_ref"),
    )


def drop() -> None:
    op.drop_table("rights_windows")
    op.drop_table("offer_price_lists")
    op.drop_table("price_lists")
    op.drop_table("price_rows")
    op.drop_table("offer_versions")
    op.drop_table("offers")
    op.drop_table("license_texts")
