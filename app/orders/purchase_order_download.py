"""PDFs of purchase orders as downloads: never opened in the page, for holders and staff only."""

from fastapi import Request
from fastapi.responses import StreamingResponse

from app.billing.models import PurchaseOrderFile
from app.core.app_state import app_state
from app.media import storage_names

# What a stranger sent may hold scripts: it is saved, and runs nothing if it is opened all the same.
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def download_file(request: Request, file: PurchaseOrderFile) -> StreamingResponse:
    """Return the PDF, to be saved. Its row was read in a transaction that has ended."""
    name = f"purchase-order-{file.order_number}-{file.sha256[:8]}.pdf"
    return StreamingResponse(
        app_state(request).storage.chunks(storage_names.kept(file.sha256)),
        media_type="application/pdf",
        headers=_HEADERS
        | {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(file.size_bytes),
        },
    )
