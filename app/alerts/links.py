"""Addresses in the emails. The key of a reader's own pages is computed, so that none is kept."""

from urllib.parse import urlencode

from app.alerts.models import AlertReader, AlertSearch
from app.core.config import Settings
from app.core.signing import Purpose, sign, unsign


def key_of(settings: Settings, reader: AlertReader) -> str:
    """Return what opens the reader's pages: the handle, and its signature by the store."""
    return sign(settings, Purpose.ALERTS, reader.handle)


def handle_in(settings: Settings, key: str) -> str | None:
    """Return the handle that a key is of; None if the store never signed it."""
    return unsign(settings, Purpose.ALERTS, key)


def confirm_page(settings: Settings, token: str) -> str:
    """Return where a search is confirmed."""
    return settings.url(f"/alerts/confirm?{urlencode({'token': token})}")


def manage_page(settings: Settings, reader: AlertReader) -> str:
    """Return where the reader pauses and deletes searches."""
    return settings.url(f"/alerts/manage?{urlencode({'key': key_of(settings, reader)})}")


def unsubscribe_page(settings: Settings, reader: AlertReader) -> str:
    """Return where one click ends all emails: for people, and for email programs (RFC 8058)."""
    return settings.url(f"/alerts/unsubscribe?{urlencode({'key': key_of(settings, reader)})}")


def list_page(settings: Settings, search: AlertSearch) -> str:
    """Return the list that the search is of, the last added first."""
    query = f"{search.query}&sort=recent" if search.query else "sort=recent"
    return settings.url(f"/films?{query}")


def about(reader: AlertReader) -> str:
    """Return the reference of the reader's emails."""
    return f"alerts:{reader.handle}"
