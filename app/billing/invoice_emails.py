"""Emails about invoices and credit notes, to accounts payable or to the buyer."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Self

from sqlalchemy.orm import Session, sessionmaker

from app.billing.invoice_content import CreditNoteContent, InvoiceContent
from app.billing.invoice_documents import find_pdf
from app.billing.models import CreditNote, Invoice
from app.core.config import Settings
from app.core.email_content import Attachment, EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.email_outbox import queue_email
from app.core.text import isolate
from app.offers.window_rules import format_day

LINK_ADVICE = "The link opens the document without a password, so share it with care."


class InvoiceIssued(EmailFacts):
    """An invoice, and by when it is due."""

    kind: ClassVar[str] = "invoice-issued"
    number: str
    order_number: str
    po_number: str | None
    licensee: str
    seller: SenderFacts
    url: str
    pdf_url: str
    total: str
    paid: str
    balance: str
    is_paid: bool
    due_on: date
    replaces: str | None = None

    @property
    def subject(self) -> str:
        """The subject."""
        po = f", purchase order {self.po_number}" if self.po_number else ""
        return f"Invoice {self.number} for {self.balance if not self.is_paid else self.total}{po}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        due = (
            "It is paid. You don't need to do anything."
            if self.is_paid
            else f"{self.balance} is due by {format_day(self.due_on)}. The invoice says how to pay."
        )
        paragraphs = [f"Here is invoice {self.number} for {isolate(self.licensee)}. {due}"]
        if self.replaces:
            paragraphs.append(f"It replaces invoice {self.replaces}, which is void.")
        facts = [("Order", self.order_number)]
        if self.po_number:
            facts.append(("Purchase order", self.po_number))
        facts.append(("Due", format_day(self.due_on)))
        return EmailContent(
            headline=f"Invoice {self.number}",
            paragraphs=paragraphs,
            action=EmailLink("View the invoice", self.url),
            documents=[EmailLink(f"Invoice {self.number} (PDF)", self.pdf_url)],
            facts=facts,
            totals=[("Total", self.total), ("Paid", self.paid), ("Balance due", self.balance)],
            closing=[LINK_ADVICE],
            signature=self.seller.signature,
        )

    def draw_attachments(
        self, sessions: sessionmaker[Session], settings: Settings
    ) -> Sequence[Attachment]:
        """Return the invoice's PDF."""
        return _attach(sessions, Invoice, self.number, settings)

    @classmethod
    def specimen(cls) -> Self:
        """Return an example that is never sent."""
        return cls(
            number="INV-SPECIMEN",
            order_number="RR-SPECIMEN",
            po_number="PO-1",
            licensee="Example College",
            seller=_SPECIMEN_SELLER,
            url="https://example.org/invoices/INV-SPECIMEN",
            pdf_url="https://example.org/invoices/INV-SPECIMEN.pdf",
            total="$398.00",
            paid="$0.00",
            balance="$398.00",
            is_paid=False,
            due_on=date(2026, 1, 31),
            replaces="INV-OLD",
        )


class CreditNoteIssued(EmailFacts):
    """A credit note, and which invoice it is for."""

    kind: ClassVar[str] = "credit-note-issued"
    number: str
    invoice_number: str
    order_number: str
    po_number: str | None
    licensee: str
    seller: SenderFacts
    url: str
    pdf_url: str
    total: str
    is_refund: bool

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Credit note {self.number} for invoice {self.invoice_number}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        effect = (
            "It documents money that was refunded."
            if self.is_refund
            else "You no longer owe this amount."
        )
        facts = [("Invoice", self.invoice_number), ("Order", self.order_number)]
        if self.po_number:
            facts.append(("Purchase order", self.po_number))
        return EmailContent(
            headline=f"Credit note {self.number}",
            paragraphs=[
                (
                    f"Here is a credit note of {self.total} for {isolate(self.licensee)}, for "
                    f"invoice {self.invoice_number}. {effect}"
                )
            ],
            action=EmailLink("View the credit note", self.url),
            documents=[EmailLink(f"Credit note {self.number} (PDF)", self.pdf_url)],
            facts=facts,
            closing=[LINK_ADVICE],
            signature=self.seller.signature,
        )

    def draw_attachments(
        self, sessions: sessionmaker[Session], settings: Settings
    ) -> Sequence[Attachment]:
        """Return the credit note's PDF."""
        return _attach(sessions, CreditNote, self.number, settings)

    @classmethod
    def specimen(cls) -> Self:
        """Return an example that is never sent."""
        return cls(
            number="CN-SPECIMEN",
            invoice_number="INV-SPECIMEN",
            order_number="RR-SPECIMEN",
            po_number="PO-1",
            licensee="Example College",
            seller=_SPECIMEN_SELLER,
            url="https://example.org/credit-notes/CN-SPECIMEN",
            pdf_url="https://example.org/credit-notes/CN-SPECIMEN.pdf",
            total="$398.00",
            is_refund=True,
        )


INVOICE_EMAILS = (InvoiceIssued, CreditNoteIssued)
_SPECIMEN_SELLER = SenderFacts(
    name="Example Films", address="1 Example Street", email="films@example.org"
)


def invoice_url(invoice: Invoice, *, pdf: bool = False) -> str:
    """Return the secret address of the invoice's page or PDF."""
    base = invoice.content["seller"]["base_url"]
    return f"{base}{invoice_path(invoice, pdf=pdf)}"


def credit_note_url(note: CreditNote, *, pdf: bool = False) -> str:
    """Return the secret address of the credit note's page or PDF."""
    return f"{note.content['seller']['base_url']}{credit_note_path(note, pdf=pdf)}"


def invoice_path(invoice: Invoice, *, pdf: bool = False) -> str:
    """Return the path of the invoice's page or PDF, with its secret."""
    end = ".pdf" if pdf else ""
    return f"/invoices/{invoice.number}{end}?token={invoice.access_token}"


def credit_note_path(note: CreditNote, *, pdf: bool = False) -> str:
    """Return the path of the credit note's page or PDF, with its secret."""
    return f"/credit-notes/{note.number}{'.pdf' if pdf else ''}?token={note.access_token}"


def queue_invoice_issued(session: Session, invoice: Invoice) -> None:
    """Send the invoice to accounts payable, or to the buyer if it is to be paid.

    A buyer who has paid gets the link with the confirmation of the payment.
    """
    content = InvoiceContent.model_validate(invoice.content)
    if not (content.is_ap_email or content.on_terms or content.replaces):
        return
    facts = InvoiceIssued(
        number=invoice.number,
        order_number=invoice.order_number,
        po_number=invoice.po_number,
        licensee=content.licensee,
        seller=_sender(content),
        url=invoice_url(invoice),
        pdf_url=invoice_url(invoice, pdf=True),
        total=content.money(content.total_amount),
        paid=content.money(content.paid_amount),
        balance=content.money(content.balance_amount),
        is_paid=not content.balance_amount,
        due_on=invoice.due_on,
        replaces=content.replaces,
    )
    queue_email(
        session, facts, once=invoice.number, reference=invoice.order_number, to=invoice.email
    )


def queue_credit_note_issued(session: Session, invoice: Invoice, note: CreditNote) -> None:
    """Send the credit note to where the invoice went."""
    content = CreditNoteContent.model_validate(note.content)
    facts = CreditNoteIssued(
        number=note.number,
        invoice_number=invoice.number,
        order_number=invoice.order_number,
        po_number=invoice.po_number,
        licensee=content.licensee,
        seller=_sender(content),
        url=credit_note_url(note),
        pdf_url=credit_note_url(note, pdf=True),
        total=content.money(content.total_amount),
        is_refund=content.is_refund,
    )
    queue_email(session, facts, once=note.number, reference=invoice.order_number, to=invoice.email)


def _attach(
    sessions: sessionmaker[Session],
    model: type[Invoice | CreditNote],
    number: str,
    settings: Settings,
) -> Sequence[Attachment]:
    pdf = find_pdf(sessions, model, number, settings)
    return [Attachment(f"{number}.pdf", pdf)] if pdf else []


def _sender(content: InvoiceContent | CreditNoteContent) -> SenderFacts:
    seller = content.seller
    return SenderFacts(name=seller.name, address=seller.address, email=seller.email)
