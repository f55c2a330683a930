"""Long lists that are looked up by the worker."""

import sqlalchemy as sa
from alembic import op

revision = "0035lookuplists"
down_revision = "0033educatornotes"
branch_labels = None
depends_on = None

CLASSES = (
    "college",
    "community_college",
    "k12_school",
    "k12_district",
    "public_library",
    "government",
    "hospital",
    "corporation",
    "nonprofit",
)
OUTCOMES = ("matched", "candidates", "none")


def upgrade() -> None:
    op.create_table(
        "lookup_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column(
            "customer_class",
            sa.Enum(
                *CLASSES,
                name="customerclass",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookup_lists")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_lookup_lists_token_hash")),
    )
    op.create_index(op.f("ix_lookup_lists_next_run_at"), "lookup_lists", ["next_run_at"])
    op.create_index(op.f("ix_lookup_lists_expires_at"), "lookup_lists", ["expires_at"])
    op.create_table(
        "lookup_rows",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written", sa.JSON(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                *OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["lookup_lists.id"],
            name=op.f("fk_lookup_rows_list_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list_id", "place", name=op.f("pk_lookup_rows")),
    )
    op.create_index("ix_lookup_rows_list_id_outcome", "lookup_rows", ["list_id", "outcome"])


def downgrade() -> None:
    op.drop_table("lookup_rows")
    op.drop_table("lookup_lists")
