"""An order's states in words and shapes, and what is to be said about its payment."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.licenses.states import LicenseStatus
from app.orders.models import Order
from app.orders.states import FulfillmentState, OrderState, PaymentState
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus, VisitOutcome

# state -> (word, shape); the shapes are drawn by the style sheet, never by color alone.
STATE_WORDS = {
    OrderState.SUBMITTED: ("Received", "waiting"),
    OrderState.ACCEPTED: ("Accepted", "moving"),
    OrderState.COMPLETED: ("Completed", "done"),
    OrderState.CANCELLED: ("Cancelled", "stopped"),
    OrderState.EXPIRED: ("Expired", "stopped"),
}
PAYMENT_WORDS = {
    PaymentState.UNPAID: ("Not paid yet", "waiting"),
    PaymentState.PENDING: ("On its way", "moving"),
    PaymentState.PARTIALLY_PAID: ("Paid in part", "moving"),
    PaymentState.PAID: ("Paid", "done"),
    PaymentState.PARTIALLY_REFUNDED: ("Refunded in part", "done"),
    PaymentState.REFUNDED: ("Refunded", "done"),
    PaymentState.DISPUTED: ("In dispute", "stopped"),
}
DELIVERY_WORDS = {
    FulfillmentState.NONE: ("Not sent yet", "waiting"),
    FulfillmentState.PARTIAL: ("Sent in part", "moving"),
    FulfillmentState.FULFILLED: ("Sent", "done"),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that moves by itself: the order, the money, the delivery, the license."""

    title: str
    word: str
    shape: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What stands on top of the page about the payment. ``kind`` is done, alarm or plain."""

    kind: str
    title: str
    text: str


def axes(order: Order) -> list[Axis]:
    """Return where the order stands, each axis by itself."""
    delivery = DELIVERY_WORDS[order.fulfillment_state]
    if order.state in CLOSED and order.fulfillment_state is FulfillmentState.NONE:
        delivery = ("Nothing sent", "stopped")
    return [
        Axis("Order", *STATE_WORDS[order.state]),
        Axis("Payment", *PAYMENT_WORDS[order.payment_state]),
        Axis("License", *_licenses(order)),
        Axis("Delivery", *delivery),
    ]


def _licenses(order: Order) -> tuple[str, str]:
    count = len(order.lines)
    granted = [line.license for line in order.lines if line.license is not None]
    revoked = sum(license_.status is LicenseStatus.REVOKED for license_ in granted)
    if revoked:
        return ("Revoked" if revoked == count else f"{revoked} of {count} revoked", "stopped")
    if len(granted) == count:
        return ("Granted", "done")
    if granted:
        return (f"{len(granted)} of {count} granted", "moving")
    return ("None granted", "stopped") if order.state in CLOSED else ("Not granted yet", "waiting")


def payment_notice(
    order: Order, attempts: Sequence[CheckoutAttempt], *, payment: str
) -> Notice | None:
    """Return what to say about the last try at paying. The order's own state has the last word.

    ``payment`` is the outcome that the address names, which anyone may have typed.
    """
    if payment == UNAVAILABLE:
        return NO_PAGE
    if order.payment_state is PaymentState.PAID and payment == VisitOutcome.PAID:
        return Notice(
            "done",
            "Thank you: your payment has arrived",
            f"A confirmation is on its way to {order.email}.",
        )
    if order.payment_state is PaymentState.PENDING:
        return DEBIT
    if order.payment_state is not PaymentState.UNPAID or order.state in CLOSED:
        return None
    if payment == VisitOutcome.UNKNOWN:
        return FINDING_OUT
    return LAST_TRY.get(attempts[-1].status) if attempts else None


UNAVAILABLE = "unavailable"
CLOSED = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})
NO_PAGE = Notice(
    "alarm",
    "The payment page could not be opened",
    "Your order is safe and nothing was charged. Please try again in a minute.",
)
DEBIT = Notice(
    "plain",
    "Your bank debit is on its way",
    "Banks take up to five business days. The license is granted when the money arrives, and we "
    "write to you then. If the debit fails, you can pay again here.",
)
FINDING_OUT = Notice(
    "plain",
    "We are finding out whether your payment arrived",
    "Our payment provider does not answer just now. Do not pay again: load this page again in a "
    "minute, or wait for our mail.",
)
LAST_TRY = {
    AttemptStatus.FAILED: Notice(
        "alarm",
        "The payment did not go through",
        "No license was granted. Nothing is lost: the order waits here, and you can pay again, "
        "with the same method or another.",
    ),
    AttemptStatus.EXPIRED: Notice(
        "plain",
        "The payment page has closed",
        "Payment pages close after a while, so that prices stay right. Your order is still here: "
        "start again when you are ready.",
    ),
}
