"""PDFs of purchase orders as downloads, for holders of the order and staff only."""

from fastapi import Request
from fastapi.responses import StreamingResponse

from app.billing.models import PurchaseOrderFile
from app.media.downloads import send_pdf


def download_file(request: Request, file: PurchaseOrderFile) -> StreamingResponse:
    """Return the PDF, to be saved. Its row was read in a transaction that has ended."""
    name = f"purchase-order-{file.order_number}-{file.sha256[:8]}.pdf"
    return send_pdf(request, sha256=file.sha256, size_bytes=file.size_bytes, name=name)
