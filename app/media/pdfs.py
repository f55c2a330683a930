"""Press kits and guides: PDF, opened to see that it is one, and never changed."""

import io

import pikepdf

from app.media.errors import FileRefusedError

MEDIA_TYPE = "application/pdf"
MAX_PAGES = 2_000
# Readers find the mark behind some other bytes; browsers do not.
MARK = b"%PDF-"


def pages_of(data: bytes) -> int:
    """Return how many pages a PDF has.

    Raises:
        FileRefusedError: it is none, damaged, locked with a password, empty or endless.
    """
    if not data.startswith(MARK):
        detail = "This file is not a PDF."
        raise FileRefusedError(detail)
    try:
        with pikepdf.open(io.BytesIO(data), attempt_recovery=False) as document:
            pages = len(document.pages)
    except pikepdf.PasswordError as error:
        detail = "The PDF is password-protected. Save it without a password and upload it again."
        raise FileRefusedError(detail) from error
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        detail = "The PDF is damaged or incomplete. Save it again and upload it."
        raise FileRefusedError(detail) from error
    if not 1 <= pages <= MAX_PAGES:
        detail = f"The PDF has {pages:,} pages. The limit is {MAX_PAGES:,}."
        raise FileRefusedError(detail)
    return pages
