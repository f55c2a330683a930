"""Stripe: checkout attempts, events, reconciliation."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "checkout_attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("order_id", "orders.id", "RESTRICT"),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column(
            "status",
            one_of("attemptstatus", "opening", "open", "complete", "expired", "failed"),
            nullable=False,
        ),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("session_id", sa.String(255), unique=True),
        sa.Column("url", sa.Text),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("next_check_at", MOMENT),
        sa.Column("checks", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
        *timestamps(),
        sa.UniqueConstraint("order_id", "attempt"),
        sa.Index("ix_checkout_attempts_due", "next_check_at"),
    )
    op.create_table(
        "stripe_events",
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("type", sa.String(100), nullable=False, index=True),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("api_version", sa.String(60)),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("order_number", sa.String(20), index=True),
        sa.Column("outcome", one_of("eventoutcome", "processed", "ignored")),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("handled_at", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("last_error", sa.Text),
        sa.Column("dismissed_at", MOMENT),
        sa.Index("ix_stripe_events_due", "handled_at", "next_attempt_at"),
        sa.Index("ix_stripe_events_received_at", "received_at", "id"),
    )
    op.create_table(
        "reconciliation_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started_at", MOMENT, nullable=False, index=True),
        sa.Column("finished_at", MOMENT),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("events_listed", sa.Integer, nullable=False),
        sa.Column("events_missing", sa.Integer, nullable=False),
        sa.Column("payments_compared", sa.Integer, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("error", sa.Text),
    )


def drop() -> None:
    op.drop_table("reconciliation_runs")
    op.drop_table("stripe_events")
    op.drop_table("checkout_attempts")
