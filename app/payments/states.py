"""The statuses of checkouts, events, and refunds at Stripe. Pure."""

from enum import StrEnum


class AttemptStatus(StrEnum):
    """What became of one attempt to pay."""

    # Written before Stripe is asked, so that a crash in between leaves a trace to go on from.
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
    # Promised by a bank debit, which settles or fails days later.
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


class ReturnOutcome(StrEnum):
    """What a buyer who comes back from the payment page is told."""

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


# From so many failures on, staff see an event as stuck, though it is still tried.
STUCK_AFTER = 3

# What we ask Stripe to tell us, and act upon. Stripe lists at most twenty types at once.
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
