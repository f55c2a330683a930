"""Requests to the payment provider, and the facts that it returns. Pure: no Stripe in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    key: str = ""
    """The part of the order that its tax belongs to, if Stripe computes the tax."""
    tax_kind: str = ""


@dataclass(frozen=True, slots=True)
class TaxCustomer:
    """Whose tax Stripe computes, and by which addresses. ``shipping`` counts if there is one."""

    name: str
    billing: dict[str, str]
    shipping: dict[str, str] | None


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
    tax_customer: TaxCustomer | None = None
    """If Stripe computes the tax."""


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """The part of a Stripe PaymentIntent that the store reads."""

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
    """The part of a Stripe Checkout Session that the store reads."""

    id: str
    url: str | None
    store_id: str | None
    order_number: str | None
    attempt: int | None
    total: Money
    status: CheckoutStatus
    expires_at: datetime
    payment: PaymentFacts | None
    adds_tax: bool = False
    """Whether Stripe computes the tax on it."""
    tax: Money | None = None
    """The tax that Stripe computed; None if it has not, or was not asked."""
    line_taxes: tuple[tuple[str, int], ...] = ()
    """The tax of each line by its key, once the page is complete."""

    def asks_for(self, owed: Money, *, adds_tax: bool) -> bool:
        """Return whether it asks for just what is owed, with tax added by Stripe if so wanted."""
        asked = self.total - self.tax if self.tax else self.total
        return self.adds_tax is adds_tax and asked == owed

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
    """The part of a Stripe Refund that the store reads."""

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
    """The part of a Stripe Dispute that the store reads."""

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
