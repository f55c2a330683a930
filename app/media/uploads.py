"""Uploaded files, checked and prepared for storage. Slow, so outside transactions."""

from dataclasses import dataclass

from app.catalog.file_enums import FileKind
from app.core.storage import Storage
from app.media import storage_names
from app.media.errors import FileRefusedError

MAX_IMAGE_BYTES = 30_000_000
MAX_DOCUMENT_BYTES = 60_000_000
MAX_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that may be kept: its bytes as we keep them, and what was found out about them."""

    data: bytes
    sha256: str
    media_type: str
    original_name: str
    width: int | None = None
    height: int | None = None
    pages: int | None = None


def inspect_upload(kind: FileKind, data: bytes, name: str) -> Upload:
    """Return what can be kept of ``data``, judged by its bytes; ``name`` is only remembered.

    Raises:
        FileRefusedError: it is not what a file of this kind should be; says why, for a person.
    """
    # Loading the readers of pictures and papers takes a while, and only who uploads needs them.
    from app.media import images, pdfs  # noqa: PLC0415 - the reason is above

    if not data:
        detail = "The file is empty. Choose another file."
        raise FileRefusedError(detail)
    most = MAX_IMAGE_BYTES if kind.is_image else MAX_DOCUMENT_BYTES
    if len(data) > most:
        detail = f"The file is larger than {most // 1_000_000} MB. Upload a smaller one."
        raise FileRefusedError(detail)
    if not kind.is_image:
        pages = pdfs.pages_of(data)
        return Upload(
            data, storage_names.digest(data), pdfs.MEDIA_TYPE, plain_name(name), pages=pages
        )
    if _is_drawing(data):
        detail = (
            "SVG files are not supported because they can contain scripts. Upload a JPEG or PNG."
        )
        raise FileRefusedError(detail)
    picture = images.cleaned(data)
    return Upload(
        picture.data,
        storage_names.digest(picture.data),
        images.MEDIA_TYPE,
        plain_name(name),
        width=picture.width,
        height=picture.height,
    )


def store_upload(storage: Storage, upload: Upload) -> None:
    """Put the bytes into the storage. Comes before the row: a crash leaves bytes without one.

    Raises:
        UnavailableError: the storage does not answer.
    """
    storage.write(storage_names.kept(upload.sha256), upload.data)


def ensure_stored(storage: Storage, upload: Upload) -> None:
    """Put the bytes back if a sweep took them away before the row was there.

    Comes after the row is committed; see ``orphan_cleanup``.

    Raises:
        UnavailableError: the storage does not answer.
    """
    if not storage.exists(storage_names.kept(upload.sha256)):
        store_upload(storage, upload)


def _is_drawing(data: bytes) -> bool:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<svg", b"<?xml", b"<!doctype svg"))


def plain_name(name: str) -> str:
    """Return the last part of a file's name, without what cannot be shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[:MAX_NAME_LENGTH]
