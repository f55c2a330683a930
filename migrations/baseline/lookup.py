"""Long lists of titles that the worker looks up."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import CUSTOMER_CLASSES, MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "lookup_lists",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("customer_class", one_of("customerclass", *CUSTOMER_CLASSES), nullable=False),
        sa.Column("size", sa.Integer),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("done_count", sa.Integer, nullable=False),
        sa.Column("next_run_at", MOMENT, index=True),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        *timestamps(),
    )
    op.create_table(
        "lookup_rows",
        reference("list_id", "lookup_lists.id", "CASCADE", primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("written", sa.JSON, nullable=False),
        sa.Column("query", sa.JSON, nullable=False),
        sa.Column("found", sa.JSON),
        sa.Column("outcome", one_of("matchoutcome", "matched", "candidates", "none")),
        sa.Index("ix_lookup_rows_list_id_outcome", "list_id", "outcome"),
    )


def drop() -> None:
    op.drop_table("lookup_rows")
    op.drop_table("lookup_lists")
