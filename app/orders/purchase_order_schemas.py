"""API schemas of the purchase order of an order."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from app.billing.purchase_order_comparison import Difference
from app.billing.states import PurchaseOrderDecision, PurchaseOrderKind, PurchaseOrderState
from app.core.money import MoneyOut


class PurchaseOrderFileOut(BaseModel):
    """A PDF of the purchase order."""

    name: str = Field(examples=["PO-2026-0417.pdf"])
    url: str = Field(description="The PDF; the link includes the order's access token")
    sha256: str
    size_bytes: int
    pages: int
    uploaded_at: datetime


class OrderPurchaseOrderOut(BaseModel):
    """The purchase order of an order, as its buyer sees it."""

    number: str = Field(examples=["PO-2026-0417"])
    state: PurchaseOrderState = Field(
        description="`countered`: send a corrected one. `closed`: the order is canceled or expired"
    )
    kind: PurchaseOrderKind
    issued_on: date | None
    expires_on: date | None = Field(description="The last day on which it can be used")
    limit: MoneyOut | None
    balance: MoneyOut | None = Field(
        description="What is left of a blanket purchase order, once this order is accepted on it"
    )
    ap_name: str
    ap_email: str
    reason: str = Field(description="Why a correction is needed, or why it was rejected")
    differences: list[Difference] = Field(description="Where it differs from the order")
    files: list[PurchaseOrderFileOut] = Field(description="Newest first")
    can_be_uploaded: bool = Field(description="Whether a PDF can be sent now")


class PurchaseOrderReviewOut(BaseModel):
    """What staff read on the purchase order, or decided."""

    decision: PurchaseOrderDecision
    reason: str
    differences: list[Difference]
    decided_by: str
    decided_at: datetime
