"""How people of institutions prove where they belong."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "ip_ranges",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        reference("site_id", "institution_sites.id", "SET NULL", nullable=True, index=True),
        sa.Column("first", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("last", sa.LargeBinary(16), nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        *timestamps(),
        sa.CheckConstraint("first <= last", name="first_before_last"),
    )
    op.create_table(
        "access_settings",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("has_email_links", sa.Boolean, nullable=False),
        sa.Column("proxy_prefix", sa.String(300), nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        *timestamps(),
    )
    op.create_table(
        "saml_registrations",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("entity_id", sa.String(500), nullable=False, index=True),
        sa.Column("metadata_url", sa.String(500), nullable=False),
        sa.Column("signing_certificate", sa.Text, nullable=False),
        sa.Column("metadata_xml", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("valid_until", MOMENT),
        sa.Column("fetched_at", MOMENT),
        sa.Column("next_fetch_at", MOMENT, index=True),
        sa.Column("failure", sa.String(500), nullable=False),
        *timestamps(),
    )
    op.create_table(
        "lti_registrations",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("deployments", sa.JSON, nullable=False),
        sa.Column("login_url", sa.String(500), nullable=False),
        sa.Column("keys_url", sa.String(500), nullable=False),
        *timestamps(),
        sa.UniqueConstraint("issuer", "client_id"),
    )
    op.create_table(
        "access_logins",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", one_of("loginkind", "saml", "lti", "email"), nullable=False),
        sa.Column("state_hash", sa.String(64), nullable=False, unique=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("nonce", sa.String(200), nullable=False),
        sa.Column("target", sa.String(500), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("used_at", MOMENT),
    )
    op.create_table(
        "assertions_seen",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "class_links",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        reference("member_id", "members.id", "SET NULL", nullable=True, index=True),
        reference("film_id", "films.id", "RESTRICT", index=True),
        sa.Column("label", sa.String(120), nullable=False),
        sa.Column("max_uses", sa.Integer, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("withdrawn_at", MOMENT),
        *timestamps(),
        sa.CheckConstraint("max_uses >= 1", name="max_uses_positive"),
        sa.CheckConstraint("uses >= 0 AND uses <= max_uses", name="uses_within_cap"),
    )
    op.create_table(
        "access_refusals",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE"),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Index("ix_access_refusals_institution_id_at", "institution_id", "at"),
    )
    op.create_table(
        "access_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("purpose", sa.String(20), nullable=False, unique=True),
        sa.Column("private_key", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
        *timestamps(),
    )


def drop() -> None:
    for table in (
        "access_keys",
        "access_refusals",
        "class_links",
        "assertions_seen",
        "access_logins",
        "lti_registrations",
        "saml_registrations",
        "access_settings",
        "ip_ranges",
    ):
        op.drop_table(table)
