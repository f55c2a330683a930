"""Absolute URLs of public pages."""

from app.core.config import Settings


def film_url(settings: Settings, slug: str) -> str:
    """Return a film's canonical URL."""
    return settings.url(f"/films/{slug}")


def subject_url(settings: Settings, slug: str) -> str:
    """Return the URL of a subject's page."""
    return settings.url(f"/subjects/{slug}")


def collection_url(settings: Settings, slug: str) -> str:
    """Return the URL of a collection's page."""
    return settings.url(f"/collections/{slug}")


def person_url(settings: Settings, slug: str) -> str:
    """Return the URL of a person's page."""
    return settings.url(f"/people/{slug}")
