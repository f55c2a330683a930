"""Addresses in the emails. The key of a reader's own pages is computed, so that none is kept."""

from urllib.parse import urlencode

from app.alerts.models import AlertSubscriber, SavedSearch
from app.core.config import Settings
from app.core.signing import Purpose, sign, unsign


def sign_handle(settings: Settings, reader: AlertSubscriber) -> str:
    """Return what opens the reader's pages: the handle, and its signature by the store."""
    return sign(settings, Purpose.ALERTS, reader.handle)


def verify_handle(settings: Settings, key: str) -> str | None:
    """Return the handle that a key is of; None if the store never signed it."""
    return unsign(settings, Purpose.ALERTS, key)


def confirm_url(settings: Settings, token: str) -> str:
    """Return where a search is confirmed."""
    return settings.url(f"/alerts/confirm?{urlencode({'token': token})}")


def manage_url(settings: Settings, reader: AlertSubscriber) -> str:
    """Return where the reader pauses and deletes searches."""
    return settings.url(f"/alerts/manage?{urlencode({'key': sign_handle(settings, reader)})}")


def unsubscribe_url(settings: Settings, reader: AlertSubscriber) -> str:
    """Return where one click ends all emails: for people, and for email programs (RFC 8058)."""
    return settings.url(f"/alerts/unsubscribe?{urlencode({'key': sign_handle(settings, reader)})}")


def list_url(settings: Settings, search: SavedSearch) -> str:
    """Return the list that the search is of, the last added first."""
    query = f"{search.query}&sort=recent" if search.query else "sort=recent"
    return settings.url(f"/films?{query}")


def email_reference(reader: AlertSubscriber) -> str:
    """Return the reference of the reader's emails."""
    return f"alerts:{reader.handle}"
