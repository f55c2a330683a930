"""Roles whose people must use two-step verification."""

import sqlalchemy as sa
from alembic import op

revision = "0097coderules"
down_revision = "0095searchsynonyms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_code_rules",
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_staff_code_rules")),
    )


def downgrade() -> None:
    op.drop_table("staff_code_rules")
