"""What can go wrong with carts and orders, beyond bad input."""

from app.core.errors import ConflictError


class OrderClosedError(ConflictError):
    """The order is canceled, expired, paid or shipped, so this no longer makes sense."""

    type = "order-closed"
    title = "Not allowed in the order's status"


class LinesSettledError(ConflictError):
    """The order is accepted, invoiced, licensed, or a payment was made, so its lines stay."""

    type = "lines-settled"
    title = "Items can't be corrected any more"


class RefundFirstError(ConflictError):
    """Money is here, or on its way: it must go back before the order can be canceled."""

    type = "refund-first"
    title = "Refund required first"


class OrderOnHoldError(ConflictError):
    """The payment is disputed or a license is not in force, so nothing is packed or sent."""

    type = "order-on-hold"
    title = "Order on hold"


class CreditHoldError(ConflictError):
    """The institution owes too much, or for too long, or staff hold its orders on terms."""

    type = "credit-hold"
    title = "Order on credit hold"


class ApproverNeededError(ConflictError):
    """The person may not commit the institution to this amount."""

    type = "approver-needed"
    title = "Approver needed"


class NothingToShipError(ConflictError):
    """No part of the order waits to be sent."""

    type = "nothing-to-ship"
    title = "No shipment to send"


class PaymentNotVoidableError(ConflictError):
    """The money truly came, through Stripe, or some of it went back."""

    type = "payment-not-voidable"
    title = "Payment can't be voided"


class PaymentReferenceTakenError(ConflictError):
    """The same payment was recorded for another order."""

    type = "payment-reference-taken"
    title = "Payment belongs to another order"
