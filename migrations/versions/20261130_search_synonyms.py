"""Words that mean one thing to those who search, as staff changed them."""

import sqlalchemy as sa
from alembic import op

revision = "0095searchsynonyms"
down_revision = "0094matchoutcomes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_synonyms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_synonyms")),
    )


def downgrade() -> None:
    op.drop_table("search_synonyms")
