"""Validation of PDF files, such as press kits and guides, which are stored unchanged."""

import io

import pikepdf

from app.media.errors import FileRefusedError

MEDIA_TYPE = "application/pdf"
MAX_PAGES = 2_000
# PDF readers accept other bytes before it; browsers do not.
PDF_HEADER = b"%PDF-"


def pages_of(data: bytes) -> int:
    """Return the number of pages of a PDF.

    Raises:
        FileRefusedError: it is no PDF, damaged, password-protected, empty or too long.
    """
    if not data.startswith(PDF_HEADER):
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
