"""The statuses of checkouts, events, and refunds at Stripe. Pure."""

from enum import StrEnum


class AttemptStatus(StrEnum):
    """What became of one attempt to pay."""

    # Stored before the request to Stripe, to continue after a crash.
    OPENING = "opening"
    OPEN = "open"
    # The buyer finished the page. That is not yet payment: a bank debit settles days later.
    COMPLETE = "complete"
    EXPIRED = "expired"
    FAILED = "failed"


class EventOutcome(StrEnum):
    """The result of handling an event."""

    PROCESSED = "processed"
    # Nothing of ours: another store's, or of a type that changes nothing here.
    IGNORED = "ignored"


class CheckoutStatus(StrEnum):
    """Stripe's word for a checkout page."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class PaymentProgress(StrEnum):
    """How far the money has come, as far as an order cares."""

    UNPAID = "unpaid"
    # A bank debit, which settles or fails days later.
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


class ReturnOutcome(StrEnum):
    """The state of a payment when the buyer returns from the payment page."""

    PAID = "paid"
    # The bank will say in a few days.
    PENDING = "pending"
    FAILED = "failed"
    # Came back without paying; the page is open still.
    OPEN = "open"
    EXPIRED = "expired"
    # Stripe did not answer: the page says that we are finding out.
    UNKNOWN = "unknown"


class RefundProgress(StrEnum):
    """How far a refund has come."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


# Failures after which staff see an event as stuck; it is still retried.
STUCK_AFTER = 3

# The events that the store processes. Stripe lists at most twenty types at once.
CHECKOUT_EVENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.expired",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
    }
)
PAYMENT_EVENTS = frozenset({"payment_intent.succeeded", "payment_intent.payment_failed"})
CHARGE_EVENTS = frozenset({"charge.refunded"})
REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed"})
DISPUTE_EVENTS = frozenset(
    {"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"}
)
EVENT_TYPES = CHECKOUT_EVENTS | PAYMENT_EVENTS | CHARGE_EVENTS | REFUND_EVENTS | DISPUTE_EVENTS
