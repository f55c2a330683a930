"""The link that ends emails about replies: signed, so that nothing need be kept for it."""

from urllib.parse import urlencode

from app.core.config import Settings
from app.core.signing import Purpose, sign, unsign
from app.notes.models import EducatorNote


def unsubscribe_url(settings: Settings, note: EducatorNote) -> str:
    """Return where one click ends the emails: for people, and for email programs (RFC 8058)."""
    key = sign(settings, Purpose.NOTE_REPLIES, note.ref)
    return settings.url(f"/notes/replies?{urlencode({'key': key})}")


def verify_note_key(settings: Settings, key: str) -> str | None:
    """Return the number of the note that a key is of; None if the store never signed it."""
    return unsign(settings, Purpose.NOTE_REPLIES, key)
