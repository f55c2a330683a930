"""Emails to an institution's people."""

from typing import ClassVar, Self

from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts

SPECIMEN_STORE = SenderFacts(
    name="Example Films", address="1 Example Street", email="films@example.org"
)


class SignInEmail(EmailFacts):
    """Holds the link that signs its recipient in."""

    kind: ClassVar[str] = "sign-in"
    is_secret: ClassVar[bool] = True
    store: SenderFacts
    sign_in_url: str
    minutes: int

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Sign in to {self.store.name}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline=f"Sign in to {self.store.name}",
            paragraphs=[f"This link works once, within {self.minutes} minutes."],
            action=EmailLink("Sign in", self.sign_in_url),
            closing=[
                (
                    "If you did not ask to sign in, ignore this email. Do not forward it: the "
                    "link signs anyone in as you."
                )
            ],
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        url = "https://example.org/account/sign-in/link"
        return cls(store=SPECIMEN_STORE, sign_in_url=url, minutes=60)


INSTITUTION_EMAILS = (SignInEmail,)
