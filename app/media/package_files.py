"""The files of a package that are rendered when they are asked for: playlists, captions, and so on.

What else a package has lies in the storage as it is: see ``PackageContents.stored_files``.
"""

import hashlib
import json
from collections.abc import Callable

from app.core.errors import NotFoundError
from app.media import playlists, webvtt
from app.media.package_contents import CaptionTrack, PackageContents, media_type

# What reads a file of the storage by its name.
ReadFile = Callable[[str], bytes]


def render_file(contents: PackageContents, name: str, read: ReadFile) -> bytes:
    """Return the bytes of a file that is not stored: ``master.m3u8``, ``captions-eng-sdh.vtt``.

    Raises:
        NotFoundError: the package has no such file.
        UnavailableError: captions are wanted, and the storage does not answer.
    """
    if name not in contents.rendered_names:
        detail = "File not found."
        raise NotFoundError(detail)
    return _render(contents, name, read).encode()


def render_manifest(contents: PackageContents, read: ReadFile) -> str:
    """Return the list of all files of a package, each with its length and SHA-256, as JSON.

    Raises:
        UnavailableError: there are captions, and the storage does not answer.
    """
    files = [
        _entry(file.name, file.size_bytes, file.sha256) for file in contents.stored_files.values()
    ]
    for name in sorted(contents.rendered_names - {"manifest.json"}):
        data = render_file(contents, name, read)
        files.append(_entry(name, len(data), hashlib.sha256(data).hexdigest()))
    told = {"package": contents.ref, "duration_ms": contents.duration_ms, "files": files}
    return json.dumps(told, indent=1) + "\n"


def _render(contents: PackageContents, name: str, read: ReadFile) -> str:
    if name == "master.m3u8":
        return playlists.render_master(contents)
    if name == "manifest.json":
        return render_manifest(contents, read)
    if name == "chapters.vtt":
        return webvtt.write_chapters(contents.chapters, contents.duration_ms)
    if name == "thumbnails.vtt" and contents.thumbnails is not None:
        grid = contents.thumbnails.grid
        return webvtt.write_thumbnails(grid, contents.duration_ms, picture="thumbnails.jpg")
    for stream in contents.streams:
        if name == stream.playlist_name:
            return playlists.render_stream(stream)
    track = next(t for t in contents.captions if name.startswith(f"{t.label}."))
    return _render_track(contents, track, name, read)


def _render_track(contents: PackageContents, track: CaptionTrack, name: str, read: ReadFile) -> str:
    if name == track.playlist_name:
        return playlists.render_captions(track, contents.duration_ms)
    return webvtt.write_captions(read(track.storage_name))


def _entry(name: str, size_bytes: int, sha256: str) -> dict[str, object]:
    return {"name": name, "bytes": size_bytes, "sha256": sha256, "media_type": media_type(name)}
