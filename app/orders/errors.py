"""What can go wrong with carts and orders, beyond bad input."""

from app.core.errors import ConflictError


class OrderClosedError(ConflictError):
    """The order is canceled, expired, paid or shipped, so this no longer makes sense."""

    type = "order-closed"
    title = "The order does not allow this any more"


class RefundFirstError(ConflictError):
    """Money is here, or on its way: it must go back before the order can be canceled."""

    type = "refund-first"
    title = "The order holds money that must be refunded first"


class OrderOnHoldError(ConflictError):
    """The payment is disputed or a license is not in force, so nothing is packed or sent."""

    type = "order-on-hold"
    title = "The order is on hold"


class NothingToShipError(ConflictError):
    """No part of the order waits to be sent."""

    type = "nothing-to-ship"
    title = "Nothing of this order is waiting to be sent"


class PaymentNotVoidableError(ConflictError):
    """The money truly came, through Stripe, or some of it went back."""

    type = "payment-not-voidable"
    title = "This payment cannot be voided"


class PaymentReferenceTakenError(ConflictError):
    """The same payment was recorded for another order."""

    type = "payment-reference-taken"
    title = "This payment belongs to another order"
