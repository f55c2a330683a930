"""Licenses."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import CUSTOMER_CLASSES, TERM_KINDS, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "licenses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("granted_for", sa.String(40), nullable=False, unique=True),
        sa.Column("replaces", sa.String(20), unique=True),
        sa.Column("renews", sa.String(20), index=True),
        sa.Column("access_token", sa.String(64), nullable=False),
        sa.Column(
            "status",
            one_of(
                "licensestatus",
                "scheduled",
                "active",
                "suspended",
                "expired",
                "revoked",
                "replaced",
            ),
            nullable=False,
        ),
        sa.Column("licensee", sa.String(200), nullable=False),
        sa.Column("licensee_class", one_of("customerclass", *CUSTOMER_CLASSES), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("sites", sa.JSON, nullable=False),
        sa.Column("licensor", sa.String(200), nullable=False),
        sa.Column("licensor_address", sa.String(400), nullable=False),
        sa.Column("sku", sa.String(120), nullable=False),
        sa.Column("offer_title", sa.String(200), nullable=False),
        reference("film_id", "films.id", "RESTRICT", index=True),
        sa.Column("film_slug", sa.String(120), nullable=False),
        sa.Column("film_title", sa.String(300), nullable=False),
        sa.Column("film_facts", sa.JSON, nullable=False),
        sa.Column("delivery", sa.String(20), nullable=False),
        sa.Column("version_labels", sa.JSON, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("territory", sa.JSON, nullable=False),
        sa.Column("rights", sa.JSON, nullable=False),
        sa.Column("rights_text", sa.JSON, nullable=False),
        sa.Column("term_kind", one_of("termkind", *TERM_KINDS), nullable=False),
        sa.Column("term_months", sa.Integer),
        sa.Column("term_words", sa.String(200), nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date),
        sa.Column("text_code", sa.String(60), nullable=False),
        sa.Column("text_version", sa.String(20), nullable=False),
        sa.Column("text_title", sa.String(200), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("order_number", sa.String(20), nullable=False, index=True),
        sa.Column("po_number", sa.String(60)),
        sa.Column("granted_on", sa.Date, nullable=False),
        *timestamps(),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        sa.CheckConstraint("quantity >= 1", name="quantity_positive"),
        sa.Index("ix_licenses_status_ends_on", "status", "ends_on"),
    )
    op.create_table(
        "entitlements",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("license_id", "licenses.id", "RESTRICT"),
        sa.Column("kind", one_of("entitlementkind", "download", "stream"), nullable=False),
        sa.Column("max_uses", sa.Integer),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("secret", sa.String(64)),
        sa.Column("secret_hash", sa.String(64), unique=True),
        sa.Column("generation", sa.Integer, nullable=False),
        *timestamps(),
        sa.UniqueConstraint("license_id", "kind"),
        sa.CheckConstraint(
            "uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)", name="uses_bound"
        ),
    )


def drop() -> None:
    op.drop_table("entitlements")
    op.drop_table("licenses")
