"""How institutions use films."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps

COUNTS = (
    "Searches_Platform",
    "Total_Item_Investigations",
    "Total_Item_Requests",
    "Unique_Item_Investigations",
    "Unique_Item_Requests",
    "Limit_Exceeded",
    "No_License",
)


def create() -> None:
    op.create_table(
        "usage_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("folded_at", MOMENT),
    )
    op.create_table(
        "usage_months",
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("folded_days", sa.Integer, nullable=False),
        sa.Column("closed_at", MOMENT),
    )
    op.create_table(
        "usage_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        reference("film_id", "films.id", "RESTRICT", nullable=True, index=True),
        sa.Column(
            "metric",
            one_of(
                "eventmetric", "investigation", "request", "no_license", "limit_exceeded", "search"
            ),
            nullable=False,
        ),
        sa.Column("session_key", sa.String(65), nullable=False),
    )
    op.create_table(
        "usage_counts",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("institution_id", "institutions.id", "CASCADE"),
        reference("film_id", "films.id", "RESTRICT", nullable=True, index=True),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("metric", one_of("countmetric", *COUNTS), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.CheckConstraint("n > 0", name="n_positive"),
        sa.Index("ix_usage_counts_institution_id_month", "institution_id", "month"),
    )
    op.create_table(
        "counter_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("institution_id", "institutions.id", "CASCADE", index=True),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        *timestamps(),
    )


def drop() -> None:
    for table in ("counter_keys", "usage_counts", "usage_events", "usage_months", "usage_days"):
        op.drop_table(table)
