"""Library records and profiles."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import DELIVERIES, MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "library_records",
        reference("film_id", "films.id", "RESTRICT", primary_key=True),
        sa.Column("delivery", one_of("delivery", *DELIVERIES), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False, index=True),
        sa.Column("removed_at", MOMENT),
    )
    op.create_table(
        "library_record_ledger",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.create_table(
        "library_profiles",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(120), nullable=False, unique=True),
        sa.Column("settings", sa.JSON, nullable=False),
        *timestamps(),
    )


def drop() -> None:
    op.drop_table("library_profiles")
    op.drop_table("library_record_ledger")
    op.drop_table("library_records")
