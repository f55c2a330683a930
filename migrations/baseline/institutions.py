"""Institutions that buy."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import CUSTOMER_CLASSES, MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "institutions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(200), nullable=False, index=True),
        sa.Column("customer_class", one_of("customerclass", *CUSTOMER_CLASSES), nullable=False),
        sa.Column("size", sa.Integer),
        sa.Column("size_year", sa.Integer),
        sa.Column(
            "size_source",
            one_of("sizesource", "stated", "ipeds", "nces", "library_survey", "other"),
            nullable=False,
        ),
        sa.Column("verified_at", MOMENT),
        sa.Column("verified_by", sa.String(200), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("billing", sa.JSON),
        sa.Column("terms_days", sa.Integer),
        sa.Column("credit_limit", sa.Integer),
        sa.Column("hold_reason", sa.String(500), nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        reference("merged_into_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        *timestamps(),
        sa.CheckConstraint("size IS NULL OR size >= 0", name="size_not_negative"),
        sa.CheckConstraint("terms_days IS NULL OR terms_days >= 0", name="terms_not_negative"),
        sa.CheckConstraint("credit_limit IS NULL OR credit_limit >= 0", name="limit_not_negative"),
    )
    op.create_table(
        "institution_domains",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("domain", sa.String(253), nullable=False, unique=True),
        *timestamps(),
    )
    op.create_table(
        "institution_identifiers",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column(
            "scheme",
            one_of("identifierscheme", "ror", "ipeds", "nces", "isil", "san", "oclc"),
            nullable=False,
        ),
        sa.Column("value", sa.String(40), nullable=False),
        sa.UniqueConstraint("scheme", "value"),
    )
    op.create_table(
        "institution_sites",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
    )
    op.create_table(
        "institution_merges",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("source_id", "institutions.id", "RESTRICT", index=True),
        reference("target_id", "institutions.id", "RESTRICT", index=True),
        sa.Column("moved", sa.JSON, nullable=False),
        sa.Column("merged_by", sa.String(200), nullable=False),
        sa.Column("undone_at", MOMENT),
        *timestamps(),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        reference("institution_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("spending_limit", sa.Integer),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("last_sign_in_at", MOMENT),
        *timestamps(),
        sa.CheckConstraint(
            "spending_limit IS NULL OR spending_limit >= 0", name="limit_not_negative"
        ),
    )
    op.create_table(
        "member_sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        reference("member_id", "members.id", "CASCADE", index=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("user_agent", sa.String(200), nullable=False),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("target", sa.String(500), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("used_at", MOMENT),
        *timestamps(),
    )
    op.create_table(
        "member_invitations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("institution_id", "institutions.id", "RESTRICT", index=True),
        sa.Column("email", sa.String(254), nullable=False, index=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("spending_limit", sa.Integer),
        sa.Column("invited_by", sa.String(200), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("accepted_at", MOMENT),
        sa.Column("withdrawn_at", MOMENT),
        *timestamps(),
        sa.CheckConstraint(
            "spending_limit IS NULL OR spending_limit >= 0", name="limit_not_negative"
        ),
    )
    op.create_table(
        "identity_providers",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("client_secret", sa.String(500), nullable=False),
        *timestamps(),
    )


def drop() -> None:
    for table in (
        "identity_providers",
        "member_invitations",
        "sign_in_links",
        "member_sessions",
        "members",
        "institution_merges",
        "institution_sites",
        "institution_identifiers",
        "institution_domains",
        "institutions",
    ):
        op.drop_table(table)
