"""Caption files, with what they tell of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0034captionfiles"
down_revision = "0032namealiases"
branch_labels = None
depends_on = None


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.create_table(
        "caption_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=10), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("version_label", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("original_name", sa.String(length=200), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("confirmed_kind", _one_of("captionkind", "cc", "sdh", "subtitle"), nullable=True),
        sa.Column(
            "confirmed_source",
            _one_of("captionsource", "human", "auto", "unknown"),
            nullable=True,
        ),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["film_id"], ["films.id"], name=op.f("fk_caption_files_film_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caption_files")),
        sa.UniqueConstraint("ref", name=op.f("uq_caption_files_ref")),
    )
    with op.batch_alter_table("caption_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_caption_files_film_id"), ["film_id"])
        batch_op.create_index(batch_op.f("ix_caption_files_sha256"), ["sha256"])


def downgrade() -> None:
    op.drop_table("caption_files")
