"""Imports of films as jobs: how far each is, and what becomes of its lines."""

import sqlalchemy as sa
from alembic import op

revision = "0060importjobs"
down_revision = "0070notereplymails"
branch_labels = None
depends_on = None

STATES = ("checking", "checked", "applying", "applied", "unreadable")
KINDS = ("guest", "staff", "api_key", "stripe", "system")
OUTCOMES = ("created", "changed", "left", "refused")


# For the rows that are there: each was applied by the command, or in a request of the console.
ADDED = (
    ("actor_kind", sa.Enum(*KINDS, native_enum=False, length=40), "system"),
    ("actor_ref", sa.String(length=255), ""),
    ("actor_via", sa.String(length=20), "cli"),
    ("state", sa.Enum(*STATES, native_enum=False, length=40), "applied"),
    ("only_good", sa.Boolean(), sa.false()),
    ("line_count", sa.Integer(), "0"),
    ("done_count", sa.Integer(), "0"),
    ("tries", sa.Integer(), "0"),
)


def upgrade() -> None:
    with op.batch_alter_table("film_imports") as table:
        for name, kind, told in ADDED:
            table.add_column(sa.Column(name, kind, nullable=False, server_default=told))
        table.add_column(sa.Column("problem", sa.Text(), nullable=True))
        table.add_column(sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE film_imports SET state = 'applying' WHERE finished_at IS NULL")
    with op.batch_alter_table("film_imports") as table:
        for name, kind, _ in ADDED:
            table.alter_column(name, existing_type=kind, server_default=None)
        table.create_check_constraint("actorkind", sa.column("actor_kind").in_(KINDS))
        table.create_check_constraint("importstate", sa.column("state").in_(STATES))
    for name in ("sha256", "next_run_at", "expires_at"):
        op.create_index(f"ix_film_imports_{name}", "film_imports", [name])
    op.create_table(
        "film_import_lines",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                *OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["film_imports.id"],
            name=op.f("fk_film_import_lines_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_film_import_lines")),
    )
    op.create_index(
        "ix_film_import_lines_import_id_outcome",
        "film_import_lines",
        ["import_id", "outcome", "number"],
    )


def downgrade() -> None:
    op.drop_table("film_import_lines")
    for name in ("sha256", "next_run_at", "expires_at"):
        op.drop_index(f"ix_film_imports_{name}", "film_imports")
    with op.batch_alter_table("film_imports") as table:
        table.drop_constraint("actorkind", type_="check")
        table.drop_constraint("importstate", type_="check")
        for name in ("problem", "next_run_at", "expires_at", *(name for name, _, _ in ADDED)):
            table.drop_column(name)
