"""Imports of films: which file, by whom, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0031filmimports"
down_revision = "0033subjectsummaries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "film_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=24), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_format", sa.String(length=20), nullable=False),
        sa.Column("file_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_film_imports")),
        sa.UniqueConstraint("ref", name=op.f("uq_film_imports_ref")),
    )


def downgrade() -> None:
    op.drop_table("film_imports")
