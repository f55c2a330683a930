"""What can go wrong with receipts, beyond bad input."""

from app.core.errors import ConflictError


class ReceiptTakenError(ConflictError):
    """The same check or transfer is recorded with other facts."""

    type = "receipt-taken"
    title = "Check or transfer already recorded"


class ReceiptVoidError(ConflictError):
    """The receipt was voided, so it pays nothing any more."""

    type = "receipt-void"
    title = "Payment is void"


class ReceiptRefundedError(ConflictError):
    """Some of the money went back, so the receipt was no mistake."""

    type = "receipt-refunded"
    title = "Payment was refunded"


class InvoiceNotOpenError(ConflictError):
    """The invoice asks for nothing, or a bank has yet to decide about its money."""

    type = "invoice-not-open"
    title = "Not allowed in the invoice's status"
