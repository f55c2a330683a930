"""Renewal notices."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, reference


def create() -> None:
    op.create_table(
        "renewal_notices",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("license_id", "licenses.id", "CASCADE"),
        sa.Column("lead_days", sa.Integer, nullable=False),
        sa.Column("sent", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("license_id", "lead_days"),
    )


def drop() -> None:
    op.drop_table("renewal_notices")
