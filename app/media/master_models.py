"""The tables of masters, of the packages made of them, and of chapters."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.catalog.file_models import REF_LENGTH, new_ref
from app.core.db import Base, Timestamped
from app.media.master_states import (
    MasterRole,
    MasterState,
    PackageState,
    RenditionKind,
    RenditionState,
)


class Master(Timestamped, Base):
    """A file of a version as its producer delivers it. Its bytes never change."""

    __tablename__ = "masters"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(REF_LENGTH), unique=True, default=new_ref)
    # A version that has masters stays: licenses may name what was made of them.
    version_id: Mapped[int] = mapped_column(
        ForeignKey("versions.id", ondelete="RESTRICT"), index=True
    )
    role: Mapped[MasterRole] = mapped_column(default=MasterRole.FILM)
    state: Mapped[MasterState]
    language: Mapped[str | None] = mapped_column(
        String(3), doc="ISO 639-3, of an audio description"
    )
    original_name: Mapped[str] = mapped_column(String(200), doc="What the sender called it")
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True, doc="Once it is stored")
    storage_name: Mapped[str | None] = mapped_column(
        String(300), index=True, doc="Where its bytes are, once they are in the storage"
    )
    spool_name: Mapped[str | None] = mapped_column(
        String(100), unique=True, doc="Where its bytes are before: a file of the spool folder"
    )
    probe: Mapped[dict[str, Any] | None] = mapped_column(JSON, doc="As ``probing.MasterFacts``")
    problem: Mapped[str | None] = mapped_column(Text, doc="Why it is refused, in words")
    is_sample: Mapped[bool] = mapped_column(default=False, doc="The drawn film of the sample data")


class Package(Timestamped, Base):
    """What viewers get of a master: one file a rendition, listed once all are verified."""

    __tablename__ = "packages"
    __table_args__ = (
        Index(
            "uq_packages_version_id_ready",
            "version_id",
            unique=True,
            sqlite_where=text("state = 'ready'"),
            postgresql_where=text("state = 'ready'"),
        ),
        Index("ix_packages_next_run_at", "next_run_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(REF_LENGTH), unique=True, default=new_ref)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("versions.id", ondelete="RESTRICT"), index=True
    )
    master_id: Mapped[int] = mapped_column(
        ForeignKey("masters.id", ondelete="RESTRICT"), index=True
    )
    state: Mapped[PackageState]
    recipe: Mapped[str] = mapped_column(String(40), doc="With which settings it is encoded")
    duration_ms: Mapped[int | None] = mapped_column(doc="Of its pictures")
    own_chapters: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON, doc="Of a package that brings its own: else the version's chapters count"
    )
    attempts: Mapped[int] = mapped_column(default=0, doc="Runs that failed, one after the other")
    next_run_at: Mapped[datetime | None] = mapped_column(doc="When a worker should go on")
    problem: Mapped[str | None] = mapped_column(Text, doc="What went wrong, in words")
    ready_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]


class Rendition(Timestamped, Base):
    """One file of a package: a height of the pictures, a language of the sound."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("package_id", "label"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    package_id: Mapped[int] = mapped_column(ForeignKey("packages.id", ondelete="CASCADE"))
    kind: Mapped[RenditionKind]
    label: Mapped[str] = mapped_column(String(40), doc="360p, audio-eng: its file's name")
    position: Mapped[int]
    language: Mapped[str | None] = mapped_column(String(3), doc="ISO 639-3")
    state: Mapped[RenditionState]
    recipe: Mapped[dict[str, Any]] = mapped_column(JSON, doc="As ``ladder.RenditionPlan``")
    storage_name: Mapped[str | None] = mapped_column(String(300), index=True)
    sha256: Mapped[str | None] = mapped_column(String(64))
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any] | None] = mapped_column(
        JSON, doc="As ``segment_index.StreamFacts``, or what else its kind needs"
    )
    progress: Mapped[int] = mapped_column(default=0, doc="Of 1000")
    progress_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(Text)


class Chapter(Base):
    """A chapter of a version: where it starts, and its title."""

    __tablename__ = "chapters"
    __table_args__ = (UniqueConstraint("version_id", "start_ms"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"))
    start_ms: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
