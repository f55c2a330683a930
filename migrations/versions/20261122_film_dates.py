"""Films can be read in the order of their last change, as harvesters do."""

from alembic import op

revision = "0020filmdates"
down_revision = "0011libraryprofiles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_films_updated_at_id", "films", ["updated_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_films_updated_at_id", table_name="films")
