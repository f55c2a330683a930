"""Emails to an institution's people."""

from typing import ClassVar, Self

from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.text import isolate

MAX_SUBJECT_LENGTH = 150
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


class InvitationEmail(EmailFacts):
    """Invites a person to join an institution."""

    kind: ClassVar[str] = "member-invitation"
    is_secret: ClassVar[bool] = True
    store: SenderFacts
    institution: str
    invited_by: str
    roles: str
    accept_url: str
    days: int

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Join {self.institution} at {self.store.name}"[:MAX_SUBJECT_LENGTH]

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        institution, inviter = isolate(self.institution), isolate(self.invited_by)
        return EmailContent(
            headline=f"Join {institution}",
            paragraphs=[
                (
                    f"{inviter} invites you to join {institution} at {self.store.name}, where it "
                    "licenses films. You need no password: you sign in by email."
                ),
                f"Your roles: {self.roles}.",
                f"This link works once, within {self.days} days.",
            ],
            action=EmailLink("Join", self.accept_url),
            closing=["If you do not know why you received this, ignore it."],
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls(
            store=SPECIMEN_STORE,
            institution="Example College",
            invited_by="Ada Reader",
            roles="Librarian",
            accept_url="https://example.org/account/invitation",
            days=14,
        )


INSTITUTION_EMAILS = (SignInEmail, InvitationEmail)
