"""When each film last changed, and which library records were ever handed out."""

import sqlalchemy as sa
from alembic import op

revision = "0010libraryrecords"
down_revision = "0006reachedstates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "film_revisions",
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["films.id"],
            name=op.f("fk_film_revisions_film_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("film_id", name=op.f("pk_film_revisions")),
    )
    op.create_index(op.f("ix_film_revisions_number"), "film_revisions", ["number"])
    op.create_table(
        "library_records",
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column(
            "delivery",
            sa.Enum(
                "dvd",
                "bluray",
                "file",
                "stream",
                name="delivery",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["films.id"],
            name=op.f("fk_library_records_film_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("film_id", "delivery", name=op.f("pk_library_records")),
    )
    op.create_index(op.f("ix_library_records_changed_at"), "library_records", ["changed_at"])
    op.create_table(
        "library_record_ledger",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_library_record_ledger_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_record_ledger")),
    )
    # Every film that the public has seen changed at the latest when its row did.
    op.execute(
        "INSERT INTO film_revisions (film_id, number, changed_at) "
        "SELECT id, COALESCE((SELECT MAX(number) FROM catalog_revision), 0), updated_at FROM films "
        "WHERE published_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("library_record_ledger")
    op.drop_index(op.f("ix_library_records_changed_at"), table_name="library_records")
    op.drop_table("library_records")
    op.drop_index(op.f("ix_film_revisions_number"), table_name="film_revisions")
    op.drop_table("film_revisions")
