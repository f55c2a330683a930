"""Reading packages: what can be played of a version, and the master that it is made of."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.enums import CaptionKind
from app.catalog.parts_models import Version
from app.core.db import is_one_of
from app.media import storage_names
from app.media.caption_models import CaptionFile
from app.media.master_models import Chapter, Master, Package, Rendition
from app.media.master_states import (
    MasterRole,
    MasterState,
    PackageState,
    RenditionKind,
)
from app.media.package_contents import (
    CaptionTrack,
    ChapterMark,
    PackageContents,
    PackageStream,
    ThumbnailGrid,
    Thumbnails,
)
from app.media.segment_index import StreamFacts

# A play that began with an older package goes on with it.
PLAYABLE = (PackageState.READY, PackageState.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class MasterFile:
    """A master that may be handed over: where its bytes are, and what they are."""

    ref: str
    name: str
    storage_name: str
    size_bytes: int
    sha256: str
    is_sample: bool


def find_ready(session: Session, version_id: int) -> PackageContents | None:
    """Return what can be played of a version now; None if nothing can."""
    package = session.scalar(
        select(Package).where(Package.version_id == version_id, Package.state == PackageState.READY)
    )
    return _contents_of(session, package) if package else None


def find_playable(session: Session, ref: str) -> PackageContents | None:
    """Return the package of this name, if it is ready or was; None if there is none."""
    package = session.scalar(select(Package).where(Package.ref == ref, Package.state.in_(PLAYABLE)))
    return _contents_of(session, package) if package else None


def find_ready_versions(session: Session, version_ids: Collection[int]) -> set[int]:
    """Return those of these versions that can be played."""
    return set(
        session.scalars(
            select(Package.version_id).where(
                is_one_of(session, Package.version_id, version_ids),
                Package.state == PackageState.READY,
            )
        )
    )


def find_master(session: Session, version_id: int) -> MasterFile | None:
    """Return the newest accepted master of a version; None if there is none."""
    master = session.scalar(
        select(Master)
        .where(
            Master.version_id == version_id,
            Master.role == MasterRole.FILM,
            Master.state == MasterState.ACCEPTED,
        )
        .order_by(Master.id.desc())
        .limit(1)
    )
    if master is None or master.storage_name is None or master.sha256 is None:
        return None
    return MasterFile(
        master.ref,
        master.original_name,
        master.storage_name,
        master.size_bytes,
        master.sha256,
        master.is_sample,
    )


def list_caption_files(session: Session, version: Version) -> tuple[CaptionFile, ...]:
    """Return the caption files of a version that staff confirmed, the newest of each kind."""
    rows = session.scalars(
        select(CaptionFile)
        .where(
            CaptionFile.film_id == version.film_id,
            CaptionFile.version_label == version.label,
            CaptionFile.confirmed_kind.is_not(None),
            CaptionFile.withdrawn_at.is_(None),
        )
        .order_by(CaptionFile.id)
    )
    return tuple({(row.language, row.confirmed_kind): row for row in rows}.values())


def list_captions(session: Session, version: Version) -> tuple[CaptionTrack, ...]:
    """Return the confirmed caption files of a version as tracks of a package."""
    return tuple(
        CaptionTrack(
            row.language,
            row.confirmed_kind,
            storage_names.kept(row.sha256),
            row.sha256,
            row.size_bytes,
        )
        for row in list_caption_files(session, version)
        if row.confirmed_kind is not None
    )


def _contents_of(session: Session, package: Package) -> PackageContents:
    version = session.get_one(Version, package.version_id)
    rows = session.scalars(
        select(Rendition)
        .where(Rendition.package_id == package.id, Rendition.storage_name.is_not(None))
        .order_by(Rendition.position, Rendition.id)
    ).all()
    own_captions = tuple(_own_captions(row) for row in rows if row.kind is RenditionKind.CAPTIONS)
    small = next((row for row in rows if row.kind is RenditionKind.THUMBNAILS), None)
    is_sample = session.scalar(select(Master.is_sample).where(Master.id == package.master_id))
    return PackageContents(
        ref=package.ref,
        version_id=package.version_id,
        duration_ms=package.duration_ms or 0,
        is_sample=bool(is_sample),
        streams=tuple(_stream(row) for row in rows if row.kind.is_stream),
        # The sample film has its own, and those of the film it stands for would not fit it.
        captions=own_captions or (() if is_sample else list_captions(session, version)),
        chapters=_chapters(session, package),
        thumbnails=_thumbnails(small) if small else None,
    )


def _stream(row: Rendition) -> PackageStream:
    return PackageStream(
        kind=row.kind,
        label=row.label,
        language=row.language,
        facts=StreamFacts.model_validate(row.facts),
        storage_name=row.storage_name or "",
        size_bytes=row.size_bytes or 0,
        sha256=row.sha256 or "",
    )


def _own_captions(row: Rendition) -> CaptionTrack:
    kind = CaptionKind((row.facts or {})["kind"])
    return CaptionTrack(
        row.language or "und", kind, row.storage_name or "", row.sha256 or "", row.size_bytes or 0
    )


def _thumbnails(row: Rendition) -> Thumbnails:
    grid = ThumbnailGrid.model_validate(row.facts)
    return Thumbnails(grid, row.storage_name or "", row.size_bytes or 0, row.sha256 or "")


def _chapters(session: Session, package: Package) -> tuple[ChapterMark, ...]:
    if package.own_chapters is not None:
        return tuple(ChapterMark(**chapter) for chapter in package.own_chapters)
    rows = session.scalars(
        select(Chapter).where(Chapter.version_id == package.version_id).order_by(Chapter.start_ms)
    )
    return tuple(ChapterMark(row.start_ms, row.title) for row in rows)
