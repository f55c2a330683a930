"""The words for what can become of a checkout, an event and a dispute. Pure."""

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
    """What was done about an event."""

    ACTED = "acted"
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


class RefundProgress(StrEnum):
    """How far a refund has come."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    """Stripe's word for a dispute's state."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"


CLOSED_DISPUTES = frozenset(
    {DisputeStatus.WARNING_CLOSED, DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.PREVENTED}
)
