"""Emails about a quote: sent, shared, extended, about to end, withdrawn, declined."""

from abc import ABC
from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Self

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core.config import Settings
from app.core.email_content import Attachment, EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.email_outbox import queue_email
from app.core.text import isolate
from app.offers.window_rules import format_day
from app.orders.email_facts import SPECIMEN_FACTS, ChargeFacts, LineFacts, OrderFacts
from app.quotes import links
from app.quotes.document import build_document, draw_quote
from app.quotes.models import Quote
from app.quotes.queries import find_vendor_documents

LINK_ADVICE = (
    "Anyone who has the link can see the quote and accept it for your institution, so share it "
    "with care."
)


class QuoteFacts(OrderFacts):
    """A quote as it was when the email was queued."""

    valid_through: date
    pdf_url: str
    total_label: str
    tax_note: str

    @classmethod
    def of_quote(cls, quote: Quote, *, url: str | None = None) -> Self:
        """Return the facts of ``quote``, with its secret link unless there is another."""
        return cls(
            number=quote.number,
            url=url or links.quote_url(quote),
            institution=quote.institution,
            country=quote.country,
            seller=SenderFacts.model_validate(quote.seller),
            lines=tuple(LineFacts.of(line) for line in quote.lines),
            charges=tuple(
                ChargeFacts(description=text, amount=amount)
                for text, amount in quote.priced_charges
            ),
            shipping=quote.shipping,
            total=quote.total,
            valid_through=quote.valid_through,
            pdf_url=links.pdf_url(quote),
            total_label=quote.total_label,
            tax_note=quote.tax_note,
        )

    def totals(self) -> list[tuple[str, str]]:
        """Return the sums before tax; shipping only when something ships."""
        total = (self.total_label, self.format_money(self.total))
        if not self.ships:
            return [total]
        shipping = self.format_money(self.shipping) if self.shipping.amount else "Free"
        subtotal = self.format_money(self.total - self.shipping)
        return [("Subtotal", subtotal), ("Shipping", shipping), total]

    @property
    def action(self) -> EmailLink:
        """The link to the quote."""
        return EmailLink("View or accept the quote", self.url)

    @property
    def for_whom(self) -> str:
        """The words that name the institution, if it is known: `` for Example College``."""
        return f" for {isolate(self.institution)}" if self.institution else ""

    def content(self, headline: str, paragraphs: list[str]) -> EmailContent:
        """Return an email with these words, the whole quote, and its links."""
        return EmailContent(
            headline=headline,
            paragraphs=paragraphs,
            action=self.action,
            rows=self.rows(),
            totals=self.totals(),
            documents=[EmailLink(f"Quote {self.number} (PDF)", self.pdf_url)],
            closing=[self.tax_note, LINK_ADVICE],
            signature=self.seller.signature,
        )


class QuoteEmail(EmailFacts):
    """An email about a quote."""

    subject_text: ClassVar[str] = ""
    quote: QuoteFacts

    @property
    def subject(self) -> str:
        """The subject."""
        return self.subject_text.format(
            number=self.quote.number, day=format_day(self.quote.valid_through)
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example that is never sent."""
        return cls.model_validate({name: _SPECIMEN[name] for name in cls.model_fields})


class QuoteWithPdf(QuoteEmail, ABC):
    """An email that the quote is attached to."""

    def draw_attachments(
        self, sessions: sessionmaker[Session], settings: Settings
    ) -> Sequence[Attachment]:
        """Return the quote's PDF."""
        number = self.quote.number
        with sessions() as session:
            quote = session.scalar(select(Quote).where(Quote.number == number))
            if quote is None:
                return []
            labels = [each.label for each in find_vendor_documents(session, quote)]
            document = build_document(quote, labels)
        # Drawn outside the transaction, which locks SQLite.
        pdf = draw_quote(document, quote, settings)
        return [Attachment(f"quote-{number}.pdf", pdf)]


class QuoteSent(QuoteWithPdf):
    """Here is the quote."""

    kind: ClassVar[str] = "quote"
    subject_text: ClassVar[str] = "Quote {number}, valid through {day}"
    superseded: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        quote = self.quote
        replaced = f" It replaces quote {self.superseded}." if self.superseded else ""
        return quote.content(
            f"Your quote {quote.number}",
            [
                (
                    f"This is your quote{quote.for_whom}. Its prices and terms are valid through "
                    f"{format_day(quote.valid_through)}.{replaced}"
                ),
                (
                    "To accept it, open the link and choose a card, a bank debit, or a purchase "
                    "order. You can also share it with the person who approves it."
                ),
            ],
        )


class QuoteShared(QuoteWithPdf):
    """Someone who has the link shares the quote."""

    kind: ClassVar[str] = "quote-shared"
    subject_text: ClassVar[str] = "Quote {number} for your approval"
    sender: str
    message: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        quote = self.quote
        paragraphs = [
            (
                f"{isolate(self.sender)} shares quote {quote.number} from {quote.seller.name}"
                f"{quote.for_whom} with you."
            )
        ]
        if self.message:
            paragraphs.append(f"Their message: {self.message}")
        paragraphs.append(
            f"It is valid through {format_day(quote.valid_through)}. You can read it and accept "
            "it for your institution."
        )
        return quote.content(f"Quote {quote.number} for your approval", paragraphs)


class QuoteExtended(QuoteWithPdf):
    """The quote is valid longer."""

    kind: ClassVar[str] = "quote-extended"
    subject_text: ClassVar[str] = "Quote {number} is now valid through {day}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        quote = self.quote
        return quote.content(
            f"Your quote {quote.number} is valid longer",
            [
                (
                    f"We extended your quote{quote.for_whom}. Its prices and terms are now valid "
                    f"through {format_day(quote.valid_through)}."
                )
            ],
        )


class QuoteExpiring(QuoteEmail):
    """The quote ends soon."""

    kind: ClassVar[str] = "quote-expiring"
    subject_text: ClassVar[str] = "Quote {number} is valid through {day}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        quote = self.quote
        return quote.content(
            f"Your quote {quote.number} ends soon",
            [
                (
                    f"Your quote{quote.for_whom} is valid through "
                    f"{format_day(quote.valid_through)}. After that day, its prices may change."
                ),
                f"If you need more time, write to {quote.seller.email}.",
            ],
        )


class QuoteWithdrawn(QuoteEmail):
    """The quote no longer stands."""

    kind: ClassVar[str] = "quote-withdrawn"
    subject_text: ClassVar[str] = "Quote {number} is withdrawn"
    reason: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        quote = self.quote
        return EmailContent(
            headline=f"Quote {quote.number} is withdrawn",
            paragraphs=[
                f"We withdrew your quote{quote.for_whom}. Reason: {self.reason.rstrip('.')}.",
                f"If you have questions, write to {quote.seller.email}.",
            ],
            action=EmailLink("View the quote", quote.url),
            rows=quote.rows(),
            totals=quote.totals(),
            signature=quote.seller.signature,
        )


class QuoteDeclinedForStaff(QuoteEmail):
    """The buyer declined: to staff, whose link opens the console."""

    kind: ClassVar[str] = "staff-quote-declined"
    subject_text: ClassVar[str] = "Quote {number} is declined"
    reason: str
    email: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        quote = self.quote
        return EmailContent(
            headline=f"Quote {quote.number} is declined",
            paragraphs=[f"The buyer declined the quote{quote.for_whom}."],
            facts=[("Reason", self.reason), ("Contact", self.email)],
            action=EmailLink("Open in the console", quote.url),
            rows=quote.rows(),
            totals=quote.totals(),
            signature=[quote.seller.name],
        )


QUOTE_EMAILS = (
    QuoteSent,
    QuoteShared,
    QuoteExtended,
    QuoteExpiring,
    QuoteWithdrawn,
    QuoteDeclinedForStaff,
)


def queue_quote_sent(session: Session, quote: Quote, *, superseded: str) -> None:
    """Send the quote to its buyer."""
    facts = QuoteSent(quote=QuoteFacts.of_quote(quote), superseded=superseded)
    _queue(session, quote, facts, once=quote.number)


def queue_quote_shared(
    session: Session, quote: Quote, *, to: str, url: str, sender: str, message: str, once: str
) -> None:
    """Send the quote to somewhere else."""
    facts = QuoteShared(quote=QuoteFacts.of_quote(quote, url=url), sender=sender, message=message)
    queue_email(session, facts, once=once, reference=quote.number, to=to)


def queue_quote_extended(session: Session, quote: Quote) -> None:
    """Tell the buyer the new last day."""
    facts = QuoteExtended(quote=QuoteFacts.of_quote(quote))
    _queue(session, quote, facts, once=f"{quote.number}:{quote.valid_through}")


def queue_quote_expiring(session: Session, quote: Quote) -> None:
    """Remind the buyer of the last day."""
    facts = QuoteExpiring(quote=QuoteFacts.of_quote(quote))
    _queue(session, quote, facts, once=f"{quote.number}:{quote.valid_through}")


def queue_quote_withdrawn(session: Session, quote: Quote) -> None:
    """Tell the buyer that the quote no longer stands."""
    facts = QuoteWithdrawn(quote=QuoteFacts.of_quote(quote), reason=quote.close_reason)
    _queue(session, quote, facts, once=quote.number)


def queue_quote_declined(session: Session, quote: Quote) -> None:
    """Tell staff that the buyer declined."""
    facts = QuoteDeclinedForStaff(
        quote=QuoteFacts.of_quote(quote, url=links.console_quote_url(quote)),
        reason=quote.close_reason,
        email=quote.email,
    )
    to = str(quote.seller["staff_email"])
    queue_email(session, facts, once=quote.number, reference=quote.number, to=to)


def _queue(session: Session, quote: Quote, facts: QuoteEmail, *, once: str) -> None:
    queue_email(session, facts, once=once, reference=quote.number, to=quote.email)


_ORDER = SPECIMEN_FACTS["order"]
assert isinstance(_ORDER, OrderFacts)  # noqa: S101 - for the type checker
_SPECIMEN: dict[str, object] = {
    "quote": QuoteFacts.model_validate(
        _ORDER.model_dump()
        | {
            "number": "RQ-SPECIMEN",
            "valid_through": date(2026, 1, 31),
            "pdf_url": "https://example.org/quotes/RQ-SPECIMEN.pdf",
            "total_label": "Total",
            "tax_note": "No tax is charged.",
        }
    ),
    "superseded": "RQ-SPECIMEN-1",
    "sender": "A. Buyer",
    "message": "Please approve.",
    "reason": "No longer needed",
    "email": "buyer@example.org",
}
