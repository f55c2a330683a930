"""An order's states as labels and shapes, and the notice about its payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.billing.states import PurchaseOrderState
from app.core import clock
from app.core.errors import AppError
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.orders.models import Order
from app.orders.next_steps import awaits_first_payment, other_ways
from app.orders.states import FulfillmentState, OrderState, PaymentState
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus, ReturnOutcome

# The label and the shape of each state; the style sheet draws the shapes.
ORDER_STATE_LABELS = {
    OrderState.SUBMITTED: ("Received", "waiting"),
    OrderState.ACCEPTED: ("Accepted", "moving"),
    OrderState.COMPLETED: ("Completed", "done"),
    OrderState.CANCELED: ("Canceled", "stopped"),
    OrderState.EXPIRED: ("Expired", "stopped"),
}
PAYMENT_LABELS = {
    PaymentState.UNPAID: ("Unpaid", "waiting"),
    PaymentState.PENDING: ("Processing", "moving"),
    PaymentState.PARTIALLY_PAID: ("Partially paid", "moving"),
    PaymentState.PAID: ("Paid", "done"),
    PaymentState.PARTIALLY_REFUNDED: ("Partially refunded", "done"),
    PaymentState.REFUNDED: ("Refunded", "done"),
    PaymentState.DISPUTED: ("Disputed", "stopped"),
    PaymentState.WRITTEN_OFF: ("Payment overdue", "stopped"),
}
# The most serious first.
INACTIVE_LABELS = {
    LicenseStatus.REVOKED: "Revoked",
    LicenseStatus.SUSPENDED: "On hold",
    LicenseStatus.EXPIRED: "Expired",
}
PURCHASE_ORDER_LABELS = {
    PurchaseOrderState.RECEIVED: ("In review", "waiting"),
    PurchaseOrderState.COUNTERED: ("Correction needed", "stopped"),
    PurchaseOrderState.ACCEPTED: ("Accepted", "done"),
    PurchaseOrderState.REJECTED: ("Not accepted", "stopped"),
    PurchaseOrderState.CLOSED: ("Not used", "stopped"),
}
DELIVERY_LABELS = {
    FulfillmentState.NONE: ("Pending", "waiting"),
    FulfillmentState.PARTIAL: ("Partially sent", "moving"),
    FulfillmentState.FULFILLED: ("Sent", "done"),
}


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """The status of an order, its payment, its licenses, or its delivery."""

    title: str
    word: str
    shape: str


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """The payment notice at the top of the page. ``kind`` is done, alarm, or plain."""

    kind: str
    title: str
    text: str


UNAVAILABLE = "unavailable"
CLOSED = frozenset({OrderState.CANCELED, OrderState.EXPIRED})
# How long a page mentions a recent event.
THANKS_TIME = timedelta(minutes=15)
DEBIT_PENDING = PaymentNotice(
    "plain",
    "Your bank debit is processing",
    "This can take up to five business days. The license is granted when payment is received, "
    "and we'll email you. If the debit fails, you can pay another way here.",
)
CHECKING = PaymentNotice(
    "plain",
    "We're checking your payment",
    "Our payment provider is not responding. Don't pay again. Reload this page in a minute, or "
    "wait for our email.",
)
LAST_ATTEMPT = {
    AttemptStatus.OPEN: PaymentNotice(
        "plain",
        "You have not been charged",
        "Your payment page is still open. Continue to payment when you are ready.",
    ),
    AttemptStatus.FAILED: PaymentNotice(
        "alarm",
        "Payment failed",
        "You have not been charged, and no license was granted. Your order is saved. Try again "
        "with the same or another payment method.",
    ),
    AttemptStatus.EXPIRED: PaymentNotice(
        "plain",
        "You have not been charged",
        "The payment page has expired. Your order is saved. Continue to payment when you are "
        "ready.",
    ),
}


def order_statuses(order: Order) -> list[OrderStatus]:
    """Return the four statuses of the order."""
    delivery = DELIVERY_LABELS[order.fulfillment_state]
    if order.state in CLOSED and order.fulfillment_state is FulfillmentState.NONE:
        delivery = ("Not sent", "stopped")
    return [
        OrderStatus("Order", *ORDER_STATE_LABELS[order.state]),
        OrderStatus("Payment", *PAYMENT_LABELS[order.payment_state]),
        OrderStatus("License", *_license_status(order)),
        OrderStatus("Delivery", *delivery),
    ]


def _license_status(order: Order) -> tuple[str, str]:
    count = len(order.lines)
    granted = [line.license for line in order.lines if line.license is not None]
    for status, word in INACTIVE_LABELS.items():
        number = sum(status_today(license_) is status for license_ in granted)
        if number:
            lower = word[:1].lower() + word[1:]
            return (word if number == count else f"{number} of {count} {lower}", "stopped")
    if len(granted) == count:
        return ("Granted", "done")
    if granted:
        return (f"{len(granted)} of {count} granted", "moving")
    return ("Not granted", "stopped") if order.state in CLOSED else ("Pending", "waiting")


def payment_notice(
    order: Order,
    attempts: Sequence[CheckoutAttempt],
    *,
    payment: str,
    at: int | None = None,
    failure: AppError | None = None,
) -> PaymentNotice | None:
    """Return the notice about the last attempt to pay. The order's state takes precedence.

    ``payment`` and ``at`` are the outcome and its time in the address, which may be old or forged.
    ``failure`` is why there is no payment page now.
    """
    last = attempts[-1] if attempts else None
    if failure is not None:
        return _no_payment_page(failure.detail)
    if order.payment_state is PaymentState.PAID and payment == ReturnOutcome.PAID:
        return _thanks(order)
    if order.payment_state is PaymentState.PENDING:
        return DEBIT_PENDING
    if order.payment_state is not PaymentState.UNPAID or order.state in CLOSED:
        return None
    if payment == ReturnOutcome.UNKNOWN and _is_recent(at):
        return CHECKING
    return _of_last_attempt(order, last, payment=payment) if last is not None else None


def _of_last_attempt(order: Order, last: CheckoutAttempt, *, payment: str) -> PaymentNotice | None:
    if last.was_refused:
        return _no_payment_page(
            f"Our payment provider can't accept this payment. {other_ways(order)}"
        )
    if last.session_id is None and payment == UNAVAILABLE:
        return _no_payment_page("Try again in a minute.")
    if order.po_number and awaits_first_payment(order) and last.status is not AttemptStatus.FAILED:
        return None  # the page starts with the review of the purchase order
    return LAST_ATTEMPT.get(last.status)


def is_just_placed(order: Order) -> bool:
    """Return whether the order is recent enough for a thank-you."""
    return clock.now() - order.created_at < THANKS_TIME


def _thanks(order: Order) -> PaymentNotice | None:
    """Return the thank-you for a payment, unless the payment is old."""
    if all(clock.now() - payment.created_at > THANKS_TIME for payment in order.payments):
        return None
    return PaymentNotice(
        "done",
        "Payment received. Thank you",
        f"We're sending a confirmation to {order.email}.",
    )


def _no_payment_page(text: str) -> PaymentNotice:
    if "you have not been charged" not in text:
        text = f"You have not been charged. {text}"
    return PaymentNotice("alarm", "We couldn't open the payment page", text)


def _is_recent(at: int | None) -> bool:
    return at is not None and 0 <= clock.now().timestamp() - at < THANKS_TIME.total_seconds()
