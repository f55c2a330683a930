"""Files of exemption certificates: checked by their bytes, and stored by their hash as sent."""

import io
from dataclasses import dataclass
from typing import Any

from app.core.errors import FieldProblem, InvalidInputError
from app.core.storage import Storage
from app.media import storage_names
from app.media.errors import FileRefusedError
from app.media.uploads import Upload, ensure_stored, plain_name, store_upload

MAX_FILE_BYTES = 10_000_000
# With the other fields of the form.
MAX_UPLOAD_BYTES = MAX_FILE_BYTES + 100_000
MAX_PIXELS = 100_000_000
IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a certificate's row says of its file."""

    sha256: str
    media_type: str
    name: str
    size: int

    @classmethod
    def of(cls, upload: Upload) -> "StoredFile":
        """Return the facts of an upload."""
        name, size = upload.original_name, len(upload.data)
        return cls(upload.sha256, upload.media_type, name, size)

    def facts(self) -> dict[str, Any]:
        """Return the facts as the row stores them."""
        return {
            "sha256": self.sha256,
            "media_type": self.media_type,
            "name": self.name,
            "size": self.size,
        }


def inspect_certificate(data: bytes, name: str) -> Upload:
    """Return the file of a certificate, ready to be stored. Slow, so outside transactions.

    Raises:
        InvalidInputError: it is missing, too large, or no PDF, JPEG, or PNG; says why.
    """
    if not data:
        msg = "Choose the certificate as a PDF, JPEG, or PNG file."
        raise _refuse(msg)
    if len(data) > MAX_FILE_BYTES:
        msg = f"Upload a file smaller than {MAX_FILE_BYTES // 1_000_000} MB."
        raise _refuse(msg)
    media_type = _media_type(data)
    return Upload(data, storage_names.digest(data), media_type, plain_name(name))


def store_certificate(storage: Storage, upload: Upload) -> None:
    """Put the bytes into the storage. Comes before the row: a crash leaves bytes without one.

    Raises:
        UnavailableError: the storage does not answer.
    """
    store_upload(storage, upload)


def ensure_certificate(storage: Storage, upload: Upload) -> None:
    """Put the bytes back if a sweep took them away before the row was there.

    Raises:
        UnavailableError: the storage does not answer.
    """
    ensure_stored(storage, upload)


def _media_type(data: bytes) -> str:
    # Loading these takes a while, and few requests need them.
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - the reason is above

    from app.media import pdfs  # noqa: PLC0415 - the reason is above

    if data.startswith(pdfs.PDF_HEADER):
        try:
            pdfs.pages_of(data)
        except FileRefusedError as error:
            raise _refuse(str(error)) from error
        return pdfs.MEDIA_TYPE
    try:
        with Image.open(io.BytesIO(data), formats=list(IMAGE_TYPES)) as image:
            media_type = IMAGE_TYPES[image.format or ""]
            is_too_large = image.width * image.height > MAX_PIXELS
            if not is_too_large:
                image.verify()
    except UnidentifiedImageError as error:
        msg = "This file is not a PDF, JPEG, or PNG. Choose another file."
        raise _refuse(msg) from error
    except Exception as error:
        # Decoders raise many types of errors; with any of them the file is no image.
        msg = "The image is damaged. Save it again and upload it."
        raise _refuse(msg) from error
    if is_too_large:
        msg = "The image has too many pixels. Upload a smaller one."
        raise _refuse(msg)
    return media_type


def _refuse(detail: str) -> InvalidInputError:
    return InvalidInputError.of(FieldProblem("#/file", detail))
