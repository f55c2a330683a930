"""Why a purchase order cannot be used."""

from app.core.errors import ConflictError


class PurchaseOrderLimitError(ConflictError):
    """The order is more than what is left of the purchase order."""

    type = "purchase-order-limit"
    title = "Purchase order limit exceeded"


class PurchaseOrderExpiredError(ConflictError):
    """The last day on which the purchase order could be used is over."""

    type = "purchase-order-expired"
    title = "Purchase order expired"


class PurchaseOrderClosedError(ConflictError):
    """The purchase order was rejected or closed, or another order has used it."""

    type = "purchase-order-closed"
    title = "Purchase order can't be used"


class PurchaseOrderDiffersError(ConflictError):
    """The purchase order differs from the order, or nobody has compared the two."""

    type = "purchase-order-differs"
    title = "Purchase order differs from the order"


class PurchaseOrderFileLimitError(ConflictError):
    """The order has as many files as it may have."""

    type = "purchase-order-files-limit"
    title = "Too many purchase order files"
