"""PDFs of purchase orders: checked, stored by their hash, and never changed."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.billing.models import PurchaseOrder, PurchaseOrderFile
from app.billing.purchase_order_errors import PurchaseOrderFileLimitError
from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.media import storage_names
from app.media.errors import FileRefusedError
from app.media.uploads import Upload, plain_name

MAX_FILE_BYTES = 10_000_000
# With the other fields of the form.
MAX_UPLOAD_BYTES = MAX_FILE_BYTES + 100_000
MAX_FILES = 20


def inspect_purchase_order(data: bytes, name: str) -> Upload:
    """Return the PDF of a purchase order, ready to be stored; see ``inspect_pdf``."""
    return inspect_pdf(data, name, if_missing="Choose the purchase order as a PDF.")


def inspect_pdf(data: bytes, name: str, *, if_missing: str) -> Upload:
    """Return a PDF, ready to be stored. Slow, so outside transactions.

    Raises:
        InvalidInputError: it is missing, too large, or no readable PDF; says why.
    """
    # Loading the reader of PDFs takes a while, and few requests need it.
    from app.media import pdfs  # noqa: PLC0415 - the reason is above

    if not data:
        raise InvalidInputError.of(FieldProblem("#/file", if_missing))
    if len(data) > MAX_FILE_BYTES:
        detail = f"Upload a PDF smaller than {MAX_FILE_BYTES // 1_000_000} MB."
        raise InvalidInputError.of(FieldProblem("#/file", detail))
    try:
        pages = pdfs.pages_of(data)
    except FileRefusedError as error:
        raise InvalidInputError.of(FieldProblem("#/file", str(error))) from error
    sha256 = storage_names.digest(data)
    return Upload(data, sha256, pdfs.MEDIA_TYPE, plain_name(name), pages=pages)


def add_file(
    session: Session,
    purchase_order: PurchaseOrder,
    upload: Upload,
    *,
    order_number: str,
    actor: Actor,
) -> bool:
    """Add a PDF to an order's purchase order. Return False if it is there already.

    Raises:
        PurchaseOrderFileLimitError: the order has ``MAX_FILES``.
    """
    count = session.scalar(
        select(func.count(PurchaseOrderFile.id)).where(
            PurchaseOrderFile.order_number == order_number
        )
    )
    if count is not None and count >= MAX_FILES:
        detail = f"Order {order_number} has {count} PDFs of its purchase order. Email us the next."
        raise PurchaseOrderFileLimitError(detail)
    values = {
        "purchase_order_id": purchase_order.id,
        "order_number": order_number,
        "sha256": upload.sha256,
        "size_bytes": len(upload.data),
        "pages": upload.pages or 0,
        "original_name": upload.original_name,
        "uploaded_by": actor.label[:200],
    }
    index = ["purchase_order_id", "order_number", "sha256"]
    return insert_ignore(session, PurchaseOrderFile, values, index_elements=index)


def get_file(session: Session, order_number: str, sha256: str) -> PurchaseOrderFile:
    """Return a PDF of an order's purchase order.

    Raises:
        NotFoundError: the order has none with this hash.
    """
    file = session.scalars(
        select(PurchaseOrderFile)
        .where(PurchaseOrderFile.order_number == order_number, PurchaseOrderFile.sha256 == sha256)
        .order_by(PurchaseOrderFile.id)
        .limit(1)
    ).first()
    if file is None:
        detail = "This PDF is not part of the order."
        raise NotFoundError(detail)
    return file
