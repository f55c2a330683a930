"""Receipts in the API."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Day, Whole
from app.core.money import MoneyOut
from app.orders.drafts import Line, OptionalLine
from app.orders.schemas import MoneyIn
from app.orders.states import PaymentMethod
from app.receivables.models import Receipt, ReceiptMatch, ReceiptRefund


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MatchIn(_Body):
    """What a part of a payment pays."""

    number: str = Field(
        min_length=1,
        max_length=40,
        description="Of an invoice or an order",
        examples=["RR-7K3QF9TD"],
    )
    amount: Whole | None = Field(
        default=None,
        gt=0,
        le=10**12,
        description="Minor units of the payment's currency; null for as much as is owed",
    )


class ReceiptIn(_Body):
    """A check or bank transfer that was received."""

    payer: Line = Field(max_length=200, examples=["State of New York"])
    method: Literal["check", "bank_transfer", "other"] = "check"
    number: Line = Field(
        max_length=120,
        description="The check or transfer number. Recording it twice has no effect",
        examples=["1001"],
    )
    amount: MoneyIn
    received_on: Day | None = Field(default=None, description="Null for today")
    deposit_reference: OptionalLine = Field(default="", max_length=120, examples=["DEP-2026-114"])
    institution: str | None = Field(
        default=None,
        max_length=20,
        description="The `ref` of the institution; null for that of what it pays",
    )
    matches: list[MatchIn] = Field(
        default_factory=list,
        max_length=100,
        description="What it pays. The rest stays as credit of the institution",
    )


class MatchesIn(_Body):
    """More of what a payment pays."""

    matches: list[MatchIn] = Field(min_length=1, max_length=100)


class ReceiptVoidIn(_Body):
    """Void a payment that was recorded by mistake, or undo one of its matches."""

    reason: Line = Field(max_length=500, examples=["Recorded for the wrong institution"])


class ReceiptRefundIn(_Body):
    """Record that what is left of a payment was sent back."""

    amount: MoneyIn
    refunded_on: Day | None = Field(default=None, description="Null for today")
    number: Line = Field(max_length=120, description="Of your check or transfer", examples=["4410"])
    reason: Line = Field(max_length=500, examples=["Paid twice"])


class MatchOut(BaseModel):
    """A part of a payment, and what it pays."""

    id: int
    order: str
    invoice: str | None
    amount: MoneyOut
    matched_at: datetime
    matched_by: str
    undone_at: datetime | None
    undo_reason: str

    @classmethod
    def of(cls, match: ReceiptMatch) -> Self:
        """Return the match in its API shape."""
        return cls(
            id=match.id,
            order=match.order.number,
            invoice=match.invoice_number,
            amount=MoneyOut(amount=match.amount, currency=match.receipt.currency),
            matched_at=match.created_at,
            matched_by=match.matched_by,
            undone_at=match.undone_at,
            undo_reason=match.undo_reason,
        )


class ReceiptRefundOut(BaseModel):
    """A part of a payment that was sent back."""

    amount: MoneyOut
    refunded_on: date
    number: str
    reason: str
    refunded_by: str

    @classmethod
    def of(cls, refund: ReceiptRefund, currency: str) -> Self:
        """Return the refund in its API shape."""
        return cls(
            amount=MoneyOut(amount=refund.amount, currency=currency),
            refunded_on=refund.refunded_on,
            number=refund.reference,
            reason=refund.reason,
            refunded_by=refund.refunded_by,
        )


class ReceiptOut(BaseModel):
    """A check or bank transfer. `amount` is the sum of matches, refunds, and `unmatched`."""

    number: str = Field(description="Of the store", examples=["RC-7K3QF9TD"])
    method: PaymentMethod
    reference: str = Field(description="The number printed on it")
    payer: str
    institution: str | None = Field(description="The `ref` of the institution, if it has a record")
    amount: MoneyOut
    unmatched: MoneyOut = Field(description="Credit of the institution; zero once void")
    received_on: date
    deposit_reference: str
    recorded_by: str
    recorded_at: datetime
    voided_at: datetime | None
    void_reason: str
    matches: list[MatchOut]
    refunds: list[ReceiptRefundOut]

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """Return the receipt in its API shape."""
        return cls(
            number=receipt.number,
            method=receipt.method,
            reference=receipt.reference,
            payer=receipt.payer,
            institution=receipt.institution.ref if receipt.institution else None,
            amount=MoneyOut.of(receipt.total),
            unmatched=MoneyOut.of(receipt.unmatched),
            received_on=receipt.received_on,
            deposit_reference=receipt.deposit,
            recorded_by=receipt.recorded_by,
            recorded_at=receipt.created_at,
            voided_at=receipt.voided_at,
            void_reason=receipt.void_reason,
            matches=[MatchOut.of(match) for match in receipt.matches],
            refunds=[ReceiptRefundOut.of(refund, receipt.currency) for refund in receipt.refunds],
        )
