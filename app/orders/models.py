"""Tables of carts, orders and what hangs on an order."""

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.customers import CustomerClass
from app.billing.models import PurchaseOrder
from app.billing.states import TaxSource, TaxState
from app.core.db import Base, Timestamped
from app.core.money import Money
from app.institutions.models import Institution
from app.licenses.models import License
from app.orders.agreed_lines import AgreedLine
from app.orders.states import (
    CLOSED_DISPUTES,
    OFFLINE_METHODS,
    DisputeStatus,
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


class Cart(Timestamped, Base):
    """A visitor's offers for one buyer. Only the hash of its token is stored."""

    __tablename__ = "carts"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    customer_class: Mapped[CustomerClass]
    size: Mapped[int | None]
    country: Mapped[str] = mapped_column(String(2))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    lines: Mapped[list["CartLine"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="CartLine.id"
    )


class CartLine(Timestamped, Base):
    """One offer in a cart, and the price at which the buyer last saw it."""

    __tablename__ = "cart_lines"
    __table_args__ = (
        UniqueConstraint("cart_id", "sku"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"), index=True)
    sku: Mapped[str] = mapped_column(String(120))
    quantity: Mapped[int]
    seen_amount: Mapped[int | None] = mapped_column(doc="Line total shown last, minor units")
    seen_title: Mapped[str] = mapped_column(String(500), default="")


class Order(Timestamped, Base):
    """An institution's order. Its prices are snapshots, which later changes leave."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(
            "total_amount = subtotal_amount + charges_amount + shipping_amount + tax_amount",
            name="sums_exact",
        ),
        CheckConstraint(
            "subtotal_amount >= 0 AND charges_amount >= 0 AND shipping_amount >= 0 "
            "AND tax_amount >= 0",
            name="not_negative",
        ),
        CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= paid_amount", name="refunds_bounded"
        ),
        Index("ix_orders_state_created_at", "state", "created_at"),
        Index("ix_orders_institution_key_po_key", "institution_key", "po_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True, doc="Says nothing of volume")
    access_token: Mapped[str] = mapped_column(String(64), doc="Opens the buyer's page")

    state: Mapped[OrderState] = mapped_column(default=OrderState.SUBMITTED)
    payment_state: Mapped[PaymentState] = mapped_column(default=PaymentState.UNPAID, index=True)
    fulfillment_state: Mapped[FulfillmentState] = mapped_column(
        default=FulfillmentState.NONE, index=True
    )

    currency: Mapped[str] = mapped_column(String(3))
    subtotal_amount: Mapped[int] = mapped_column(doc="Sum of the lines, minor units")
    charges_amount: Mapped[int] = mapped_column(default=0, doc="Sum of the charges")
    shipping_amount: Mapped[int]
    tax_amount: Mapped[int] = mapped_column(default=0)
    total_amount: Mapped[int]
    paid_amount: Mapped[int] = mapped_column(default=0, doc="Sum of the payments")
    refunded_amount: Mapped[int] = mapped_column(default=0, doc="Sum of the refunds that succeeded")
    charges_refunded_amount: Mapped[int] = mapped_column(default=0)
    shipping_refunded_amount: Mapped[int] = mapped_column(default=0)

    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    institution: Mapped[str] = mapped_column(String(200))
    institution_key: Mapped[str] = mapped_column(String(200), doc="Normalized, to find duplicates")
    confirmed_at: Mapped[datetime | None] = mapped_column(
        doc="When it was known that the institution or the owner of the address placed it"
    )
    confirmed_by: Mapped[str] = mapped_column(String(200), default="")
    confirmation_token: Mapped[str] = mapped_column(
        String(64), doc="Only in emails to the buyer's address, so that who has it reads them"
    )
    customer_class: Mapped[CustomerClass]
    size: Mapped[int | None]
    size_source: Mapped[str] = mapped_column(String(40), default="stated by the buyer")
    class_verified: Mapped[bool] = mapped_column(
        default=False, doc="Whether class and size were verified when it was confirmed"
    )
    country: Mapped[str] = mapped_column(String(2), doc="Of the licensee: the billing address's")
    contact_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), index=True)
    phone: Mapped[str] = mapped_column(String(40), default="")
    billing: Mapped[dict[str, Any]] = mapped_column(JSON)
    shipping: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    po_number: Mapped[str | None] = mapped_column(String(60))
    po_key: Mapped[str | None] = mapped_column(String(60), doc="Normalized, to find duplicates")
    purchase_order_id: Mapped[int | None] = mapped_column(
        ForeignKey("purchase_orders.id", ondelete="RESTRICT"), index=True
    )
    quote_number: Mapped[str | None] = mapped_column(
        String(20), index=True, doc="The quote that was accepted"
    )
    ap_name: Mapped[str] = mapped_column(String(200), default="", doc="Accounts payable's contact")
    ap_email: Mapped[str] = mapped_column(
        String(254), default="", doc="Empty: invoices go to email"
    )
    charges: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list, doc='[{"description": "Captioning", "amount": 5000}]: no license'
    )
    tax_state: Mapped[TaxState] = mapped_column(default=TaxState.NONE)
    tax_lines: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list, doc="How the tax was computed, line by line"
    )
    tax_source: Mapped[TaxSource] = mapped_column(default=TaxSource.NONE, doc="What decides it")
    tax_note: Mapped[str] = mapped_column(
        String(500), default="", doc="What is said of the tax where it is shown"
    )
    note: Mapped[str] = mapped_column(Text, default="", doc="What the buyer wrote to us")
    accepted_texts: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, doc="code, version, title, sha256, accepted_at of each license text"
    )
    seller: Mapped[dict[str, Any]] = mapped_column(
        JSON, doc="On that day: name, address, email, staff_email, base_url (for links in emails)"
    )
    on_terms: Mapped[bool] = mapped_column(default=False, doc="Accepted before it was paid")
    due_on: Mapped[date | None] = mapped_column(doc="Due date for orders on terms")
    credit_release: Mapped[str] = mapped_column(
        String(500), default="", doc="Why staff accept it on terms despite a credit hold"
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When the unpaid order expires"
    )
    repriced_at: Mapped[datetime | None] = mapped_column(
        doc="When its total last changed: payment pages that are older are closed"
    )

    # Loaded when accessed, because a change of an order needs few of them.
    lines: Mapped[list["OrderLine"]] = relationship(
        cascade="all, delete-orphan", order_by="OrderLine.number"
    )
    customer: Mapped[Institution | None] = relationship()
    purchase_order: Mapped[PurchaseOrder | None] = relationship()
    payments: Mapped[list["Payment"]] = relationship(order_by="Payment.id")
    refunds: Mapped[list["Refund"]] = relationship(order_by="Refund.id")
    shipments: Mapped[list["Shipment"]] = relationship(order_by="Shipment.id")
    disputes: Mapped[list["Dispute"]] = relationship(
        order_by="Dispute.created_at", back_populates="order"
    )
    notes: Mapped[list["OrderNote"]] = relationship(order_by="OrderNote.id")
    issues: Mapped[list["OrderIssue"]] = relationship(order_by="OrderIssue.id")

    @property
    def is_unconfirmed(self) -> bool:
        """Return whether it is attached to an institution by its address alone."""
        return self.institution_id is not None and self.confirmed_at is None

    @property
    def own_institution_id(self) -> int | None:
        """Return the institution whose terms and exemptions it gets: none while unconfirmed."""
        return self.institution_id if self.confirmed_at is not None else None

    @property
    def has_open_dispute(self) -> bool:
        """Return whether a bank has yet to decide about a payment of this order."""
        return any(dispute.is_open for dispute in self.disputes)

    @property
    def has_lost_dispute(self) -> bool:
        """Return whether a bank took a payment of this order back."""
        return any(dispute.is_lost for dispute in self.disputes)

    @property
    def total(self) -> Money:
        """What the buyer owes for the whole order."""
        return Money(self.total_amount, self.currency)

    @property
    def subtotal(self) -> Money:
        """The sum of the lines."""
        return Money(self.subtotal_amount, self.currency)

    @property
    def priced_charges(self) -> list[tuple[str, Money]]:
        """The free-text lines and what each costs."""
        return [
            (str(charge["description"]), Money(charge["amount"], self.currency))
            for charge in self.charges
        ]

    @property
    def shipping_price(self) -> Money:
        """What shipping costs."""
        return Money(self.shipping_amount, self.currency)

    @property
    def tax(self) -> Money:
        """The tax; zero while it is unresolved."""
        return Money(self.tax_amount, self.currency)

    @property
    def waits_for_tax(self) -> bool:
        """Whether a person must enter the tax before the buyer can pay."""
        return self.tax_state is TaxState.UNRESOLVED and self.tax_source is not TaxSource.STRIPE

    @property
    def waits_for_stripe_tax(self) -> bool:
        """Whether the payment page computes the tax."""
        return self.tax_state is TaxState.UNRESOLVED and self.tax_source is TaxSource.STRIPE

    @property
    def paid(self) -> Money:
        """What has been paid, refunded or not."""
        return Money(self.paid_amount, self.currency)

    @property
    def refunded(self) -> Money:
        """Return what was refunded to the buyer."""
        return Money(self.refunded_amount, self.currency)

    @property
    def balance(self) -> Money:
        """The amount due; zero when paid, or paid and refunded."""
        return Money(max(self.total_amount - self.paid_amount, 0), self.currency)

    @property
    def ships(self) -> bool:
        """Whether any line is a thing that goes into a parcel."""
        return any(line.ships for line in self.lines)

    @property
    def attention(self) -> list[str]:
        """Return the details of the open issues."""
        return [issue.detail for issue in self.issues if issue.cleared_at is None]


class OrderLine(AgreedLine, Base):
    """One offer of an order, as it was on that day."""

    __tablename__ = "order_lines"
    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("total_amount = unit_amount * quantity", name="sums_exact"),
        CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= total_amount + tax_amount",
            name="refunds_bounded",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    tax_amount: Mapped[int] = mapped_column(default=0)
    refunded_amount: Mapped[int] = mapped_column(default=0)
    license_id: Mapped[int | None] = mapped_column(
        ForeignKey("licenses.id", ondelete="RESTRICT"), unique=True
    )
    license: Mapped[License | None] = relationship(lazy="selectin")

    @property
    def gross_amount(self) -> int:
        """What all of them cost with tax, in minor units."""
        return self.total_amount + self.tax_amount

    @property
    def refunded(self) -> Money:
        """Return what was refunded of it, with its tax."""
        return Money(self.refunded_amount, self.currency)


class Payment(Timestamped, Base):
    """Money that reached us. Its reference makes it one, however often we hear of it."""

    __tablename__ = "payments"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    method: Mapped[PaymentMethod]
    reference: Mapped[str] = mapped_column(
        String(255), unique=True, doc="PaymentIntent id, or `check 1234` and the like"
    )
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    received_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(200))
    receipt_url: Mapped[str | None] = mapped_column(
        Text, doc="Stripe's hosted receipt; None for what came another way"
    )

    @property
    def money(self) -> Money:
        """What was paid."""
        return Money(self.amount, self.currency)


class Refund(Timestamped, Base):
    """Money on its way back, and from which lines it is taken."""

    __tablename__ = "refunds"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    payment_id: Mapped[int] = mapped_column(
        ForeignKey("payments.id", ondelete="RESTRICT"), index=True
    )
    origin: Mapped[RefundOrigin] = mapped_column(default=RefundOrigin.STAFF)
    status: Mapped[RefundStatus] = mapped_column(default=RefundStatus.REQUESTED, index=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str | None] = mapped_column(
        String(255), unique=True, doc="Stripe's id of the refund or the dispute, once known"
    )
    reason: Mapped[str] = mapped_column(String(500))
    license_effect: Mapped[LicenseEffect]
    allocations: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, doc='[{"line": 1, "amount": 100}, {"line": "shipping", ...}]; empty: not allocated'
    )
    requested_by: Mapped[str] = mapped_column(String(200))
    settled_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(500), default="", doc="Why it failed or is delayed")
    payment: Mapped[Payment] = relationship(lazy="selectin")

    @property
    def money(self) -> Money:
        """What goes back."""
        return Money(self.amount, self.currency)


class Dispute(Timestamped, Base):
    """A chargeback or an inquiry of a buyer's bank. Staff answer it at Stripe before ``due_by``."""

    __tablename__ = "disputes"

    id: Mapped[str] = mapped_column(String(255), primary_key=True, doc="Stripe's `du_…` or `dp_…`")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    payment_reference: Mapped[str] = mapped_column(
        String(255), index=True, doc="The PaymentIntent in dispute: `payments.reference`"
    )
    amount: Mapped[int] = mapped_column(doc="Minor units of `currency`")
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(100), doc="Stripe's word: `product_not_received`…")
    status: Mapped[DisputeStatus]
    due_by: Mapped[datetime | None] = mapped_column(default=None)
    order: Mapped[Order] = relationship(lazy="raise", back_populates="disputes")

    @property
    def is_open(self) -> bool:
        """Return whether it is not decided yet."""
        return self.status not in CLOSED_DISPUTES

    @property
    def is_lost(self) -> bool:
        """Return whether the bank took the money back."""
        return self.status is DisputeStatus.LOST

    @property
    def outcome(self) -> Literal["open", "won", "lost"]:
        """What it means for the order. One that was closed or prevented counts as won."""
        if self.is_open:
            return "open"
        return "lost" if self.is_lost else "won"

    @property
    def total(self) -> Money:
        """The amount in dispute."""
        return Money(self.amount, self.currency)


class Shipment(Timestamped, Base):
    """One parcel, or one delivery of files and streams."""

    __tablename__ = "shipments"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    kind: Mapped[ShipmentKind] = mapped_column(default=ShipmentKind.PARCEL)
    state: Mapped[ShipmentState] = mapped_column(default=ShipmentState.PENDING, index=True)
    carrier: Mapped[str] = mapped_column(String(40), default="")
    tracking: Mapped[str] = mapped_column(String(80), default="")
    replaces_id: Mapped[int | None] = mapped_column(
        ForeignKey("shipments.id", ondelete="SET NULL"),
        doc="The parcel whose discs were lost or damaged; this one is free of charge",
    )
    packed_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    deliver_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When a worker looks next whether its files are there; null for a parcel"
    )
    lines: Mapped[list[dict[str, int]]] = mapped_column(
        JSON, doc='[{"line": 1, "quantity": 2}]: line numbers of the order, and how many of each'
    )


class OrderNote(Timestamped, Base):
    """A note of staff about an order. Never shown to the buyer."""

    __tablename__ = "order_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)


class OrderIssue(Timestamped, Base):
    """One reason for staff to check an order, until it is resolved."""

    __tablename__ = "order_issues"
    __table_args__ = (UniqueConstraint("order_id", "code", "about"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    code: Mapped[IssueCode]
    about: Mapped[str] = mapped_column(String(255), default="", doc="What makes it this one")
    detail: Mapped[str] = mapped_column(String(500))
    cleared_at: Mapped[datetime | None] = mapped_column(index=True)
    cleared_by: Mapped[str] = mapped_column(String(200), default="")


def printed_number(payment: Payment) -> str | None:
    """Return the number printed on a check or transfer; None for what came through Stripe."""
    if payment.method not in OFFLINE_METHODS:
        return None
    return payment.reference.removeprefix(f"{payment.method} ").rpartition(" of ")[0]
