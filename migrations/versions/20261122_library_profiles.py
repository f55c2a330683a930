"""Named profiles: how one library wants its records."""

import sqlalchemy as sa
from alembic import op

revision = "0011libraryprofiles"
down_revision = "0010libraryrecords"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "library_profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_profiles")),
        sa.UniqueConstraint("slug", name=op.f("uq_library_profiles_slug")),
    )


def downgrade() -> None:
    op.drop_table("library_profiles")
