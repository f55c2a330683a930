"""Certificates as downloads: never opened in the page, for staff only."""

from fastapi import Request
from fastapi.responses import StreamingResponse

from app.billing.certificate_files import ENDINGS
from app.billing.tax_models import TaxExemption
from app.core.app_state import app_state
from app.media import storage_names

# What a stranger sent may hold scripts: it is saved, and runs nothing if it is opened all the same.
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def download_certificate(request: Request, row: TaxExemption) -> StreamingResponse:
    """Return the file of a certificate, to be saved. Its row was read before."""
    file = row.file
    name = f"exemption-{row.ref}.{ENDINGS[file['media_type']]}"
    return StreamingResponse(
        app_state(request).storage.chunks(storage_names.kept(file["sha256"])),
        media_type=file["media_type"],
        headers=_HEADERS
        | {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(file["size"]),
        },
    )
