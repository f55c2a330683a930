"""Plays of films under licenses."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, reference


def create() -> None:
    op.create_table(
        "plays",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False, unique=True),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        reference("license_id", "licenses.id", "CASCADE"),
        sa.Column("package_ref", sa.String(10), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("seat_until", MOMENT, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False, index=True),
    )
    op.create_index("ix_plays_license_id_seat_until", "plays", ["license_id", "seat_until"])
    op.create_table(
        "download_tickets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(64), nullable=False, unique=True),
        sa.Column("once_hash", sa.String(64), nullable=False),
        reference("entitlement_id", "entitlements.id", "CASCADE"),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.UniqueConstraint("entitlement_id", "once_hash"),
    )


def drop() -> None:
    op.drop_table("download_tickets")
    op.drop_table("plays")
