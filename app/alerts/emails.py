"""Emails of alerts: please confirm, you have that already, and what came this week."""

from typing import ClassVar, Self

from app.core.email_content import (
    EmailContent,
    EmailFacts,
    EmailLink,
    EmailSection,
    Facts,
    SenderFacts,
)
from app.core.money import Money
from app.core.text import isolate

MAX_SUBJECT_LENGTH = 120
SPECIMEN_STORE = SenderFacts(
    name="Example Films", address="1 Example Street", email="films@example.org"
)


class AlertConfirmation(EmailFacts):
    """Asks whether the reader of the email wants the alert."""

    kind: ClassVar[str] = "alert-confirm"
    store: SenderFacts
    search: str
    confirm_url: str
    hours: int

    @property
    def subject(self) -> str:
        """The subject."""
        return "Confirm your film alert"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Confirm your film alert",
            paragraphs=[
                (
                    f"Someone, most likely you, asked {self.store.name} to email this address when "
                    f"new films match this search: {self.search}."
                ),
                (
                    "If you want these emails, confirm the alert. We send at most one email a "
                    "week, and only if there are new films."
                ),
            ],
            action=EmailLink("Confirm the alert", self.confirm_url),
            closing=[
                (
                    "If you did not request this, ignore this email. We delete the address if the "
                    f"alert is not confirmed within {self.hours} hours."
                )
            ],
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        url = "https://example.org/alerts/confirm"
        return cls(store=SPECIMEN_STORE, search="All films", confirm_url=url, hours=48)


class AlreadySubscribed(EmailFacts):
    """The alert exists, and where it is paused or deleted."""

    kind: ClassVar[str] = "alert-again"
    store: SenderFacts
    search: str
    manage_url: str

    @property
    def subject(self) -> str:
        """The subject."""
        return "You already have this film alert"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="You already have this alert",
            paragraphs=[
                (f"You requested an alert for this search: {self.search}. It is already active."),
                "If you receive no emails, no new films match, or your alerts are paused.",
            ],
            action=EmailLink("Manage your alerts", self.manage_url),
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        url = "https://example.org/alerts/manage"
        return cls(store=SPECIMEN_STORE, search="All films", manage_url=url)


class NewFilm(Facts):
    """A film that was added to the catalog or, if it is not new, can be licensed only now."""

    title: str
    release_year: int
    directors: tuple[str, ...]
    url: str
    price: Money | None
    is_new: bool

    @property
    def link(self) -> EmailLink:
        """The link to its page, with what is said of it."""
        by = f" by {', '.join(self.directors[:2])}" if self.directors else ""
        news = "new in the catalog" if self.is_new else "now available to license"
        cost = f", licenses from {self.price.words()}" if self.price else ""
        label = f"{isolate(self.title)} ({self.release_year}){by}: {news}{cost}"
        return EmailLink(label, self.url)


class SearchMatches(Facts):
    """What came for one search: some of the films, and how many there are in all."""

    search: str
    list_url: str
    films: tuple[NewFilm, ...]
    total: int

    @property
    def section(self) -> EmailSection:
        """The search, and its films below it."""
        links = [film.link for film in self.films]
        if more := self.total - len(self.films):
            links.append(
                EmailLink(
                    f"And {more} more films" if more > 1 else "And one more film", self.list_url
                )
            )
        return EmailSection(self.search, links)


class WeeklyDigest(EmailFacts):
    """What came in a week."""

    kind: ClassVar[str] = "alert-digest"
    store: SenderFacts
    matches: tuple[SearchMatches, ...]
    manage_url: str
    unsubscribe_url: str

    @property
    def subject(self) -> str:
        """The subject."""
        count = len({film.url for each in self.matches for film in each.films})
        count += sum(each.total - len(each.films) for each in self.matches)
        films = "1 film" if count == 1 else f"{count} films"
        is_one = len(self.matches) == 1
        search = self.matches[0].search if is_one else f"{len(self.matches)} of your alerts"
        return f"{films} for {search}"[:MAX_SUBJECT_LENGTH]

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        is_one = len(self.matches) == 1
        return EmailContent(
            headline="New films for you" if is_one else "New films that match your alerts",
            paragraphs=["These films are new, or now available to license, since our last email."],
            sections=[each.section for each in self.matches],
            action=EmailLink("Manage your alerts", self.manage_url),
            documents=[EmailLink("Unsubscribe", self.unsubscribe_url)],
            closing=[
                ("You receive this email, at most once a week, because you confirmed a film alert.")
            ],
            signature=self.store.signature,
            unsubscribe_url=self.unsubscribe_url,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        film = NewFilm(
            title="Specimen",
            release_year=2026,
            directors=("A. Director",),
            url="https://example.org/films/specimen",
            price=Money(39800, "USD"),
            is_new=True,
        )
        url = "https://example.org/films"
        matches = SearchMatches(search="All films", list_url=url, films=(film,), total=2)
        return cls(store=SPECIMEN_STORE, matches=(matches,), manage_url=url, unsubscribe_url=url)


ALERT_EMAILS = (AlertConfirmation, AlreadySubscribed, WeeklyDigest)
