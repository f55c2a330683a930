"""Imports of films."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import ACTOR_KINDS, MOMENT, one_of, reference


def create() -> None:
    op.create_table(
        "film_imports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(24), nullable=False, unique=True),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("file_format", sa.String(20), nullable=False),
        sa.Column("file_bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("actor_kind", one_of("actorkind", *ACTOR_KINDS), nullable=False),
        sa.Column("actor_ref", sa.String(255), nullable=False),
        sa.Column("actor_via", sa.String(20), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column(
            "state",
            one_of(
                "importstate",
                "checking",
                "checked",
                "applying",
                "applied",
                "unmapped",
                "unreadable",
                "failed",
            ),
            nullable=False,
        ),
        sa.Column("skip_rejected", sa.Boolean, nullable=False),
        sa.Column("columns", sa.JSON),
        sa.Column("mapping", sa.JSON),
        sa.Column("has_sure_titles", sa.Boolean, nullable=False),
        sa.Column("doubt_count", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("line_count", sa.Integer, nullable=False),
        sa.Column("done_count", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_run_at", MOMENT, index=True),
        sa.Column("expires_at", MOMENT, index=True),
    )
    op.create_table(
        "film_import_lines",
        reference("import_id", "film_imports.id", "CASCADE", primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(
            "outcome",
            one_of("lineoutcome", "created", "changed", "unchanged", "rejected"),
            nullable=False,
        ),
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("differences", sa.JSON, nullable=False),
        sa.Column("problems", sa.JSON, nullable=False),
        sa.Index("ix_film_import_lines_import_id_outcome", "import_id", "outcome", "number"),
    )


def drop() -> None:
    op.drop_table("film_import_lines")
    op.drop_table("film_imports")
