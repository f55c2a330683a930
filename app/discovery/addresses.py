"""Absolute addresses of what is found from outside, each made in one place."""

from app.core.config import Settings


def film_url(settings: Settings, slug: str) -> str:
    """Return a film's one address."""
    return settings.url(f"/films/{slug}")


def subject_url(settings: Settings, slug: str) -> str:
    """Return a subject's page."""
    return settings.url(f"/subjects/{slug}")


def collection_url(settings: Settings, slug: str) -> str:
    """Return a collection's page."""
    return settings.url(f"/collections/{slug}")


def person_url(settings: Settings, slug: str) -> str:
    """Return a person's page."""
    return settings.url(f"/people/{slug}")
