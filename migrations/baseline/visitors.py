"""Saved searches and educators' notes."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "alert_subscribers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("handle", sa.String(32), nullable=False, unique=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("paused_at", MOMENT),
        sa.Column("last_digest_at", MOMENT),
        sa.Column("next_digest_at", MOMENT, index=True),
        *timestamps(),
    )
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("reader_id", "alert_subscribers.id", "CASCADE"),
        sa.Column("query", sa.String(1000), nullable=False),
        sa.Column("words", sa.String(300), nullable=False),
        sa.Column("confirm_hash", sa.String(64), unique=True),
        sa.Column("confirm_expires_at", MOMENT, index=True),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("seen_until", MOMENT),
        *timestamps(),
        sa.UniqueConstraint("reader_id", "query"),
    )
    op.create_table(
        "educator_notes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("film_id", "films.id", "CASCADE"),
        reference("reply_to_id", "educator_notes.id", "CASCADE", nullable=True, index=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(120), nullable=False),
        sa.Column("institution", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), index=True),
        sa.Column(
            "address_kind",
            one_of("addresskind", "institution", "customer", "unknown", "staff"),
            nullable=False,
        ),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column(
            "status",
            one_of("notestatus", "unconfirmed", "pending", "approved", "rejected", "removed"),
            nullable=False,
        ),
        sa.Column("confirm_hash", sa.String(64), unique=True),
        sa.Column("confirm_until", MOMENT),
        sa.Column("decided_at", MOMENT),
        sa.Column("reply_emails_stopped_at", MOMENT),
        *timestamps(),
        sa.CheckConstraint(
            "(status = 'unconfirmed') = (confirm_hash IS NOT NULL)", name="token_until_confirmed"
        ),
        sa.Index("ix_educator_notes_film_id_status", "film_id", "status"),
        sa.Index("ix_educator_notes_status_id", "status", "id"),
    )


def drop() -> None:
    op.drop_table("educator_notes")
    op.drop_table("saved_searches")
    op.drop_table("alert_subscribers")
