"""Emails about the purchase order of an order: a correction is needed, it is rejected, it came."""

from typing import ClassVar

from sqlalchemy.orm import Session

from app.billing.purchase_order_comparison import Difference
from app.core.email_content import EmailContent, EmailLink
from app.core.email_outbox import queue_email
from app.core.text import isolate
from app.orders import links
from app.orders.email_facts import LINK_ADVICE, OrderEmail, OrderFacts, queue_order_email
from app.orders.models import Order
from app.orders.next_steps import can_be_paid

RIGHTS_ADVICE = (
    "Text on a purchase order does not change the license. The license allows what the order page "
    "says."
)


class PurchaseOrderEmail(OrderEmail):
    """An email about the decision on a purchase order."""

    po_number: str
    reason: str
    differences: tuple[Difference, ...]
    is_payable: bool

    @property
    def upload(self) -> EmailLink:
        """The link to where a PDF is uploaded."""
        return EmailLink("Upload a corrected purchase order", f"{self.order.url}#purchase-order")

    def rows(self) -> list[tuple[str, str]]:
        """Return the differences, each with both sides."""
        return [
            (
                f"{isolate(each.item)}, {each.field.lower()}",
                (
                    f"{isolate(each.ordered)} in the order; "
                    f"{isolate(each.stated)} in the purchase order"
                ),
            )
            for each in self.differences
        ]

    def paragraphs(self, first: str, then: str) -> list[str]:
        """Return what happened, why, and what to do."""
        paragraphs = [first, f"Reason: {self.reason}", then]
        if self.differences:
            paragraphs.append("The purchase order differs from the order as listed below.")
        return paragraphs


class PurchaseOrderCountered(PurchaseOrderEmail):
    """The purchase order needs a correction."""

    kind: ClassVar[str] = "purchase-order-countered"

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Purchase order {self.po_number} needs a correction ({self.order.number})"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        online = " You can also pay by card or bank debit there." if self.is_payable else ""
        return EmailContent(
            headline="Your purchase order needs a correction",
            paragraphs=self.paragraphs(
                f"We compared purchase order {self.po_number} with order {self.order.number}, and "
                f"can't accept it yet.",
                f"Please upload a corrected purchase order on the order page.{online}",
            ),
            action=self.upload,
            facts=self.rows(),
            closing=[RIGHTS_ADVICE, LINK_ADVICE],
            signature=self.order.seller.signature,
        )


class PurchaseOrderRejected(PurchaseOrderEmail):
    """The purchase order is not accepted."""

    kind: ClassVar[str] = "purchase-order-rejected"

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Purchase order {self.po_number} is not accepted ({self.order.number})"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        online = ", or pay by card or bank debit there" if self.is_payable else ""
        return EmailContent(
            headline="We can't accept your purchase order",
            paragraphs=self.paragraphs(
                f"We can't accept purchase order {self.po_number} for order {self.order.number}.",
                f"You can upload another purchase order on the order page{online}.",
            ),
            action=EmailLink("View your order", f"{self.order.url}#purchase-order"),
            facts=self.rows(),
            closing=[RIGHTS_ADVICE, LINK_ADVICE],
            signature=self.order.seller.signature,
        )


class PurchaseOrderUploaded(OrderEmail):
    """A buyer uploaded a purchase order: to staff, whose link opens the console."""

    kind: ClassVar[str] = "staff-purchase-order"
    po_number: str
    is_correction: bool

    @property
    def subject(self) -> str:
        """The subject."""
        what = "Corrected purchase order" if self.is_correction else "Purchase order"
        return f"{what} {self.po_number} uploaded ({self.order.number})"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        what = "a corrected" if self.is_correction else "its"
        return EmailContent(
            headline="A purchase order was uploaded",
            paragraphs=[
                (
                    f"{isolate(order.institution)} uploaded {what} purchase order "
                    f"{self.po_number} for order {order.number}. Compare it with the order."
                ),
            ],
            action=EmailLink("Review the purchase order", order.url),
            rows=order.rows(),
            totals=order.totals(),
            signature=[order.seller.name],
        )


PURCHASE_ORDER_EMAILS = (PurchaseOrderCountered, PurchaseOrderRejected, PurchaseOrderUploaded)


def queue_purchase_order_decision(
    session: Session,
    order: Order,
    kind: type[PurchaseOrderCountered | PurchaseOrderRejected],
    *,
    reason: str,
    differences: tuple[Difference, ...],
    once: str,
) -> None:
    """Tell the buyer what was decided about the purchase order, and why."""
    facts = kind(
        order=OrderFacts.of(order),
        po_number=order.po_number or "",
        reason=reason,
        differences=differences,
        is_payable=can_be_paid(order),
    )
    queue_order_email(session, order, facts, once=once)


def queue_purchase_order_uploaded(
    session: Session, order: Order, *, is_correction: bool, once: str
) -> None:
    """Tell staff that there is a purchase order to compare."""
    url = f"{links.console_order_url(order)}/purchase-order"
    facts = PurchaseOrderUploaded(
        order=OrderFacts.of(order, url=url),
        po_number=order.po_number or "",
        is_correction=is_correction,
    )
    to = str(order.seller["staff_email"])
    queue_email(session, facts, once=once, reference=order.number, to=to)
