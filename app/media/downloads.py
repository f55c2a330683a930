"""Private PDFs as downloads: never opened in the page of the store."""

from fastapi import Request
from fastapi.responses import StreamingResponse

from app.core.app_state import app_state
from app.media import storage_names

# What a stranger sent may hold scripts: it is saved, and runs nothing if it is opened all the same.
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def send_pdf(request: Request, *, sha256: str, size_bytes: int, name: str) -> StreamingResponse:
    """Return a stored PDF, to be saved as ``name``."""
    return StreamingResponse(
        app_state(request).storage.chunks(storage_names.kept(sha256)),
        media_type="application/pdf",
        headers=_HEADERS
        | {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(size_bytes),
        },
    )
