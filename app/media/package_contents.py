"""What a package holds, as plain data: all that is needed to play it without the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from app.catalog.enums import CaptionKind
from app.media.master_states import RenditionKind
from app.media.segment_index import StreamFacts

MEDIA_TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "vtt": "text/vtt",
    "jpg": "image/jpeg",
    "json": "application/json",
}


class ThumbnailGrid(BaseModel):
    """A picture made of many: how the small pictures for seeking are laid out in it."""

    model_config = ConfigDict(frozen=True)

    columns: int
    rows: int
    width: int
    height: int
    every_ms: int
    count: int


@dataclass(frozen=True, slots=True)
class PackageStream:
    """Pictures or sound, in one file."""

    kind: RenditionKind
    label: str
    language: str | None
    facts: StreamFacts
    storage_name: str
    size_bytes: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of its file within the package."""
        ending = "mp4" if self.kind is RenditionKind.VIDEO else "m4a"
        return f"{self.label}.{ending}"

    @property
    def playlist_name(self) -> str:
        """The name of its playlist within the package."""
        return f"{self.label}.m3u8"


@dataclass(frozen=True, slots=True)
class CaptionTrack:
    """A caption file: where its bytes are, and what it is. ``is_plain`` if it is our own WebVTT."""

    language: str
    kind: CaptionKind
    storage_name: str
    sha256: str
    size_bytes: int

    @property
    def label(self) -> str:
        """Its name within the package, without an ending: ``captions-eng-sdh``."""
        return f"captions-{self.language}-{self.kind.value}"

    @property
    def file_name(self) -> str:
        """The name of its file within the package."""
        return f"{self.label}.vtt"

    @property
    def playlist_name(self) -> str:
        """The name of its playlist within the package."""
        return f"{self.label}.m3u8"


@dataclass(frozen=True, slots=True)
class ChapterMark:
    """Where a chapter starts, and its title."""

    start_ms: int
    title: str


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """The small pictures for seeking: one file, and how they lie in it."""

    grid: ThumbnailGrid
    storage_name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a package that lies in the storage as it is."""

    name: str
    storage_name: str
    size_bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True)
class PackageContents:
    """A package with everything in it. ``films`` are streams of pictures, the smallest first."""

    ref: str
    version_id: int
    duration_ms: int
    is_sample: bool
    streams: tuple[PackageStream, ...]
    captions: tuple[CaptionTrack, ...]
    chapters: tuple[ChapterMark, ...]
    thumbnails: Thumbnails | None

    def of_kind(self, kind: RenditionKind) -> tuple[PackageStream, ...]:
        """Return its streams of one kind."""
        return tuple(stream for stream in self.streams if stream.kind is kind)

    @cached_property
    def stored_files(self) -> Mapping[str, StoredFile]:
        """The files that are sent as they lie in the storage, by their names."""
        files = [
            _stored(stream.file_name, stream.storage_name, stream.size_bytes, stream.sha256)
            for stream in self.streams
        ]
        if self.thumbnails is not None:
            kept = self.thumbnails
            files.append(_stored("thumbnails.jpg", kept.storage_name, kept.size_bytes, kept.sha256))
        return {file.name: file for file in files}

    @cached_property
    def rendered_names(self) -> frozenset[str]:
        """The names of the files that are rendered when they are asked for."""
        names = {"master.m3u8", "manifest.json"}
        names.update(stream.playlist_name for stream in self.streams)
        names.update(track.playlist_name for track in self.captions)
        names.update(track.file_name for track in self.captions)
        if self.chapters:
            names.add("chapters.vtt")
        if self.thumbnails is not None:
            names.add("thumbnails.vtt")
        return frozenset(names)


def media_type(name: str) -> str:
    """Return the media type of a file by its name."""
    return MEDIA_TYPES[name.rpartition(".")[2]]


def _stored(name: str, storage_name: str, size_bytes: int, sha256: str) -> StoredFile:
    return StoredFile(name, storage_name, size_bytes, sha256, media_type(name))
