"""The email about an order whose tax is known now."""

from typing import ClassVar

from sqlalchemy.orm import Session

from app.core.email_content import EmailContent, EmailLink
from app.core.money import Money
from app.orders.email_facts import LINK_ADVICE, OrderEmail, OrderFacts, queue_order_email
from app.orders.models import Order
from app.orders.next_steps import can_be_paid


class TaxResolved(OrderEmail):
    """The tax of the order is known, so it can be paid or accepted."""

    kind: ClassVar[str] = "tax-resolved"
    subject_text: ClassVar[str] = "Tax on order {number}"
    tax: Money
    is_payable: bool

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        found = "no tax is due" if not self.tax.amount else self._amount()
        pay = "You can pay by card or bank debit on the order page." if self.is_payable else ""
        return EmailContent(
            headline="The total of your order",
            paragraphs=[
                f"On order {order.number}, {found}. The total is "
                f"{order.format_money(order.total)}. {pay}".strip()
            ],
            action=EmailLink("Continue to payment", order.url) if pay else order.action,
            rows=order.rows(),
            totals=order.totals(),
            closing=[LINK_ADVICE],
            signature=order.seller.signature,
        )

    def _amount(self) -> str:
        return f"the tax is {self.order.format_money(self.tax)}"


TAX_EMAILS = (TaxResolved,)


def queue_tax_resolved(session: Session, order: Order) -> None:
    """Tell the buyer the tax and the total, with a link to pay."""
    facts = TaxResolved(order=OrderFacts.of(order), tax=order.tax, is_payable=can_be_paid(order))
    once = f"{order.number}:{order.tax_state}:{order.tax_amount}"
    queue_order_email(session, order, facts, once=once)
