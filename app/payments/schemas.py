"""What the API of payments takes and gives."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from app.core.money import MoneyOut
from app.core.text import TextConstraints
from app.orders.allocations import Allocation, AllocationOut
from app.orders.drafts import Line
from app.orders.models import Refund
from app.orders.states import LicenseEffect, RefundStatus
from app.payments.models import StripeEvent
from app.payments.states import STUCK_AFTER, EventOutcome


class CheckoutOut(BaseModel):
    """Where the order can be paid."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://checkout.stripe.com/c/pay/cs_test_a1"}]}
    )

    url: str = Field(
        description=("A hosted payment page. It expires after a while; request a new one then")
    )


class ReceivedOut(BaseModel):
    """An event was taken in."""

    received: bool = Field(default=True, examples=[True])


class EventOut(BaseModel):
    """One event from Stripe, and its processing status."""

    id: str = Field(examples=["evt_1QvYkL2eZvKYlo2C"])
    type: str = Field(examples=["checkout.session.completed"])
    happened_at: datetime
    received_at: datetime
    handled_at: datetime | None
    outcome: EventOutcome | None
    note: str
    order_number: str | None
    attempts: int
    next_attempt_at: datetime | None = Field(description="Null when processed or no longer retried")
    last_error: str | None
    is_stuck: bool = Field(
        description=f"Not processed or dismissed after {STUCK_AFTER} or more attempts"
    )
    dismissed_at: datetime | None = Field(
        description="When staff dismissed the event; `note` has the reason"
    )

    @classmethod
    def of(cls, event: StripeEvent) -> Self:
        """Return ``event`` in its API shape, without what Stripe sent: that is about people."""
        return cls(
            id=event.id,
            type=event.type,
            happened_at=event.happened_at,
            received_at=event.received_at,
            handled_at=event.handled_at,
            outcome=event.outcome,
            note=event.note,
            order_number=event.order_number,
            attempts=event.attempts,
            next_attempt_at=event.next_attempt_at,
            last_error=event.last_error,
            is_stuck=event.is_stuck,
            dismissed_at=event.dismissed_at,
        )


class DismissIn(BaseModel):
    """The reason for dismissing an event."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"reason": "Paid by mistake; refunded in Stripe's dashboard"}]
        },
    )

    reason: Line


class RefundIn(BaseModel):
    """What to give back, and what that does to the licenses."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "allocations": [{"line": 1, "amount": 39800}],
                    "license_effect": "revoke",
                    "reason": "The disc arrived damaged and can't be replaced",
                }
            ]
        },
    )

    allocations: list[Allocation] | None = Field(
        default=None,
        max_length=200,
        description="The amount for each part; if left out, everything that is left",
    )
    license_effect: LicenseEffect = Field(
        description=("Whether to keep or revoke the licenses of these lines")
    )
    reason: Annotated[
        str,
        TextConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$"),
    ]


class RefundOut(BaseModel):
    """One refund, and how far it has come."""

    id: int
    order_number: str
    status: RefundStatus = Field(description="`requested` until the worker sends it to Stripe")
    amount: MoneyOut
    allocations: list[AllocationOut]
    license_effect: LicenseEffect
    reason: str
    requested_by: str
    reference: str | None = Field(description="Stripe's refund ID, once known")
    failure: str = Field(description="Why it failed or is delayed")

    @classmethod
    def of(cls, refund: Refund, *, order_number: str) -> Self:
        """Return ``refund`` in its API shape."""
        return cls(
            id=refund.id,
            order_number=order_number,
            status=refund.status,
            amount=MoneyOut.of(refund.money),
            allocations=[AllocationOut.model_validate(entry) for entry in refund.allocations],
            license_effect=refund.license_effect,
            reason=refund.reason,
            requested_by=refund.requested_by,
            reference=refund.reference,
            failure=refund.failure,
        )
