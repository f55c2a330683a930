"""The states of orders, payments, refunds, disputes, and shipments, and their transitions.

The axes of an order are independent: it may be accepted and unpaid (on terms), or paid and not yet
shipped.
"""

from collections.abc import Mapping
from enum import StrEnum


class OrderState(StrEnum):
    """What we and the buyer have agreed."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class PaymentState(StrEnum):
    """Where the money is."""

    UNPAID = "unpaid"
    PENDING = "pending"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    WRITTEN_OFF = "written_off"


class FulfillmentState(StrEnum):
    """How much of the order has been delivered."""

    NONE = "none"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"


class ShipmentState(StrEnum):
    """How far one parcel has come."""

    PENDING = "pending"
    PACKED = "packed"
    SHIPPED = "shipped"
    CANCELED = "canceled"


class ShipmentKind(StrEnum):
    """Discs in a parcel, or access to files and streams by email."""

    PARCEL = "parcel"
    ELECTRONIC = "electronic"


class RefundStatus(StrEnum):
    """How far one refund has come. Stripe may say `failed` even after it said `succeeded`."""

    REQUESTED = "requested"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PaymentMethod(StrEnum):
    """How money reached us."""

    CARD = "card"
    BANK_DEBIT = "bank_debit"
    BANK_TRANSFER = "bank_transfer"
    CHECK = "check"
    OTHER = "other"


# Only these make sense for money that did not come through the payment page.
OFFLINE_METHODS = (PaymentMethod.CHECK, PaymentMethod.BANK_TRANSFER, PaymentMethod.OTHER)


class LicenseEffect(StrEnum):
    """The effect of a refund on the licenses of the refunded lines."""

    KEEP = "keep"
    REVOKE = "revoke"


class RefundOrigin(StrEnum):
    """The origin of a refund: our staff, Stripe's dashboard, or a lost dispute."""

    STAFF = "staff"
    EXTERNAL = "external"
    DISPUTE = "dispute"


class DisputeStatus(StrEnum):
    """Stripe's status of a dispute. A `warning` is an inquiry, which may become a chargeback."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"


class IssueCode(StrEnum):
    """Why staff should check an order. The values are stable."""

    AMOUNT_MISMATCH = "amount_mismatch"
    PAID_AFTER_CLOSE = "paid_after_close"
    PAID_TWICE = "paid_twice"
    LICENSE_NOT_GRANTED = "license_not_granted"
    DUPLICATE_PO = "duplicate_po"
    DISPUTE_OPEN = "dispute_open"
    DISPUTE_LOST = "dispute_lost"
    REFUND_FAILED = "refund_failed"
    EXTERNAL_REFUND = "external_refund"
    PO_REVIEW = "po_review"
    PO_LIMIT = "po_limit"
    PAYMENT_REFUSED = "payment_refused"
    TAX_UNRESOLVED = "tax_unresolved"


ORDER_TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.SUBMITTED: frozenset({OrderState.ACCEPTED, OrderState.CANCELED, OrderState.EXPIRED}),
    OrderState.ACCEPTED: frozenset({OrderState.COMPLETED, OrderState.CANCELED}),
    OrderState.COMPLETED: frozenset(),
    # A late payment reopens the order.
    OrderState.CANCELED: frozenset({OrderState.ACCEPTED}),
    OrderState.EXPIRED: frozenset({OrderState.ACCEPTED}),
}

_AFTER_PAYMENT = frozenset(
    {
        PaymentState.PAID,
        PaymentState.PARTIALLY_PAID,
        PaymentState.PARTIALLY_REFUNDED,
        PaymentState.REFUNDED,
        PaymentState.DISPUTED,
    }
)
# Staff gave up what is still owed. It forgives nothing: any later payment, refund, or dispute
# leads to the state that the sums mean, and undoing the write-off leads back.
_WRITTEN_OFF = frozenset({PaymentState.WRITTEN_OFF})

PAYMENT_TRANSITIONS: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.UNPAID: _AFTER_PAYMENT | _WRITTEN_OFF | {PaymentState.PENDING},
    PaymentState.PENDING: _AFTER_PAYMENT | {PaymentState.UNPAID},
    # Once money has been here, its state follows the sums: each may follow each, because a
    # refund can fail after it succeeded, a second payment can come, a dispute can be won.
    # Back to unpaid leads only a check that was recorded by mistake.
    PaymentState.PARTIALLY_PAID: _AFTER_PAYMENT
    | _WRITTEN_OFF
    | {PaymentState.PENDING, PaymentState.UNPAID},
    PaymentState.PAID: _AFTER_PAYMENT | {PaymentState.UNPAID},
    PaymentState.PARTIALLY_REFUNDED: _AFTER_PAYMENT,
    PaymentState.REFUNDED: _AFTER_PAYMENT,
    PaymentState.DISPUTED: _AFTER_PAYMENT,
    PaymentState.WRITTEN_OFF: _AFTER_PAYMENT | {PaymentState.PENDING, PaymentState.UNPAID},
}

FULFILLMENT_TRANSITIONS: Mapping[FulfillmentState, frozenset[FulfillmentState]] = {
    FulfillmentState.NONE: frozenset({FulfillmentState.PARTIAL, FulfillmentState.FULFILLED}),
    FulfillmentState.PARTIAL: frozenset({FulfillmentState.FULFILLED}),
    FulfillmentState.FULFILLED: frozenset(),
}

SHIPMENT_TRANSITIONS: Mapping[ShipmentState, frozenset[ShipmentState]] = {
    ShipmentState.PENDING: frozenset(
        {ShipmentState.PACKED, ShipmentState.SHIPPED, ShipmentState.CANCELED}
    ),
    ShipmentState.PACKED: frozenset({ShipmentState.SHIPPED, ShipmentState.CANCELED}),
    ShipmentState.SHIPPED: frozenset(),
    ShipmentState.CANCELED: frozenset(),
}

REFUND_TRANSITIONS: Mapping[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.REQUESTED: frozenset(
        {RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED}
    ),
    RefundStatus.PENDING: frozenset({RefundStatus.SUCCEEDED, RefundStatus.FAILED}),
    # A bank may send the money back days later: https://docs.stripe.com/refunds#failed-refunds
    RefundStatus.SUCCEEDED: frozenset({RefundStatus.FAILED}),
    RefundStatus.FAILED: frozenset(),
}

_DECIDED = frozenset({DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.PREVENTED})

# Each status leads forwards only: what Stripe said earlier may arrive later, and changes nothing
# then. A dispute that is closed stays closed.
DISPUTE_TRANSITIONS: Mapping[DisputeStatus, frozenset[DisputeStatus]] = {
    DisputeStatus.WARNING_NEEDS_RESPONSE: _DECIDED
    | {
        DisputeStatus.WARNING_UNDER_REVIEW,
        DisputeStatus.WARNING_CLOSED,
        DisputeStatus.NEEDS_RESPONSE,
        DisputeStatus.UNDER_REVIEW,
    },
    DisputeStatus.WARNING_UNDER_REVIEW: _DECIDED
    | {
        DisputeStatus.WARNING_CLOSED,
        DisputeStatus.NEEDS_RESPONSE,
        DisputeStatus.UNDER_REVIEW,
    },
    DisputeStatus.WARNING_CLOSED: frozenset(),
    DisputeStatus.NEEDS_RESPONSE: _DECIDED | {DisputeStatus.UNDER_REVIEW},
    DisputeStatus.UNDER_REVIEW: _DECIDED,
    DisputeStatus.WON: frozenset(),
    DisputeStatus.LOST: frozenset(),
    DisputeStatus.PREVENTED: frozenset(),
}

CLOSED_DISPUTES = _DECIDED | {DisputeStatus.WARNING_CLOSED}
# What a person still has to send.
OPEN_SHIPMENTS = frozenset({ShipmentState.PENDING, ShipmentState.PACKED})
# Refunds that have taken their part of an order's money, or are about to.
COUNTED_REFUNDS = frozenset({RefundStatus.REQUESTED, RefundStatus.PENDING, RefundStatus.SUCCEEDED})


def derive_payment_state(*, total: int, paid: int, refunded: int, disputed: bool) -> PaymentState:
    """Return the payment state that these sums (minor units) mean, once money has been here.

    ``refunded`` counts only refunds that succeeded. A free order (total 0) is paid.
    """
    if disputed:
        return PaymentState.DISPUTED
    if refunded and refunded >= paid:
        return PaymentState.REFUNDED
    if refunded:
        return PaymentState.PARTIALLY_REFUNDED
    if paid >= total:
        return PaymentState.PAID
    return PaymentState.PARTIALLY_PAID if paid else PaymentState.UNPAID
