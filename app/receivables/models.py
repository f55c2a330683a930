"""Tables of checks and transfers, and what they pay."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Timestamped
from app.core.money import Money
from app.institutions.models import Institution
from app.orders.models import Order
from app.orders.states import PaymentMethod


class Receipt(Timestamped, Base):
    """A check or a transfer that was received, recorded once. Its amount never changes."""

    __tablename__ = "receipts"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "matched_amount >= 0 AND refunded_amount >= 0 "
            "AND matched_amount + refunded_amount <= amount",
            name="never_spent_twice",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True, doc="Ours: RC-…")
    key: Mapped[str | None] = mapped_column(
        String(400), unique=True, doc="Method, number, and payer; null once void: recorded once"
    )
    method: Mapped[PaymentMethod]
    reference: Mapped[str] = mapped_column(String(120), doc="The number printed on it")
    payer: Mapped[str] = mapped_column(String(200))
    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    institution_key: Mapped[str] = mapped_column(String(200), index=True, doc="As on orders")
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(doc="Minor units")
    matched_amount: Mapped[int] = mapped_column(default=0, doc="Sum of the matches")
    refunded_amount: Mapped[int] = mapped_column(default=0, doc="Sum of the refunds by hand")
    received_on: Mapped[date] = mapped_column(index=True)
    deposit: Mapped[str] = mapped_column(String(120), default="", doc="Reference of the deposit")
    recorded_by: Mapped[str] = mapped_column(String(200))
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str] = mapped_column(String(200), default="")
    void_reason: Mapped[str] = mapped_column(String(500), default="")
    institution: Mapped[Institution | None] = relationship()
    matches: Mapped[list["ReceiptMatch"]] = relationship(order_by="ReceiptMatch.id")
    refunds: Mapped[list["ReceiptRefund"]] = relationship(order_by="ReceiptRefund.id")

    @property
    def total(self) -> Money:
        """What was received."""
        return Money(self.amount, self.currency)

    @property
    def unmatched(self) -> Money:
        """The credit of the institution: neither matched nor refunded; zero once void."""
        rest = self.amount - self.matched_amount - self.refunded_amount
        return Money(0 if self.voided_at else rest, self.currency)

    @property
    def active_matches(self) -> list["ReceiptMatch"]:
        """The matches that were not undone."""
        return [match for match in self.matches if match.undone_at is None]


class ReceiptMatch(Timestamped, Base):
    """The part of a receipt that pays one order and its invoice, until it is undone."""

    __tablename__ = "receipt_matches"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(
        ForeignKey("receipts.id", ondelete="RESTRICT"), index=True
    )
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    invoice_number: Mapped[str | None] = mapped_column(
        String(30), index=True, doc="The invoice that it was matched with"
    )
    amount: Mapped[int] = mapped_column(doc="Minor units of the receipt's currency")
    payment_reference: Mapped[str | None] = mapped_column(
        String(255), unique=True, doc="Of its payment on the order; null once undone"
    )
    matched_by: Mapped[str] = mapped_column(String(200))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(String(200), default="")
    undo_reason: Mapped[str] = mapped_column(String(500), default="")
    order: Mapped[Order] = relationship()
    receipt: Mapped[Receipt] = relationship(back_populates="matches")


class ReceiptRefund(Timestamped, Base):
    """Money of a receipt that staff sent back by hand, because it paid nothing."""

    __tablename__ = "receipt_refunds"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(
        ForeignKey("receipts.id", ondelete="RESTRICT"), index=True
    )
    amount: Mapped[int] = mapped_column(doc="Minor units of the receipt's currency")
    refunded_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(120), doc="Number of our check or transfer")
    reason: Mapped[str] = mapped_column(String(500))
    refunded_by: Mapped[str] = mapped_column(String(200))


class InvoiceReminderRow(Timestamped, Base):
    """A reminder of an invoice that was sent: each step once, ever."""

    __tablename__ = "invoice_reminders"
    __table_args__ = (UniqueConstraint("invoice_id", "step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id", ondelete="RESTRICT"))
    step: Mapped[int] = mapped_column(doc="Days after the due date; before it they are negative")
    sent_to: Mapped[str] = mapped_column(String(254))
