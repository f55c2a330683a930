"""Notes that educators write about films."""

import sqlalchemy as sa
from alembic import op

revision = "0033educatornotes"
down_revision = "0035alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "educator_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=20), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("reply_to_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=120), nullable=False),
        sa.Column("institution", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column(
            "address_kind",
            sa.Enum(
                "institution",
                "customer",
                "unknown",
                "staff",
                name="addresskind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unconfirmed",
                "waiting",
                "approved",
                "refused",
                "removed",
                name="notestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("confirm_hash", sa.String(length=64), nullable=True),
        sa.Column("confirm_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'unconfirmed') = (confirm_hash IS NOT NULL)",
            name=op.f("ck_educator_notes_token_until_confirmed"),
        ),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["films.id"],
            name=op.f("fk_educator_notes_film_id_films"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reply_to_id"],
            ["educator_notes.id"],
            name=op.f("fk_educator_notes_reply_to_id_educator_notes"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_educator_notes")),
        sa.UniqueConstraint("ref", name=op.f("uq_educator_notes_ref")),
        sa.UniqueConstraint("confirm_hash", name=op.f("uq_educator_notes_confirm_hash")),
    )
    op.create_index("ix_educator_notes_film_id_status", "educator_notes", ["film_id", "status"])
    op.create_index("ix_educator_notes_status_id", "educator_notes", ["status", "id"])
    op.create_index(op.f("ix_educator_notes_reply_to_id"), "educator_notes", ["reply_to_id"])
    op.create_index(op.f("ix_educator_notes_email"), "educator_notes", ["email"])


def downgrade() -> None:
    op.drop_table("educator_notes")
