"""Atom feeds (RFC 4287), made of entries whatever they tell of: see ``feed_lists.py``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.config import Settings
from app.discovery import xml

NAMESPACE = "http://www.w3.org/2005/Atom"
MAX_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Author:
    """Who made what an entry tells of; without a page of their own here, ``url`` is empty."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of news. ``id`` stays the same for as long as it is told."""

    id: str
    title: str
    url: str
    updated_at: datetime
    published_at: datetime | None = None
    authors: Sequence[Author] = ()
    subjects: Sequence[tuple[str, str]] = ()
    """Slugs and names."""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of news. ``url`` is the feed's own, ``page`` what people read."""

    title: str
    subtitle: str
    url: str
    page: str
    entries: Sequence[Entry]
    changed_at: datetime


def atom(feed: Feed, settings: Settings) -> bytes:
    """Return the feed as Atom. It and each entry are named by their addresses, which stay."""
    document = xml.root(NAMESPACE, "feed")
    document.set(xml.XML_LANG, "en-US")
    xml.add(document, "id", feed.url)
    xml.add(document, "title", feed.title)
    xml.add(document, "subtitle", feed.subtitle)
    changed = [entry.updated_at for entry in feed.entries]
    xml.add(document, "updated", xml.instant(max(changed, default=feed.changed_at)))
    author = xml.add(document, "author")
    xml.add(author, "name", settings.seller_name)
    xml.add(author, "uri", settings.url("/"))
    xml.add(document, "link", rel="self", type="application/atom+xml", href=feed.url)
    xml.add(document, "link", rel="alternate", type="text/html", href=feed.page)
    xml.add(document, "icon", settings.url("/static/logo.svg"))
    for entry in feed.entries:
        _add_entry(document, entry, settings)
    return xml.serialize(document)


def _add_entry(document: xml.Element, told: Entry, settings: Settings) -> None:
    entry = xml.add(document, "entry")
    xml.add(entry, "id", told.id)
    xml.add(entry, "title", told.title)
    xml.add(entry, "updated", xml.instant(told.updated_at))
    if told.published_at is not None:
        xml.add(entry, "published", xml.instant(told.published_at))
    for named in told.authors:
        author = xml.add(entry, "author")
        xml.add(author, "name", named.name)
        if named.url:
            xml.add(author, "uri", named.url)
    xml.add(entry, "link", rel="alternate", type="text/html", href=told.url)
    for slug, name in told.subjects:
        scheme = settings.url("/subjects/")
        xml.add(entry, "category", term=slug, scheme=scheme, label=name)
    xml.add(entry, "summary", told.summary, type="text")
