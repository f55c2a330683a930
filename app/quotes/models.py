"""Tables of quotes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.customers import CustomerClass
from app.billing.sellers import LegalSeller
from app.core import clock
from app.core.db import Base, Timestamped
from app.core.money import Money
from app.institutions.models import Institution
from app.offers.licensing import Buyer
from app.orders.agreed_lines import AgreedLine
from app.quotes.states import QuoteState


class Quote(Timestamped, Base):
    """A priced, dated promise. Its prices, rights, and texts never change; its state does."""

    __tablename__ = "quotes"
    __table_args__ = (
        CheckConstraint(
            "total_amount = subtotal_amount + charges_amount + shipping_amount", name="sums_exact"
        ),
        CheckConstraint(
            "subtotal_amount >= 0 AND charges_amount >= 0 AND shipping_amount >= 0",
            name="not_negative",
        ),
        Index("ix_quotes_state_expires_at", "state", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True, doc="Says nothing of volume")
    access_token: Mapped[str] = mapped_column(String(64), doc="Opens the quote's page")
    state: Mapped[QuoteState] = mapped_column(default=QuoteState.OPEN)
    revision: Mapped[int] = mapped_column(default=1, doc="1, and one more each time it is revised")
    supersedes_id: Mapped[int | None] = mapped_column(
        ForeignKey("quotes.id", ondelete="RESTRICT"), unique=True
    )

    valid_through: Mapped[date] = mapped_column(doc="Last day, where the buyer is")
    expires_at: Mapped[datetime] = mapped_column(doc="The end of that day")
    notified_day: Mapped[date | None] = mapped_column(
        doc="The last day that the buyer was reminded of"
    )

    currency: Mapped[str] = mapped_column(String(3))
    subtotal_amount: Mapped[int] = mapped_column(doc="Sum of the lines, minor units")
    charges_amount: Mapped[int] = mapped_column(default=0, doc="Sum of the charges")
    shipping_amount: Mapped[int]
    total_amount: Mapped[int] = mapped_column(doc="Before tax, which depends on the address")
    tax_note: Mapped[str] = mapped_column(String(200), doc="What is said of tax")
    adds_tax: Mapped[bool] = mapped_column(doc="Whether tax may be added at acceptance")
    charges: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    institution: Mapped[str] = mapped_column(String(200), default="", doc="Empty: asked later")
    customer_class: Mapped[CustomerClass]
    size: Mapped[int | None]
    is_confirmed: Mapped[bool] = mapped_column(
        default=False, doc="Whether the institution, the owner of the address, or staff made it"
    )
    class_verified: Mapped[bool] = mapped_column(default=False)
    country: Mapped[str] = mapped_column(String(2))
    contact_name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), index=True)
    phone: Mapped[str] = mapped_column(String(40), default="")
    po_number: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str] = mapped_column(Text, default="", doc="What the buyer wrote to us")
    seller: Mapped[dict[str, Any]] = mapped_column(
        JSON, doc="On that day: name, address, email, staff_email, base_url"
    )
    created_by: Mapped[str] = mapped_column(String(200))

    order_number: Mapped[str | None] = mapped_column(String(20), unique=True)
    accepted_by: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), doc="name, title, email of the approver; null: the buyer"
    )
    accepted_at: Mapped[datetime | None]
    close_reason: Mapped[str] = mapped_column(
        String(500), default="", doc="Why it was declined or withdrawn"
    )

    lines: Mapped[list["QuoteLine"]] = relationship(
        cascade="all, delete-orphan", order_by="QuoteLine.number", lazy="selectin"
    )
    customer: Mapped[Institution | None] = relationship()
    supersedes: Mapped["Quote | None"] = relationship(remote_side="Quote.id")

    @property
    def buyer(self) -> Buyer:
        """For whom it is priced."""
        return Buyer(self.customer_class, self.size, self.country)

    @property
    def legal_seller(self) -> LegalSeller:
        """Who makes it, and where to send money."""
        return LegalSeller.model_validate(self.seller["legal"])

    @property
    def subtotal(self) -> Money:
        """The sum of the lines."""
        return Money(self.subtotal_amount, self.currency)

    @property
    def shipping(self) -> Money:
        """What shipping costs."""
        return Money(self.shipping_amount, self.currency)

    @property
    def total(self) -> Money:
        """What all of it costs, before tax."""
        return Money(self.total_amount, self.currency)

    @property
    def total_label(self) -> str:
        """What the total is called."""
        return "Total before tax" if self.adds_tax else "Total"

    @property
    def priced_charges(self) -> list[tuple[str, Money]]:
        """The free-text lines and what each costs."""
        return [
            (str(charge["description"]), Money(charge["amount"], self.currency))
            for charge in self.charges
        ]

    @property
    def ships(self) -> bool:
        """Whether any line goes into a parcel."""
        return any(line.ships for line in self.lines)

    @property
    def current_state(self) -> QuoteState:
        """Its state now: an open quote is over at the end of its last day, before a job says so."""
        is_over = self.state is QuoteState.OPEN and self.expires_at <= clock.now()
        return QuoteState.EXPIRED if is_over else self.state

    @property
    def is_open(self) -> bool:
        """Whether it may be accepted now."""
        return self.current_state is QuoteState.OPEN


class QuoteLine(AgreedLine, Base):
    """One offer of a quote, at its price."""

    __tablename__ = "quote_lines"
    __table_args__ = (
        UniqueConstraint("quote_id", "number"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("total_amount = unit_amount * quantity", name="sums_exact"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    quote_id: Mapped[int] = mapped_column(ForeignKey("quotes.id", ondelete="CASCADE"), index=True)
