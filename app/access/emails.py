"""The email with which a person of an institution opens a session to watch films."""

from typing import ClassVar, Self

from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.text import isolate


class AccessEmail(EmailFacts):
    """Holds the link that proves an address at an institution's domain, once."""

    kind: ClassVar[str] = "access-link"
    is_secret: ClassVar[bool] = True
    is_deleted_when_sent: ClassVar[bool] = True
    store: SenderFacts
    institution: str
    url: str
    minutes: int

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Watch films at {self.store.name}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline=f"Watch films at {self.store.name}",
            paragraphs=[
                (
                    f"This link proves that you belong to {isolate(self.institution)}. It works "
                    f"once, within {self.minutes} minutes."
                )
            ],
            action=EmailLink("Continue to the film", self.url),
            closing=[
                "We do not keep your address. If you did not ask for this link, ignore this email."
            ],
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls(
            store=SenderFacts(
                name="Example Films", address="1 Example Street", email="films@example.org"
            ),
            institution="Example College",
            url="https://example.org/access/email/link",
            minutes=15,
        )


ACCESS_EMAILS = (AccessEmail,)
