"""Emails about money: received, pending, failed, corrected, refunded."""

from datetime import date
from typing import ClassVar

from sqlalchemy.orm import Session

from app.billing.invoice_emails import credit_note_url, invoice_url
from app.billing.models import CreditNote, Invoice
from app.core.email_content import EmailContent, EmailLink, EmailRow, Facts
from app.core.email_outbox import drop_email
from app.core.money import Money
from app.offers.window_rules import format_day
from app.orders.allocations import PART_LABELS
from app.orders.charges import is_too_small
from app.orders.email_facts import (
    LINK_ADVICE,
    DocumentFacts,
    LicenseFacts,
    OrderEmail,
    OrderFacts,
    granted_licenses,
    queue_order_email,
)
from app.orders.holds import suspended_licenses
from app.orders.models import Order, Refund
from app.orders.next_steps import local_date, other_ways
from app.orders.order_emails import OrderReceived
from app.orders.states import LicenseEffect, PaymentMethod, PaymentState


class PaymentReceived(OrderEmail):
    """The order is paid: what is licensed now, and where the documents are."""

    kind: ClassVar[str] = "payment-received"
    subject_text: ClassVar[str] = "Payment received for order {number}"
    amount: Money
    paid: Money
    licenses: tuple[LicenseFacts, ...]
    invoice: DocumentFacts | None = None

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        sentences = [f"We received {order.format_money(self.amount)} for order {order.number}."]
        has_files = any(not line.ships for line in order.lines)
        if order.ships and has_files:
            sentences.append(
                "We will email you when your order ships and when the files are ready."
            )
        elif order.ships:
            sentences.append("We will email you when your order ships.")
        elif has_files:
            sentences.append("We will email you when the files are ready.")
        if self.licenses:
            is_one = len(self.licenses) == 1
            sentences.append(
                "Your license is granted. Keep the certificate with your records."
                if is_one
                else "Your licenses are granted. Keep the certificates with your records."
            )
        else:
            sentences.append("Your documents are on the order page.")
        return EmailContent(
            headline="Thank you for your payment",
            paragraphs=[" ".join(sentences)],
            action=order.action,
            rows=order.rows(),
            totals=[*order.totals(), ("Paid", order.format_money(self.paid))],
            facts=[license_.row for license_ in self.licenses],
            documents=[
                *(license_.certificate for license_ in self.licenses),
                *([self.invoice.link] if self.invoice else []),
            ],
            closing=[LINK_ADVICE],
            signature=order.seller.signature,
        )


class PaymentInPart(OrderEmail):
    """A part of the sum arrived, and the rest is still to be paid."""

    kind: ClassVar[str] = "payment-in-part"
    subject_text: ClassVar[str] = "Partial payment received for order {number}"
    amount: Money
    paid: Money
    balance: Money
    is_pending: bool
    other_ways: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        return EmailContent(
            headline="We received part of your payment",
            paragraphs=[
                (
                    f"We received {order.format_money(self.amount)} for order {order.number}. "
                    f"{order.format_money(self.balance)} of {order.format_money(order.total)} is "
                    "still due."
                ),
                self._next_step(),
            ],
            action=order.action,
            totals=[*order.totals(), ("Paid", order.format_money(self.paid))],
            signature=order.seller.signature,
        )

    def _next_step(self) -> str:
        if self.is_pending:
            return "A bank debit for the rest is under way. You do not need to do anything."
        if is_too_small(self.balance):
            return f"The rest is too small for a card payment. {self.other_ways}"
        return (
            "You can pay the rest by card or bank debit on the order page. If you think that you "
            f"paid the full amount, write to {self.order.seller.email}."
        )


class PaymentVoided(OrderEmail):
    """A payment was recorded by mistake."""

    kind: ClassVar[str] = "payment-voided"
    subject_text: ClassVar[str] = "Payment correction for order {number}"
    amount: Money
    balance: Money
    is_on_hold: bool

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        paragraphs = [
            (
                f"We recorded a payment of {order.format_money(self.amount)} for order "
                f"{order.number} by mistake and have removed it. No money was moved."
            )
        ]
        if self.balance.amount:
            paragraphs.append(f"{order.format_money(self.balance)} is still due.")
        if self.is_on_hold:
            paragraphs.append("Your license is on hold until payment is received.")
        return EmailContent(
            headline="A payment correction for your order",
            paragraphs=paragraphs,
            action=order.action,
            signature=order.seller.signature,
        )


class PaymentPending(OrderEmail):
    """The bank debit is under way."""

    kind: ClassVar[str] = "payment-pending"
    subject_text: ClassVar[str] = "Your bank debit for order {number} is processing"
    balance: Money

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        return EmailContent(
            headline="Your bank debit is processing",
            paragraphs=[
                (
                    f"We asked your bank for {order.format_money(self.balance)} for order "
                    f"{order.number}. This takes up to five business days."
                ),
                (
                    "You do not need to do anything. We will email you and grant your license when "
                    "the payment arrives."
                ),
            ],
            action=order.action,
            rows=order.rows(),
            totals=order.totals(),
            closing=[LINK_ADVICE],
            signature=order.seller.signature,
        )


class PaymentFailed(OrderEmail):
    """The bank debit failed, and there are other ways to pay."""

    kind: ClassVar[str] = "payment-failed"
    subject_text: ClassVar[str] = "Payment failed for order {number}"
    balance: Money
    reason: str
    held_until: date | None

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        why = f" Reason from the bank: {self.reason.rstrip('.')}." if self.reason else ""
        held = (
            f" We're holding the order through {format_day(self.held_until)}."
            if self.held_until
            else ""
        )
        return EmailContent(
            headline="Your payment failed",
            paragraphs=[
                (
                    f"Your bank did not complete the payment of "
                    f"{order.format_money(self.balance)} for order {order.number}.{why}"
                ),
                (
                    f"You were not charged.{held} You can try again or pay another way on the "
                    "order page."
                ),
            ],
            action=EmailLink("Continue to payment", order.url),
            signature=order.seller.signature,
        )


class RefundedItem(Facts):
    """What was refunded of a line."""

    title: str
    amount: Money


class OrderRefunded(OrderEmail):
    """Money went back, and what that means for the licenses."""

    kind: ClassVar[str] = "refunded"
    subject_text: ClassVar[str] = "Refund for order {number}"
    amount: Money
    items: tuple[RefundedItem, ...]
    ends_licenses: bool
    is_paid_by_hand: bool
    credit_note: DocumentFacts | None = None

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order, amount = self.order, self.order.format_money(self.amount)
        how = (
            "was refunded to your original payment method. Cards and banks show it within five to "
            "ten business days."
        )
        if self.is_paid_by_hand:
            how = "was refunded."
        return EmailContent(
            headline=f"We refunded {amount}",
            paragraphs=[f"{amount} of order {order.number} {how} {self._effect()}"],
            rows=[EmailRow(item.title, "", order.format_money(item.amount)) for item in self.items],
            totals=[("Refunded", amount)] if self.items else [],
            action=order.action,
            documents=[self.credit_note.link] if self.credit_note else [],
            signature=order.seller.signature,
        )

    def _effect(self) -> str:
        is_one = len(self.order.lines) == 1
        if self.ends_licenses:
            licenses = "The license" if is_one else "The licenses of the refunded items"
            return f"{licenses} ended with the refund."
        return "Your license is unchanged." if is_one else "Your licenses are unchanged."


PAYMENT_EMAILS = (
    PaymentReceived,
    PaymentInPart,
    PaymentVoided,
    PaymentPending,
    PaymentFailed,
    OrderRefunded,
)


def queue_payment_received(
    session: Session, order: Order, paid: Money, *, reference: str, invoice: Invoice | None = None
) -> None:
    """Tell the buyer that the order is paid, what is licensed now, and where the documents are.

    If the email about the order still waits, this one stands for both.
    """
    drop_email(session, OrderReceived, once=order.number)
    facts = PaymentReceived(
        order=OrderFacts.of(order),
        amount=paid,
        paid=order.paid,
        licenses=LicenseFacts.of(order, granted_licenses(order)),
        invoice=_document("Invoice", invoice.number, invoice_url(invoice, pdf=True))
        if invoice
        else None,
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{reference}")


def queue_payment_in_part(session: Session, order: Order, paid: Money, *, reference: str) -> None:
    """Tell the buyer that a part of the sum arrived, and what is still to be paid."""
    facts = PaymentInPart(
        order=OrderFacts.of(order),
        amount=paid,
        paid=order.paid,
        balance=order.balance,
        is_pending=order.payment_state is PaymentState.PENDING,
        other_ways=other_ways(order),
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{reference}")


def queue_payment_voided(session: Session, order: Order, money: Money, *, payment_id: int) -> None:
    """Tell the buyer that a payment was recorded by mistake."""
    facts = PaymentVoided(
        order=OrderFacts.of(order),
        amount=money,
        balance=order.balance,
        is_on_hold=bool(suspended_licenses(order)),
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{payment_id}")


def queue_payment_pending(session: Session, order: Order, *, reference: str) -> None:
    """Tell the buyer that the bank debit is under way."""
    drop_email(session, OrderReceived, once=order.number)
    facts = PaymentPending(order=OrderFacts.of(order), balance=order.balance)
    queue_order_email(session, order, facts, once=f"{order.number}:{reference}")


def queue_payment_failed(session: Session, order: Order, *, reason: str, reference: str) -> None:
    """Tell the buyer that the bank debit failed, and how to pay otherwise."""
    facts = PaymentFailed(
        order=OrderFacts.of(order),
        balance=order.balance,
        reason=reason,
        held_until=local_date(order, order.expires_at) if order.expires_at else None,
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{reference}")


def queue_order_refunded(
    session: Session, order: Order, refund: Refund, *, credit_note: CreditNote | None = None
) -> None:
    """Tell the buyer that money went back, and what that means for the licenses."""
    titles: dict[object, str] = {line.number: line.full_title for line in order.lines}
    titles.update(PART_LABELS.items())
    facts = OrderRefunded(
        order=OrderFacts.of(order),
        amount=refund.money,
        items=tuple(
            RefundedItem(
                title=titles.get(entry["line"], str(entry["line"])),
                amount=Money(entry["amount"], refund.currency),
            )
            for entry in refund.allocations
        ),
        ends_licenses=refund.license_effect is LicenseEffect.REVOKE,
        is_paid_by_hand=refund.payment.method in {PaymentMethod.CHECK, PaymentMethod.OTHER},
        credit_note=_document(
            "Credit note", credit_note.number, credit_note_url(credit_note, pdf=True)
        )
        if credit_note
        else None,
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{refund.id}")


def _document(kind: str, number: str, url: str) -> DocumentFacts:
    return DocumentFacts(label=f"{kind} {number} (PDF)", url=url)
