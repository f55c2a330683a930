"""The files that a license of a video file gives: the film of each version, and its captions."""

from dataclasses import dataclass
from pathlib import PurePath

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.countries_languages import language_name
from app.catalog.parts_models import Version
from app.catalog.titles import slugify
from app.licenses.models import License
from app.media import storage_names
from app.media.packages import find_master, list_caption_files

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mxf": "application/mxf",
    ".mkv": "video/matroska",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
}


@dataclass(frozen=True, slots=True)
class LicensedFile:
    """A stored file, and what a licensee's computer calls it."""

    name: str
    title: str
    storage_name: str
    size_bytes: int
    sha256: str

    @property
    def media_type(self) -> str:
        """The media type, by its name."""
        return MEDIA_TYPES.get(PurePath(self.name).suffix, "application/octet-stream")


@dataclass(frozen=True, slots=True)
class LicensedFiles:
    """The files of a license, and whether the film of each version is among them."""

    files: tuple[LicensedFile, ...]
    is_complete: bool

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size_bytes for file in self.files)


def find_licensed_files(session: Session, license_: License) -> LicensedFiles:
    """Return what can be downloaded today under a license of a video file."""
    versions = session.scalars(
        select(Version)
        .where(Version.film_id == license_.film_id, Version.label.in_(license_.version_labels))
        .order_by(Version.position)
    ).all()
    files: list[LicensedFile] = []
    found = 0
    for version in versions:
        stem = f"{license_.film_slug}-{slugify(version.label)}"
        master = find_master(session, version.id)
        if master is None:
            continue
        found += 1
        ending = PurePath(master.name).suffix.lower()
        ending = ending if ending in MEDIA_TYPES else ".mp4"
        files.append(
            LicensedFile(
                f"{stem}{ending}",
                f"Film, {version.label}",
                master.storage_name,
                master.size_bytes,
                master.sha256,
            )
        )
        files += [
            LicensedFile(
                f"{stem}-captions-{row.language}-{row.confirmed_kind}.{row.ending}",
                f"Captions, {version.label} ({language_name(row.language)})",
                storage_names.kept(row.sha256),
                row.size_bytes,
                row.sha256,
            )
            for row in list_caption_files(session, version)
        ]
    return LicensedFiles(tuple(files), is_complete=0 < found == len(license_.version_labels))
