"""Masters, the packages made of them, and chapters."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "masters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False, unique=True),
        reference("version_id", "versions.id", "RESTRICT", index=True),
        sa.Column("role", one_of("masterrole", "film", "audio_description"), nullable=False),
        sa.Column(
            "state",
            one_of(
                "masterstate",
                "uploading",
                "received",
                "checking",
                "accepted",
                "refused",
                "withdrawn",
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(3)),
        sa.Column("original_name", sa.String(200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), index=True),
        sa.Column("storage_name", sa.String(300), index=True),
        sa.Column("spool_name", sa.String(100), unique=True),
        sa.Column("probe", sa.JSON),
        sa.Column("problem", sa.Text),
        sa.Column("is_sample", sa.Boolean, nullable=False),
        *timestamps(),
    )
    op.create_table(
        "packages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False, unique=True),
        reference("version_id", "versions.id", "RESTRICT", index=True),
        reference("master_id", "masters.id", "RESTRICT", index=True),
        sa.Column(
            "state",
            one_of("packagestate", "wanted", "working", "ready", "failed", "superseded"),
            nullable=False,
        ),
        sa.Column("recipe", sa.String(40), nullable=False),
        sa.Column("duration_ms", sa.Integer),
        sa.Column("own_chapters", sa.JSON),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_run_at", MOMENT),
        sa.Column("problem", sa.Text),
        sa.Column("ready_at", MOMENT),
        sa.Column("superseded_at", MOMENT),
        *timestamps(),
        sa.Index("ix_packages_next_run_at", "next_run_at"),
    )
    op.create_index(
        "uq_packages_version_id_ready",
        "packages",
        ["version_id"],
        unique=True,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "renditions",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("package_id", "packages.id", "CASCADE"),
        sa.Column(
            "kind",
            one_of(
                "renditionkind",
                "video",
                "audio",
                "audio_description",
                "thumbnails",
                "captions",
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("language", sa.String(3)),
        sa.Column(
            "state",
            one_of("renditionstate", "wanted", "encoding", "stored", "verified", "failed"),
            nullable=False,
        ),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("storage_name", sa.String(300), index=True),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("facts", sa.JSON),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("progress_at", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text),
        *timestamps(),
        sa.UniqueConstraint("package_id", "label"),
    )
    op.create_table(
        "chapters",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("version_id", "versions.id", "CASCADE"),
        sa.Column("start_ms", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.UniqueConstraint("version_id", "start_ms"),
    )


def drop() -> None:
    op.drop_table("chapters")
    op.drop_table("renditions")
    op.drop_table("packages")
    op.drop_table("masters")
