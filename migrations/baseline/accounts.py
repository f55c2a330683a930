"""Staff, API keys and the audit log."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import ACTOR_KINDS, MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "staff_users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("totp_secret", sa.String(64)),
        sa.Column("totp_confirmed_at", MOMENT),
        sa.Column("totp_last_step", sa.Integer, nullable=False),
        sa.Column("recovery_hashes", sa.JSON, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("last_login_at", MOMENT),
        *timestamps(),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        reference("user_id", "staff_users.id", "CASCADE", index=True),
        sa.Column("awaits_code", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("user_agent", sa.String(200), nullable=False),
    )
    op.create_table(
        "staff_code_rules",
        sa.Column("role", sa.String(40), primary_key=True),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("prefix", sa.String(16), nullable=False, unique=True),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        *timestamps(),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("actor_kind", one_of("actorkind", *ACTOR_KINDS), nullable=False),
        sa.Column("actor_ref", sa.String(255), nullable=False),
        sa.Column("actor_label", sa.String(255), nullable=False),
        sa.Column("via", sa.String(20), nullable=False),
        sa.Column("action", sa.String(80), nullable=False, index=True),
        sa.Column("object_type", sa.String(40), nullable=False),
        sa.Column("object_ref", sa.String(120), nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Index("ix_audit_entries_actor", "actor_kind", "actor_ref"),
        sa.Index("ix_audit_entries_object", "object_type", "object_ref"),
    )


def drop() -> None:
    op.drop_table("audit_entries")
    op.drop_table("api_keys")
    op.drop_table("staff_code_rules")
    op.drop_table("staff_sessions")
    op.drop_table("staff_users")
