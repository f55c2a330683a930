"""The reminder of an invoice, to accounts payable."""

from datetime import date
from typing import ClassVar, Self

from app.billing.invoice_content import InvoiceContent
from app.billing.invoice_emails import LINK_ADVICE, invoice_url
from app.billing.models import Invoice
from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.text import isolate
from app.offers.window_rules import format_day


class InvoiceReminder(EmailFacts):
    """An invoice is due soon, or overdue."""

    kind: ClassVar[str] = "invoice-reminder"
    number: str
    order_number: str
    po_number: str | None
    licensee: str
    sender: SenderFacts
    url: str
    pdf_url: str
    balance: str
    due_on: date
    days_overdue: int

    @classmethod
    def of(cls, invoice: Invoice, *, today: date) -> Self:
        """Return the reminder of an invoice as it is today."""
        content = InvoiceContent.model_validate(invoice.content)
        seller = content.seller
        return cls(
            number=invoice.number,
            order_number=invoice.order_number,
            po_number=invoice.po_number,
            licensee=content.licensee,
            sender=SenderFacts(name=seller.name, address=seller.address, email=seller.email),
            url=invoice_url(invoice),
            pdf_url=invoice_url(invoice, pdf=True),
            balance=content.money(invoice.balance.amount),
            due_on=invoice.due_on,
            days_overdue=max((today - invoice.due_on).days, 0),
        )

    @property
    def subject(self) -> str:
        """The subject."""
        po = f", purchase order {self.po_number}" if self.po_number else ""
        if self.days_overdue:
            return f"Overdue: invoice {self.number} for {self.balance}{po}"
        return f"Invoice {self.number} for {self.balance} is due {format_day(self.due_on)}{po}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        days = "1 day" if self.days_overdue == 1 else f"{self.days_overdue} days"
        due = (
            f"was due on {format_day(self.due_on)} and is {days} overdue"
            if self.days_overdue
            else f"is due on {format_day(self.due_on)}"
        )
        facts = [("Order", self.order_number)]
        if self.po_number:
            facts.append(("Purchase order", self.po_number))
        return EmailContent(
            headline=f"Invoice {self.number} is overdue"
            if self.days_overdue
            else f"Invoice {self.number} is due soon",
            paragraphs=[
                (
                    f"Invoice {self.number} for {isolate(self.licensee)} {due}. {self.balance} is "
                    "unpaid."
                ),
                (
                    "You can pay on its page by card or bank debit, or by check or transfer "
                    "as the invoice says. If you have paid already, you don't need to do anything."
                ),
            ],
            action=EmailLink("View and pay the invoice", self.url),
            documents=[EmailLink(f"Invoice {self.number} (PDF)", self.pdf_url)],
            facts=facts,
            totals=[("Balance due", self.balance)],
            closing=[
                f"If something on the invoice is wrong, email {self.sender.email}.",
                LINK_ADVICE,
            ],
            signature=self.sender.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example that is never sent."""
        return cls(
            number="INV-SPECIMEN",
            order_number="RR-SPECIMEN",
            po_number="PO-1",
            licensee="Example College",
            sender=SenderFacts(
                name="Example Films", address="1 Example Street", email="films@example.org"
            ),
            url="https://example.org/invoices/INV-SPECIMEN",
            pdf_url="https://example.org/invoices/INV-SPECIMEN.pdf",
            balance="$398.00",
            due_on=date(2026, 1, 31),
            days_overdue=15,
        )


RECEIVABLE_EMAILS = (InvoiceReminder,)
