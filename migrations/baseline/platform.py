"""Rows that no feature owns: emails to send, limits, idempotency, workers."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, timestamps


def create() -> None:
    op.create_table(
        "outbox_emails",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(200), nullable=False, unique=True),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False, index=True),
        sa.Column("to_address", sa.String(320), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("message", sa.LargeBinary),
        sa.Column(
            "status", one_of("emailstatus", "queued", "sent", "failed", "not_sent"), nullable=False
        ),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("sent_at", MOMENT),
        sa.Column("last_error", sa.Text),
        *timestamps(),
        sa.Index("ix_outbox_emails_due", "status", "next_attempt_at"),
    )
    op.create_table(
        "idempotency_records",
        sa.Column("key_hash", sa.String(64), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON),
        sa.Column("created_at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "throttle_counts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("window_ends_at", MOMENT, nullable=False, index=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "worker_heartbeats",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("heartbeat_at", MOMENT, nullable=False, index=True),
        sa.Column("stopped_at", MOMENT),
    )
    op.create_table(
        "seed_marks",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
    )


def drop() -> None:
    op.drop_table("seed_marks")
    op.drop_table("worker_heartbeats")
    op.drop_table("throttle_counts")
    op.drop_table("idempotency_records")
    op.drop_table("outbox_emails")
