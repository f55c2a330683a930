"""What a subject is about, in a sentence or two."""

import sqlalchemy as sa
from alembic import op

revision = "0033subjectsummaries"
down_revision = "0034filmfiles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subjects", sa.Column("summary", sa.Text(), server_default=sa.text("''"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("subjects", "summary")
