"""Sitemaps, robots.txt, and the OpenSearch description.

A sitemap holds at most 50,000 addresses (sitemaps.org). Sections are sorted by row id, so a new
film lands in the last sitemap and leaves the others unchanged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.catalog import public_revision
from app.catalog.enums import FilmStatus
from app.catalog.models import Collection, CollectionFilm, Film, FilmSubject, Subject
from app.catalog.parts_models import Credit, Person
from app.core.config import Settings
from app.core.errors import NotFoundError
from app.discovery import xml
from app.discovery.addresses import collection_url, film_url, person_url, subject_url

MAX_ADDRESSES = 50_000
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
PAGES = (
    "/",
    "/films",
    "/collections",
    "/people",
    "/recent",
    "/leaving",
    "/press",
    "/how-licensing-works",
    "/terms",
    "/privacy",
    "/accessibility",
)
# Pages of one visitor, and the API. Search pages have their own noindex, because some crawlers
# read a rule for "/films?" as one for "/films".
DISALLOWED = (
    "/alerts/",
    "/api/",
    "/cart",
    "/checkout",
    "/compare",
    "/console",
    "/notes/",
    "/orders/",
    "/verify/",
    "/buyer",
)
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
# The longest names that OpenSearch 1.1 allows.
MAX_SHORT_NAME, MAX_LONG_NAME = 16, 48


class SitemapSection(StrEnum):
    """A kind of page, with sitemaps of its own if one is too small for all."""

    PAGES = "pages"
    FILMS = "films"
    COLLECTIONS = "collections"
    SUBJECTS = "subjects"
    PEOPLE = "people"


ADDRESSES = {
    SitemapSection.FILMS: film_url,
    SitemapSection.COLLECTIONS: collection_url,
    SitemapSection.SUBJECTS: subject_url,
    SitemapSection.PEOPLE: person_url,
}


# The table of the pages, the table that links them with films, and its column for the pages.
GROUPS: dict[SitemapSection, tuple[Any, Any, Any]] = {
    SitemapSection.COLLECTIONS: (Collection, CollectionFilm, CollectionFilm.collection_id),
    SitemapSection.SUBJECTS: (Subject, FilmSubject, FilmSubject.subject_id),
    SitemapSection.PEOPLE: (Person, Credit, Credit.person_id),
}


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """A page's address and its last change, if known."""

    url: str
    changed_at: datetime | None


def sitemap(session: Session, settings: Settings) -> bytes:
    """Return the sitemap of all pages, or the index of several if there are too many pages."""
    sizes = {section: _size(session, section) for section in SitemapSection}
    if sum(sizes.values()) <= MAX_ADDRESSES:
        return _urlset(
            entry for section in SitemapSection for entry in _entries(session, settings, section, 1)
        )
    index = xml.root(NAMESPACE, "sitemapindex")
    changed_at = xml.instant(public_revision.current(session).changed_at)
    for section, size in sizes.items():
        for number in range(1, -(-size // MAX_ADDRESSES) + 1):
            entry = xml.add(index, "sitemap")
            xml.add(entry, "loc", settings.url(f"/sitemaps/{section}-{number}.xml"))
            xml.add(entry, "lastmod", changed_at)
    return xml.serialize(index)


def sitemap_part(
    session: Session, settings: Settings, section: SitemapSection, number: int
) -> bytes:
    """Return one sitemap of a section, counted from 1.

    Raises:
        NotFoundError: There is no such sitemap.
    """
    entries = list(_entries(session, settings, section, number))
    if not entries:
        detail = f"Sitemap {section}-{number} not found."
        raise NotFoundError(detail)
    return _urlset(iter(entries))


def _urlset(entries: Iterator[SitemapEntry]) -> bytes:
    # As text, because an XML tree of 50,000 addresses takes several times as long.
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", f'<urlset xmlns="{NAMESPACE}">']
    for entry in entries:
        at = entry.changed_at
        changed = f"<lastmod>{xml.instant(at)}</lastmod>" if at is not None else ""
        lines.append(f"<url><loc>{escape(entry.url)}</loc>{changed}</url>")
    return "\n".join([*lines, "</urlset>", ""]).encode()


def _size(session: Session, section: SitemapSection) -> int:
    if section is SitemapSection.PAGES:
        return len(PAGES)
    return session.scalar(select(func.count()).select_from(_rows(section).subquery())) or 0


def _entries(
    session: Session, settings: Settings, section: SitemapSection, number: int
) -> Iterator[SitemapEntry]:
    if section is SitemapSection.PAGES:
        yield from (SitemapEntry(settings.url(path), None) for path in PAGES if number == 1)
        return
    address = ADDRESSES[section]
    rows = session.execute(_rows(section).offset((number - 1) * MAX_ADDRESSES).limit(MAX_ADDRESSES))
    for slug, changed_at in rows:
        yield SitemapEntry(address(settings, slug), changed_at)


def _rows(section: SitemapSection) -> Select[*tuple[Any, ...]]:
    """Return the query for slugs and last changes. A group changes with its films."""
    statement: Select[*tuple[Any, ...]]
    if section is SitemapSection.FILMS:
        statement = select(Film.slug, Film.updated_at).order_by(Film.id)
    else:
        group, link, group_id = GROUPS[section]
        statement = (
            select(group.slug, func.max(Film.updated_at))
            .join(link, group_id == group.id)
            .join(Film, Film.id == link.film_id)
            .group_by(group.id)
            .order_by(group.id)
        )
    return statement.where(Film.status == FilmStatus.PUBLISHED)


def robots(settings: Settings) -> bytes:
    """Return robots.txt (RFC 9309)."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in DISALLOWED),
        "",
        f"Sitemap: {settings.url('/sitemap.xml')}",
    ]
    return "\n".join([*lines, ""]).encode()


def opensearch(settings: Settings) -> bytes:
    """Return the OpenSearch description, with which browsers search the films."""
    document = xml.root(OPENSEARCH, "OpenSearchDescription")
    seller = settings.seller_name
    xml.add(document, "ShortName", seller[:MAX_SHORT_NAME].strip())
    xml.add(document, "Description", f"Search the documentaries of {seller}")
    xml.add(document, "LongName", seller[:MAX_LONG_NAME].strip())
    xml.add(
        document,
        "Url",
        type="text/html",
        method="get",
        template=settings.url("/films?q={searchTerms}"),
    )
    xml.add(
        document,
        "Url",
        type="application/opensearchdescription+xml",
        rel="self",
        template=settings.url("/opensearch.xml"),
    )
    xml.add(
        document,
        "Image",
        settings.url("/static/logo.svg"),
        type="image/svg+xml",
        width="64",
        height="64",
    )
    xml.add(document, "Language", "en-US")
    xml.add(document, "InputEncoding", "UTF-8")
    xml.add(document, "OutputEncoding", "UTF-8")
    return xml.serialize(document)
