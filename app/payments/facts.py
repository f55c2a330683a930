"""What the store asks of a payment provider, and the facts it gets back. Pure: no Stripe in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.core.money import Money
from app.orders.states import DisputeStatus
from app.payments.states import (
    CheckoutStatus,
    PaymentProgress,
    RefundProgress,
)


@dataclass(frozen=True, slots=True)
class CheckoutLine:
    """One line of the hosted page. All lines of a request add up to the order's total."""

    name: str
    description: str
    unit: Money
    quantity: int


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """Everything that opening a hosted checkout page takes."""

    order_number: str
    attempt: int
    email: str | None
    lines: tuple[CheckoutLine, ...]
    success_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """The part of a Stripe PaymentIntent that we act upon."""

    reference: str
    store_id: str | None
    order_number: str | None
    attempt: int | None
    progress: PaymentProgress
    received: Money
    method: str
    failure: str
    paid_at: datetime
    refunded: Money
    receipt_url: str | None


@dataclass(frozen=True, slots=True)
class UnreadablePayment:
    """A PaymentIntent of this store whose money we cannot express, and why."""

    reference: str
    order_number: str | None
    progress: PaymentProgress
    why: str


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """The part of a Stripe Checkout Session that we act upon."""

    id: str
    url: str | None
    store_id: str | None
    order_number: str | None
    attempt: int | None
    total: Money
    status: CheckoutStatus
    expires_at: datetime
    payment: PaymentFacts | None

    @property
    def progress(self) -> PaymentProgress:
        """How far the money has come; a complete page may still wait for a bank debit."""
        return self.payment.progress if self.payment else PaymentProgress.UNPAID

    @property
    def is_paid(self) -> bool:
        """Whether the money has arrived."""
        return self.progress is PaymentProgress.PAID


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """The part of a Stripe Refund that we act upon."""

    reference: str
    payment_reference: str | None
    store_id: str | None
    refund_id: int | None
    amount: Money
    progress: RefundProgress
    failure: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """The part of a Stripe Dispute that we act upon."""

    reference: str
    payment_reference: str | None
    amount: Money
    reason: str
    status: DisputeStatus
    due_by: datetime | None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """A Stripe Event, checked to be of our mode."""

    id: str
    type: str
    api_version: str | None
    livemode: bool
    happened_at: datetime
    payload: Mapping[str, Any]


class Gateway(Protocol):
    """What the rest of ``payments`` needs from a payment provider.

    Every method may raise a ``GatewayError``, which says whether the request itself was refused,
    and none may be called inside a transaction.
    """

    def start_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutSession:
        """Open a hosted checkout page; the same key and request give the same page."""

    def fetch_checkout(self, session_id: str) -> CheckoutSession:
        """Read a checkout session, with its payment, as it is now."""

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close a checkout page that is still open, and return what became of it."""

    def fetch_payment(self, reference: str) -> PaymentFacts:
        """Read a PaymentIntent as it is now."""

    def list_payments(self, *, since: datetime) -> Iterator[PaymentFacts | UnreadablePayment]:
        """Read every PaymentIntent of this store made at or after ``since``, newest first.

        One that cannot be read does not end the list.
        """

    def refund(
        self, *, payment_reference: str, amount: Money, refund_id: int, order_number: str
    ) -> RefundFacts:
        """Give money back, once per ``refund_id``."""

    def fetch_refund(self, reference: str) -> RefundFacts:
        """Read a refund as it is now."""

    def list_refunds(self, payment_reference: str) -> list[RefundFacts]:
        """Read every refund of one payment."""

    def fetch_dispute(self, reference: str) -> DisputeFacts:
        """Read a dispute as it is now."""

    def list_events(self, *, since: datetime) -> Iterator[EventFacts]:
        """Read the events that we act upon since then, newest first; Stripe keeps 30 days."""

    def verify(self, body: bytes, signature: str) -> EventFacts:
        """Return the event in ``body``.

        Raises:
            ValueError: Stripe did not sign these bytes, or it did so over five minutes ago.
            EventUnreadableError: it signed something that is no event of the kind that we read.
            ModeMismatchError: the event is of the other mode.
        """
