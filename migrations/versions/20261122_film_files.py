"""Files of films: pictures and papers."""

import sqlalchemy as sa
from alembic import op

revision = "0034filmfiles"
down_revision = "0033gradelevels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "film_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=10), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "poster",
                "still",
                "trailer_poster",
                "press_kit",
                "guide",
                name="filekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "ready",
                "failed",
                name="filestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("alt", sa.String(length=500), nullable=False),
        sa.Column("credit", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("original_name", sa.String(length=200), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["films.id"],
            name=op.f("fk_film_files_film_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["film_files.id"],
            name=op.f("fk_film_files_replaces_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_film_files")),
        sa.UniqueConstraint("ref", name=op.f("uq_film_files_ref")),
    )
    with op.batch_alter_table("film_files", schema=None) as batch_op:
        batch_op.create_index("ix_film_files_film_id_position", ["film_id", "position"])
        batch_op.create_index("ix_film_files_state_next_attempt_at", ["state", "next_attempt_at"])
        batch_op.create_index(batch_op.f("ix_film_files_sha256"), ["sha256"])


def downgrade() -> None:
    op.drop_table("film_files")
