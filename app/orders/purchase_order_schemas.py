"""API schemas of the purchase order of an order."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.billing.purchase_order_comparison import Difference
from app.billing.states import (
    PurchaseOrderDecision,
    PurchaseOrderKind,
    PurchaseOrderSource,
    PurchaseOrderState,
)
from app.core.fields import Flag, Whole
from app.core.money import MoneyOut
from app.orders.drafts import DraftPurchaseOrder, Line, Name, Text


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


class PurchaseOrderUseOut(BaseModel):
    """What one order uses of a purchase order."""

    order: str = Field(examples=["RR-7K3QF9TD"])
    amount: MoneyOut
    used_at: datetime
    released_at: datetime | None = Field(description="When the order gave it back")


class PurchaseOrderOut(BaseModel):
    """A purchase order with all that staff know of it."""

    id: int
    institution_key: str = Field(description="The institution's name, normalized")
    number: str
    kind: PurchaseOrderKind
    state: PurchaseOrderState
    source: PurchaseOrderSource
    issued_on: date | None
    expires_on: date | None
    limit: MoneyOut | None
    used: MoneyOut
    balance: MoneyOut | None = Field(description="What is left; null without a limit")
    ap_name: str
    ap_email: str
    received_at: datetime


class PurchaseOrderDetailOut(PurchaseOrderOut):
    """A purchase order and the orders that use it."""

    uses: list[PurchaseOrderUseOut]


class OrderPurchaseOrderReviewOut(BaseModel):
    """The purchase order of an order, as staff review it."""

    purchase_order: OrderPurchaseOrderOut
    record: PurchaseOrderOut
    reviews: list[PurchaseOrderReviewOut] = Field(description="Newest first")


class _Action(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StatedLineIn(_Action):
    """What the purchase order says of one line. What is left out is as ordered."""

    line: Whole | None = Field(
        default=None, ge=1, le=1000, description="The order's line; null for a line it doesn't have"
    )
    is_missing: Flag = Field(default=False, description="Whether the line is not on it")
    title: Name | None = None
    rights: Name | None = Field(default=None, description="Format, rights, and term, as printed")
    quantity: Whole | None = Field(default=None, ge=0, le=100_000)
    unit_amount: Whole | None = Field(default=None, ge=0, le=2**31 - 1, description="Minor units")
    total_amount: Whole | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="Minor units; null for quantity times unit price",
    )


class CompareIn(_Action):
    """What the purchase order says where it differs. An empty body says that it is as ordered."""

    lines: list[StatedLineIn] = Field(default_factory=list, max_length=100)
    total_amount: Whole | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="Its total in minor units; null: as its lines add up",
    )
    other_text: Text = Field(
        default="",
        max_length=1000,
        description="Text that asks for something else, such as other rights",
        examples=["Includes streaming rights"],
    )


class PurchaseOrderReasonIn(_Action):
    """Return the purchase order to the buyer, who reads the reason."""

    reason: Line = Field(max_length=500, examples=["The price of line 1 is that of last year"])


class PurchaseOrderUseIn(_Action):
    """Use a blanket purchase order with the order's number, in place of the order's own record."""

    id: Whole = Field(ge=1, le=2**31 - 1, description="The blanket purchase order's id")


class PurchaseOrderChangeIn(DraftPurchaseOrder):
    """What a purchase order says, as staff correct it."""

    number: Line = Field(max_length=60, examples=["PO-2026-0417"])
    reason: Text = Field(default="", max_length=500)


class CloseIn(_Action):
    """Close a purchase order: no further order can use it."""

    reason: Line = Field(max_length=500, examples=["The budget year is over"])
