"""API schemas of orders and of staff actions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.addresses import Address
from app.accounts.customers import CustomerClass
from app.billing.invoice_schemas import InvoiceOut
from app.core.fields import Day, Flag, Whole
from app.core.money import MoneyOut
from app.licenses.schemas import RightsSentenceOut
from app.licenses.states import LicenseStatus
from app.offers.schemas import PriceLineOut
from app.orders.allocations import AllocationOut
from app.orders.deliveries import DeliveryOut
from app.orders.drafts import Line, OptionalLine, Text
from app.orders.purchase_order_schemas import OrderPurchaseOrderOut
from app.orders.staff_drafts import TextsAcceptedBy
from app.orders.states import (
    FulfillmentState,
    IssueCode,
    LicenseEffect,
    OrderState,
    PaymentMethod,
    PaymentState,
    RefundOrigin,
    RefundStatus,
    ShipmentKind,
    ShipmentState,
)
from app.orders.tax_schemas import OrderTaxOut


class OrderFilmOut(BaseModel):
    """The film of a line, as it was ordered."""

    slug: str
    title: str


class OrderLicenseOut(BaseModel):
    """The license that a line led to."""

    number: str = Field(examples=["RL-7K3QF9TD"])
    status: LicenseStatus
    starts_on: date
    ends_on: date | None = Field(description="Last day of the term; null when there is no end date")
    certificate_url: str = Field(description="The PDF; the link includes its access token")
    certificate_json_url: str
    verification_url: str


class OrderLineOut(BaseModel):
    """One line, as it was ordered."""

    number: int
    sku: str
    title: str
    film: OrderFilmOut
    delivery: Literal["dvd", "bluray", "file", "stream"]
    ships: bool
    term: str = Field(examples=["3 years"])
    starts_on: date | None = Field(
        description="First day of the license that was agreed; null: the day of the grant"
    )
    rights_text: list[RightsSentenceOut] = Field(description="The rights as sentences, as agreed")
    price_explanation: list[PriceLineOut]
    quantity: int
    unit: MoneyOut
    list_unit: MoneyOut | None = Field(
        description="The list price of one copy, if another price was agreed"
    )
    total: MoneyOut
    refunded: MoneyOut
    license: OrderLicenseOut | None = Field(description="Null until granted")


class ChargeOut(BaseModel):
    """A free-text line that grants no license."""

    description: str = Field(examples=["Captioning"])
    amount: MoneyOut


class OrderTextOut(BaseModel):
    """A license text that the buyer accepted."""

    code: str
    version: str
    title: str
    sha256: str
    accepted_at: datetime
    accepted_by: Literal["buyer"] | TextsAcceptedBy = Field(
        default="buyer",
        description="`buyer`: in the store. Otherwise the document that staff recorded",
    )
    recorded_by: str = Field(default="", description="Who of the staff recorded it")


class OrderBuyerOut(BaseModel):
    """The institution and its contact person."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    institution: str
    customer_class: CustomerClass = Field(alias="class")
    size: int | None
    contact_name: str
    email: str
    phone: str


class ShipmentLineOut(BaseModel):
    """What of a line is in a shipment."""

    line: int
    quantity: int


class ShipmentOut(BaseModel):
    """A parcel, or a delivery of files and streams."""

    id: int
    kind: ShipmentKind
    state: ShipmentState
    is_on_hold: bool = Field(
        description=(
            "Whether delivery is on hold because the payment is disputed or the license is not "
            "active"
        )
    )
    replaces: int | None = Field(
        description="The shipment whose discs were lost or damaged; this one is free of charge"
    )
    carrier: str
    tracking: str
    tracking_url: str | None
    packed_at: datetime | None
    shipped_at: datetime | None
    lines: list[ShipmentLineOut]


class OrderRefundOut(BaseModel):
    """Money that went back, or is about to."""

    amount: MoneyOut
    status: RefundStatus
    requested_at: datetime


class OrderPaymentOut(BaseModel):
    """Money that reached us."""

    method: PaymentMethod
    amount: MoneyOut
    number: str | None = Field(
        description="The check or transfer number; null for Stripe payments",
        examples=["1001"],
    )
    received_at: datetime
    receipt_url: str | None = Field(
        description="Stripe's hosted receipt; null for a payment by check or transfer",
        examples=["https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8x"],
    )


class HistoryItemOut(BaseModel):
    """One step in the order's life."""

    at: datetime
    text: str


class DocumentOut(BaseModel):
    """A document."""

    label: str
    url: str


class OrderOut(BaseModel):
    """An order, as its buyer sees it."""

    number: str = Field(examples=["RR-7K3QF9TD"])
    url: str = Field(description="The buyer's order page; the link includes the access token")
    state: OrderState
    payment_state: PaymentState
    fulfillment_state: FulfillmentState
    placed_at: datetime
    expires_at: datetime | None = Field(description="When the unpaid order expires")
    due_on: date | None = Field(description="Due date for orders on terms")
    buyer: OrderBuyerOut
    billing_address: Address
    shipping_address: Address | None
    po_number: str | None
    quote_number: str | None = Field(
        description="The quote that was accepted", examples=["RQ-7K3QF9TD"]
    )
    purchase_order: OrderPurchaseOrderOut | None = Field(description="Null without a PO number")
    note: str
    lines: list[OrderLineOut]
    charges: list[ChargeOut] = Field(description="Free-text lines, such as captioning")
    subtotal: MoneyOut = Field(description="The sum of the lines, without charges")
    shipping: MoneyOut
    tax: OrderTaxOut
    invoices: list[InvoiceOut] = Field(description="Void ones too, oldest first")
    total: MoneyOut = Field(description="With tax, unless it is `unresolved`")
    paid: MoneyOut
    refunded: MoneyOut
    balance: MoneyOut = Field(description="The amount due")
    can_be_paid: bool = Field(description="Whether `checkout` works now")
    accepted_texts: list[OrderTextOut]
    shipments: list[ShipmentOut]
    deliveries: list[DeliveryOut] = Field(description="Files to download, and hosted streams")
    payments: Sequence[OrderPaymentOut]
    refunds: list[OrderRefundOut]
    documents: list[DocumentOut]
    next_steps: list[str] = Field(description="The next steps, as sentences")
    history: list[HistoryItemOut]


class PlacedOrderOut(OrderOut):
    """An order just placed, with the secret that opens it later."""

    token: str | None = Field(
        description=(
            "Send it as `X-Order-Token`. It is returned only here. Null when a request without an "
            "API key repeats its `Idempotency-Key`"
        )
    )


class HoldOut(BaseModel):
    """Why a shipment is on hold."""

    shipment: int
    reason: str


class OrderIssueOut(BaseModel):
    """Why the order needs attention."""

    id: int
    code: IssueCode
    detail: str
    raised_at: datetime
    cleared_at: datetime | None
    cleared_by: str


class PaymentOut(OrderPaymentOut):
    """A payment with all that staff know of it."""

    id: int
    reference: str
    recorded_by: str


class StaffRefundOut(OrderRefundOut):
    """A refund with all that staff know of it."""

    id: int
    origin: RefundOrigin
    reference: str | None
    payment_reference: str
    reason: str
    license_effect: LicenseEffect
    allocations: list[AllocationOut]
    requested_by: str
    settled_at: datetime | None
    failure: str = Field(description="Why it failed or is delayed")


class OrderNoteOut(BaseModel):
    """What staff wrote to each other."""

    author: str
    body: str
    written_at: datetime


class ThreadItemOut(BaseModel):
    """One audit row: who did what, when, through what, and why."""

    at: datetime
    actor: str
    via: str
    action: str
    about: str
    reason: str


class CustomerOut(BaseModel):
    """The record of an institution."""

    ref: str = Field(examples=["IN-7K3QF9TD"])
    name: str


class AgreedPriceOut(BaseModel):
    """A price that staff agreed with the buyer."""

    line: int
    list_unit: MoneyOut
    unit: MoneyOut
    reason: str
    agreed_by: str
    approved_by: str = Field(description="Who approved the discount; empty if not needed")


class StaffOrderOut(OrderOut):
    """An order with all that staff know of it."""

    customer: CustomerOut | None = Field(description="The institution that it is attached to")
    class_verified: bool = Field(
        description="Whether class and size were verified when the order was confirmed"
    )
    confirmed_at: datetime | None = Field(
        description="When it was known that the institution or the owner of the address placed it"
    )
    is_unconfirmed: bool = Field(
        description="Whether only a typed address attaches it to its `customer`"
    )
    agreed_prices: list[AgreedPriceOut]
    attention: list[OrderIssueOut] = Field(description="Open ones first")
    warnings: list[str] = Field(
        description="Changes since the order was placed, while it waits to be accepted"
    )
    holds: list[HoldOut] = Field(description="Shipments on hold, and why")
    payments: Sequence[PaymentOut]
    all_refunds: list[StaffRefundOut]
    refundable: dict[str, MoneyOut] = Field(
        description="The refundable amount of each part: line numbers, `charges`, `shipping`, "
        "`overpayment`"
    )
    notes: list[OrderNoteOut]
    thread: list[ThreadItemOut]


class OrderSummaryOut(BaseModel):
    """An order in a list."""

    number: str
    state: OrderState
    payment_state: PaymentState
    fulfillment_state: FulfillmentState
    placed_at: datetime
    institution: str
    email: str
    po_number: str | None
    titles: list[str]
    total: MoneyOut
    balance: MoneyOut
    attention: list[str] = Field(description="Why the order needs attention; empty if it does not")


class _Action(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AcceptIn(_Action):
    """Accept an order before it is paid."""

    po_number: OptionalLine | None = Field(
        default=None,
        description=(
            "Required if the order has none. An order accepted with another number is rejected"
        ),
        examples=["PO-2026-0417"],
    )
    terms_days: Whole | None = Field(
        default=None,
        ge=0,
        le=365,
        description="Days until payment is due; null for the default",
    )
    reason: Text = ""


class CancelIn(_Action):
    """Cancel the order. The buyer can read the reason."""

    reason: Line = Field(examples=["Ordered twice"])


class ReinstateIn(_Action):
    """Put the licenses that a lost dispute suspended back in force."""

    reason: Line = Field(examples=["They paid by check after all"])


class ShipLineIn(_Action):
    """What of a line is in the parcel."""

    line: Whole = Field(ge=1, le=1000)
    quantity: Whole = Field(ge=1, le=1000)


class ShipIn(_Action):
    """Say that a parcel has left."""

    carrier: OptionalLine = Field(
        default="",
        description=(
            "`usps`, `ups`, `fedex`, `dhl`, `canada_post`, `royal_mail`, or a carrier name; not "
            "needed for files and streams"
        ),
        examples=["usps"],
    )
    tracking: OptionalLine = Field(default="", examples=["9400111899560000000000"])
    shipment: Whole | None = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        description="The shipment; null for the next one",
    )
    lines: list[ShipLineIn] | None = Field(
        default=None, max_length=50, description="The quantities to send; null for all"
    )
    despite_hold: Flag = Field(default=False, description="Whether to send it despite a hold")


class CreditReleaseIn(_Action):
    """Let one order be accepted on terms despite a credit hold."""

    reason: Line = Field(max_length=500, examples=["The dean confirmed payment this week"])


class ConfirmIn(_Action):
    """Say that an order is its institution's own."""

    reason: Line = Field(max_length=500, examples=["They called from the library's number"])


class MoneyIn(_Action):
    """An amount that is more than nothing."""

    amount: Whole = Field(gt=0, le=10**12, description="Whole minor units: 39800 is $398.00")
    currency: str = Field(pattern=r"^[A-Z]{3}$", examples=["USD"])


class PaymentIn(_Action):
    """Record money that came outside the payment page."""

    amount: MoneyIn
    method: Literal["check", "bank_transfer", "other"] = "check"
    number: Line = Field(
        max_length=120,
        description="The check or transfer number. Recording it twice has no effect",
        examples=["1001"],
    )
    received_on: Day | None = Field(default=None, description="Null for today")


class VoidIn(_Action):
    """Void a payment that was recorded by mistake."""

    reason: Line = Field(examples=["Recorded for the wrong order"])


class TaxIn(_Action):
    """Enter the tax of an unpaid order."""

    amount: Whole = Field(
        ge=0,
        le=10**12,
        description="Whole minor units of the order's currency. 0: no tax is due",
        examples=[3532],
    )
    reason: Line = Field(examples=["The county's rate, by its web site"])


class TaxAgainIn(_Action):
    """Assess the tax of an unpaid order again."""

    reason: Line = Field(examples=["Their certificate was approved"])


class AttachIn(_Action):
    """The institution that an order belongs to."""

    institution: Line | None = Field(
        description="Its `ref`; null detaches the order", examples=["IN-7K3QF9TD"]
    )
    reason: OptionalLine = Field(
        default="", description="Required if the order is attached to another institution"
    )


class NoteIn(_Action):
    """A note to the rest of the staff."""

    body: Text = Field(min_length=1, examples=["Called the library: they wait for the disc."])
