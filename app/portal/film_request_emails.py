"""Emails about a request for a film. None to an unconfirmed address repeats what was typed."""

from datetime import date
from typing import ClassVar, Self

from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.text import isolate
from app.offers.window_rules import format_day


class FilmRequestEmail(EmailFacts):
    """An email about a request. ``url`` is the page that it leads to."""

    store: SenderFacts
    film_title: str
    url: str

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls.model_validate(
            {
                "store": {"name": "Example Films", "address": "1 Street", "email": "a@example.org"},
                "film_title": "Specimen",
                "url": "https://example.org/films/specimen",
                "name": "A. Teacher",
                "needed_on": date(2027, 1, 31),
                "note": "A note",
                "reason": "A reason",
                "librarian": "A. Librarian",
            }
        )


class FilmRequestConfirmation(FilmRequestEmail):
    """Asks whether the reader of the email sent the request."""

    kind: ClassVar[str] = "film-request-confirm"

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Confirm your request for {isolate(self.film_title)}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Confirm your request",
            paragraphs=[
                (
                    f"Someone, most likely you, asked your library to license "
                    f"{isolate(self.film_title)}. Confirm the request, and we email it to your "
                    "library."
                ),
                "The link works for three days. If you did not ask, ignore this email.",
            ],
            action=EmailLink("Confirm the request", self.url),
            signature=self.store.signature,
        )


class NoLibraryKnown(FilmRequestEmail):
    """Says that no library can be asked at the address's domain."""

    kind: ClassVar[str] = "film-request-no-library"

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Your request for {isolate(self.film_title)}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="We don't know your library yet",
            paragraphs=[
                (
                    f"Someone, most likely you, asked a library to license "
                    f"{isolate(self.film_title)}. No librarian with an address like yours has an "
                    "account with us, so we could not send the request on."
                ),
                "Forward this email to your library. The film's page shows licenses and prices.",
            ],
            action=EmailLink("Open the film page", self.url),
            signature=self.store.signature,
        )


class FilmRequested(FilmRequestEmail):
    """Tells a librarian of a request."""

    kind: ClassVar[str] = "film-request-new"
    name: str
    needed_on: date | None
    note: str

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Request for {isolate(self.film_title)}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        facts = [("From", self.name)]
        if self.needed_on is not None:
            facts.append(("Needed by", format_day(self.needed_on)))
        if self.note:
            facts.append(("Note", self.note))
        return EmailContent(
            headline=f"Request for {isolate(self.film_title)}",
            paragraphs=["A teacher at your institution asks the library to license this film."],
            action=EmailLink("Review the request", self.url),
            facts=facts,
            signature=self.store.signature,
        )


class FilmRequestAccepted(FilmRequestEmail):
    """Tells the requester that the library is buying the film."""

    kind: ClassVar[str] = "film-request-accepted"
    librarian: str

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Your library is licensing {isolate(self.film_title)}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Your library is licensing the film",
            paragraphs=[
                (
                    f"{self.librarian} accepted your request for {isolate(self.film_title)}. You "
                    "may show the film when the license is granted. Your library tells you when."
                )
            ],
            action=EmailLink("Open the film page", self.url),
            signature=self.store.signature,
        )


class FilmRequestDeclined(FilmRequestEmail):
    """Tells the requester that the library said no, and why."""

    kind: ClassVar[str] = "film-request-declined"
    librarian: str
    reason: str

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Your request for {isolate(self.film_title)}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Your library declined the request",
            paragraphs=[
                f"{self.librarian} declined your request for {isolate(self.film_title)}.",
                f"Reason: {self.reason}",
            ],
            action=EmailLink("Open the film page", self.url),
            signature=self.store.signature,
        )


FILM_REQUEST_EMAILS = (
    FilmRequestConfirmation,
    NoLibraryKnown,
    FilmRequested,
    FilmRequestAccepted,
    FilmRequestDeclined,
)
