"""Mails about a note. None repeats what was typed: it could be sent to a stranger's address."""

import textwrap

from sqlalchemy.orm import Session

from app.core import mail
from app.core.config import Settings
from app.core.text import isolate
from app.notes import links
from app.notes.models import EducatorNote
from app.orders.letters import Letter, Link


def confirm(session: Session, note: EducatorNote, token: str, settings: Settings) -> None:
    """Ask whoever has the address whether they sent the note."""
    title = _short(note)
    _send(
        session,
        note,
        f"note-confirm:{note.ref}",
        Letter(
            subject=f"Please confirm your note on {isolate(title)}",
            headline="Is this note yours?",
            paragraphs=[
                (
                    f"Someone, we hope you, wrote a note on {isolate(title)} for other educators "
                    "and gave this address. Open the page below, read the note and confirm that it "
                    "is yours. Our staff read it then, and put it on the film's page."
                ),
                (
                    "The link works for three days. If the note is not yours, do nothing: it is "
                    "deleted, and so is this address. The address is never shown."
                ),
            ],
            action=Link("Read and confirm", settings.url(f"/notes/confirm?token={token}")),
            signature=_signature(settings),
        ),
    )


def shown(session: Session, note: EducatorNote, settings: Settings) -> None:
    """Tell the writer that their note is on the page."""
    _send(
        session,
        note,
        f"note-shown:{note.ref}",
        Letter(
            subject=f"Your note on {_short(note)} is on its page",
            headline="Your note is on the page",
            paragraphs=[
                (
                    "Thank you for it. If you want it changed or taken away, write to "
                    f"{settings.seller_email}."
                ),
            ],
            action=Link("See it", settings.url(f"/films/{note.film.slug}#note-{note.ref}")),
            signature=_signature(settings),
        ),
    )


def replied(session: Session, note: EducatorNote, reply: EducatorNote, settings: Settings) -> None:
    """Tell the writer of a note of a reply that is shown now, if they want to hear of it."""
    if note.reply_mails_ended_at is not None or note.email == reply.email:
        return
    end = links.end_page(settings, note)
    page = settings.url(f"/films/{note.film.slug}#note-{reply.ref}")
    _send(
        session,
        note,
        f"note-replied:{reply.ref}",
        Letter(
            subject=f"A reply to your note on {_short(note)}",
            headline="Someone answered your note",
            paragraphs=[
                f"There is a reply to your note on {isolate(note.film.title)}, on its page."
            ],
            action=Link("Read it", page),
            documents=[Link("Hear of no more replies to this note, with one click", end)],
            signature=_signature(settings),
        ),
        unsubscribe_url=end,
    )


def refused(session: Session, note: EducatorNote, reason: str, settings: Settings) -> None:
    """Tell the writer that their note is not shown, and why."""
    _send(
        session,
        note,
        f"note-refused:{note.ref}",
        Letter(
            subject=f"Your note on {_short(note)}",
            headline="We do not show your note",
            paragraphs=[
                (
                    f"Our staff read your note on {isolate(note.film.title)} and decided not to "
                    "show it."
                ),
                f"Their reason: {reason}",
                "You may write another one. This one is deleted in thirty days.",
            ],
            action=Link("Open the film's page", settings.url(f"/films/{note.film.slug}#classroom")),
            signature=_signature(settings),
        ),
    )


def _send(
    session: Session, note: EducatorNote, key: str, letter: Letter, *, unsubscribe_url: str = ""
) -> None:
    if not note.email:
        return
    mail.queue(
        session,
        key=key,
        about=note.ref,
        to=note.email,
        subject=letter.subject,
        text=letter.text(),
        html=letter.html(),
        unsubscribe_url=unsubscribe_url,
    )


def _short(note: EducatorNote) -> str:
    return textwrap.shorten(note.film.title, 200, placeholder=" …")


def _signature(settings: Settings) -> list[str]:
    return [settings.seller_name, settings.seller_address, settings.seller_email]
