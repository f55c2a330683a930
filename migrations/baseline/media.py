"""Uploaded pictures, documents and captions."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import (
    CAPTION_KINDS,
    CAPTION_SOURCES,
    MOMENT,
    one_of,
    reference,
    timestamps,
)


def create() -> None:
    op.create_table(
        "film_files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False, unique=True),
        reference("film_id", "films.id", "CASCADE"),
        sa.Column(
            "kind",
            one_of("filekind", "poster", "still", "trailer_poster", "press_kit", "guide"),
            nullable=False,
        ),
        sa.Column("state", one_of("filestate", "processing", "ready", "failed"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("alt", sa.String(500), nullable=False),
        sa.Column("credit", sa.String(200), nullable=False),
        sa.Column("language", sa.String(3)),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("pages", sa.Integer),
        sa.Column("original_name", sa.String(200), nullable=False),
        reference("replaces_id", "film_files.id", "SET NULL", nullable=True),
        sa.Column("withdrawn_at", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("last_error", sa.Text),
        *timestamps(),
        sa.Index("ix_film_files_film_id_position", "film_id", "position"),
        sa.Index("ix_film_files_state_next_attempt_at", "state", "next_attempt_at"),
    )
    op.create_table(
        "caption_files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False, unique=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("version_label", sa.String(80), nullable=False),
        sa.Column("language", sa.String(3), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("original_name", sa.String(200), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("confirmed_kind", one_of("captionkind", *CAPTION_KINDS)),
        sa.Column("confirmed_source", one_of("captionsource", *CAPTION_SOURCES)),
        sa.Column("withdrawn_at", MOMENT),
        *timestamps(),
    )


def drop() -> None:
    op.drop_table("caption_files")
    op.drop_table("film_files")
