"""The email that sends vendor documents for a quote or an invoice."""

from typing import ClassVar, Self

from app.core.email_content import EmailContent, EmailFacts, EmailLink, Facts, SenderFacts


class SentDocument(Facts):
    """One document, and its secret address."""

    label: str
    url: str


class VendorDocumentsSent(EmailFacts):
    """Links to the documents that a purchasing office asked for."""

    kind: ClassVar[str] = "vendor-documents"
    store: SenderFacts
    sent_for: str
    documents: tuple[SentDocument, ...]
    days: int

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Vendor documents for {self.sent_for}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Vendor documents",
            paragraphs=[
                f"Here are the documents for {self.sent_for}. The links work for {self.days} days.",
                (
                    "If a document gives our bank details, call a number that you know before you "
                    "change where you pay us. We never change them by email alone."
                ),
            ],
            documents=[EmailLink(document.label, document.url) for document in self.documents],
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls.model_validate(
            {
                "store": {"name": "Example Films", "address": "1 Street", "email": "a@example.org"},
                "sent_for": "QT-SPECIMEN",
                "documents": [{"label": "W-9", "url": "https://example.org/vendor-documents/x"}],
                "days": 30,
            }
        )
