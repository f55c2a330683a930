"""Emails about a note. None repeats what was typed: it could be sent to a stranger's address."""

import textwrap
from typing import ClassVar, Self

from sqlalchemy.orm import Session

from app.core.config import Settings
from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.email_outbox import queue_email
from app.core.text import isolate
from app.notes import links
from app.notes.models import EducatorNote

MAX_TITLE_LENGTH = 200


class NoteEmail(EmailFacts):
    """An email about a note. ``url`` is the page that it leads to."""

    store: SenderFacts
    film_title: str
    url: str

    @property
    def _short_title(self) -> str:
        return textwrap.shorten(self.film_title, MAX_TITLE_LENGTH, placeholder=" …")

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls.model_validate(
            {
                "store": {"name": "Example Films", "address": "1 Street", "email": "a@example.org"},
                "film_title": "Specimen",
                "url": "https://example.org/films/specimen",
                "reason": "A reason",
                "unsubscribe_url": "https://example.org/notes/replies",
            }
        )


class NoteConfirmation(NoteEmail):
    """Asks whether the reader of the email sent the note."""

    kind: ClassVar[str] = "note-confirm"

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Confirm your note on {isolate(self._short_title)}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Confirm your note",
            paragraphs=[
                (
                    f"Someone, most likely you, wrote a note on {isolate(self._short_title)} for "
                    "other educators and gave this address. Open the page below, read the note, "
                    "and confirm that it is yours. Our staff then review it."
                ),
                (
                    "The link works for three days. If the note is not yours, ignore this email. "
                    "We delete the note and the address, and never show the address."
                ),
            ],
            action=EmailLink("Review and confirm", self.url),
            signature=self.store.signature,
        )


class NotePublished(NoteEmail):
    """The note is on the film's page."""

    kind: ClassVar[str] = "note-published"

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Your note on {self._short_title} is published"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Your note is published",
            paragraphs=[
                (f"Thank you for your note. To change or remove it, write to {self.store.email}."),
            ],
            action=EmailLink("See your note", self.url),
            signature=self.store.signature,
        )


class NoteReply(NoteEmail):
    """There is a reply to the note."""

    kind: ClassVar[str] = "note-reply"
    unsubscribe_url: str

    @property
    def subject(self) -> str:
        """The subject."""
        return f"New reply to your note on {self._short_title}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        end = EmailLink("Unsubscribe from replies to this note", self.unsubscribe_url)
        return EmailContent(
            headline="Someone replied to your note",
            paragraphs=[f"There is a reply to your note on {isolate(self.film_title)}."],
            action=EmailLink("Read the reply", self.url),
            documents=[end],
            signature=self.store.signature,
            unsubscribe_url=self.unsubscribe_url,
        )


class NoteRejected(NoteEmail):
    """The note is not shown, and why."""

    kind: ClassVar[str] = "note-rejected"
    reason: str

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Your note on {self._short_title}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Your note was not published",
            paragraphs=[
                (
                    f"Our staff reviewed your note on {isolate(self.film_title)} and decided not "
                    "to publish it."
                ),
                f"Reason: {self.reason}",
                "You can write another note. We delete this one after thirty days.",
            ],
            action=EmailLink("Open the film page", self.url),
            signature=self.store.signature,
        )


NOTE_EMAILS = (NoteConfirmation, NotePublished, NoteReply, NoteRejected)


def queue_confirmation(
    session: Session, note: EducatorNote, token: str, settings: Settings
) -> None:
    """Ask the owner of the address whether they sent the note."""
    facts = NoteConfirmation(
        store=SenderFacts.of(settings),
        film_title=note.film.title,
        url=settings.url(f"/notes/confirm?token={token}"),
    )
    _queue(session, note, facts, once=note.ref)


def queue_published(session: Session, note: EducatorNote, settings: Settings) -> None:
    """Tell the author that their note is on the page."""
    facts = NotePublished(
        store=SenderFacts.of(settings),
        film_title=note.film.title,
        url=_note_url(settings, note, note.ref),
    )
    _queue(session, note, facts, once=note.ref)


def queue_reply_notice(
    session: Session, note: EducatorNote, reply: EducatorNote, settings: Settings
) -> None:
    """Tell the author of a note of a reply that is shown now, if they want to hear of it."""
    if note.reply_emails_stopped_at is not None or note.email == reply.email:
        return
    facts = NoteReply(
        store=SenderFacts.of(settings),
        film_title=note.film.title,
        url=_note_url(settings, note, reply.ref),
        unsubscribe_url=links.unsubscribe_url(settings, note),
    )
    _queue(session, note, facts, once=reply.ref)


def queue_rejection(session: Session, note: EducatorNote, reason: str, settings: Settings) -> None:
    """Tell the author that their note is not shown, and why."""
    facts = NoteRejected(
        store=SenderFacts.of(settings),
        film_title=note.film.title,
        url=settings.url(f"/films/{note.film.slug}#classroom"),
        reason=reason,
    )
    _queue(session, note, facts, once=note.ref)


def _queue(session: Session, note: EducatorNote, facts: NoteEmail, *, once: str) -> None:
    if note.email:
        queue_email(session, facts, once=once, reference=note.ref, to=note.email)


def _note_url(settings: Settings, note: EducatorNote, ref: str) -> str:
    return settings.url(f"/films/{note.film.slug}#note-{ref}")
