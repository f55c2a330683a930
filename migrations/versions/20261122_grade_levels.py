"""For which learners a film is meant."""

import sqlalchemy as sa
from alembic import op

revision = "0033gradelevels"
down_revision = "0037dismissedevents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "films", sa.Column("grade_levels", sa.JSON(), server_default="[]", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("films", "grade_levels")
