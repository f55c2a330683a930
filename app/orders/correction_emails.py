"""Emails about the new contact address of an order."""

from typing import ClassVar

from sqlalchemy.orm import Session

from app.core.email_content import EmailContent, EmailLink
from app.core.email_outbox import queue_email
from app.core.numbers import new_token
from app.orders import links
from app.orders.email_facts import LINK_ADVICE, OrderEmail, OrderFacts, queue_order_email
from app.orders.models import Order
from app.orders.next_steps import can_be_paid


class OrderLinkSent(OrderEmail):
    """The new contact of the order gets its link."""

    kind: ClassVar[str] = "order-contact-added"
    subject_text: ClassVar[str] = "Your order {number}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="You are now the contact for this order",
            paragraphs=[
                (
                    f"Emails about order {self.order.number} for {self.order.institution} come to "
                    "this address from now on. The order page has its documents."
                )
            ],
            action=self.order.action,
            rows=self.order.rows(),
            totals=self.order.totals(),
            closing=[LINK_ADVICE],
            signature=self.order.seller.signature,
        )


class OrderContactRemoved(OrderEmail):
    """Another address is now the contact of the order. The email has no link to it."""

    kind: ClassVar[str] = "order-contact-removed"
    subject_text: ClassVar[str] = "The contact for order {number} changed"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="The contact for this order changed",
            paragraphs=[
                (
                    f"Our staff changed the email address of order {self.order.number}. Emails "
                    "about it go to another address from now on."
                ),
                "If you did not expect this, reply to this email.",
            ],
            action=EmailLink("Go to our films", self.order.url),
            signature=self.order.seller.signature,
        )


class OrderLinesCorrected(OrderEmail):
    """The items of the order were corrected. The email has the new summary."""

    kind: ClassVar[str] = "order-lines-corrected"
    subject_text: ClassVar[str] = "The items of order {number} changed"
    po_number: str | None
    is_payable: bool

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        paragraphs = [
            (
                f"Our staff corrected the items of order {order.number} for {order.institution}. "
                "It now says what is below."
            )
        ]
        if self.po_number:
            paragraphs.append(
                f"If purchase order {self.po_number} says something else, upload a corrected one "
                "on the order page."
            )
        if self.is_payable:
            paragraphs.append(
                "A payment page with the old total closes. Open a new one on the order page."
            )
        return EmailContent(
            headline="The items of your order changed",
            paragraphs=[*paragraphs, "If you did not expect this, reply to this email."],
            action=order.action,
            rows=order.rows(),
            totals=order.totals(),
            closing=[LINK_ADVICE],
            signature=order.seller.signature,
        )


CORRECTION_EMAILS = (OrderLinkSent, OrderContactRemoved, OrderLinesCorrected)


def queue_lines_corrected(session: Session, order: Order) -> None:
    """Tell the buyer what the corrected order says."""
    facts = OrderLinesCorrected(
        order=OrderFacts.of(order), po_number=order.po_number, is_payable=can_be_paid(order)
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{new_token()[:12]}")


def queue_contact_changed(session: Session, order: Order, *, old_address: str) -> None:
    """Send the link of the order to its new address, and tell the old one without the link."""
    once = f"{order.number}:{new_token()[:12]}"
    queue_order_email(session, order, OrderLinkSent(order=OrderFacts.of(order)), once=once)
    told = OrderContactRemoved(order=OrderFacts.of(order, url=links.store_url(order)))
    queue_email(session, told, once=once, reference=order.number, to=old_address)
