"""Which pages there are, for search engines: one sitemap, or an index of many when there must be.

A sitemap holds at most 50,000 addresses (sitemaps.org). The parts follow the order of the rows'
ids, so a new film lands in the last part and leaves the others as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.catalog import revisions
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


class SitemapSection(StrEnum):
    """A kind of page, which fills sitemaps of its own when one is too small for all."""

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


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """A page's address, and when it last changed, if that is known."""

    url: str
    changed_at: datetime | None


def sitemap(session: Session, settings: Settings) -> bytes:
    """Return the sitemap of all pages; if they are too many for one, the index of the parts."""
    sizes = {part: _size(session, part) for part in SitemapSection}
    if sum(sizes.values()) <= MAX_ADDRESSES:
        return _urlset(
            entry for part in SitemapSection for entry in _entries(session, settings, part, 1)
        )
    index = xml.root(NAMESPACE, "sitemapindex")
    changed_at = xml.instant(revisions.current(session).changed_at)
    for part, size in sizes.items():
        for number in range(1, -(-size // MAX_ADDRESSES) + 1):
            entry = xml.add(index, "sitemap")
            xml.add(entry, "loc", settings.url(f"/sitemaps/{part}-{number}.xml"))
            xml.add(entry, "lastmod", changed_at)
    return xml.serialize(index)


def sitemap_part(session: Session, settings: Settings, part: SitemapSection, number: int) -> bytes:
    """Return one part, counted from 1.

    Raises:
        NotFoundError: there are not so many.
    """
    entries = list(_entries(session, settings, part, number))
    if not entries:
        detail = f"Sitemap {part}-{number} not found."
        raise NotFoundError(detail)
    return _urlset(iter(entries))


def _urlset(entries: Iterator[SitemapEntry]) -> bytes:
    # As text: a tree of 50,000 addresses takes several times as long, and there is little in it.
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", f'<urlset xmlns="{NAMESPACE}">']
    for entry in entries:
        at = entry.changed_at
        changed = f"<lastmod>{xml.instant(at)}</lastmod>" if at is not None else ""
        lines.append(f"<url><loc>{escape(entry.url)}</loc>{changed}</url>")
    return "\n".join([*lines, "</urlset>", ""]).encode()


def _size(session: Session, part: SitemapSection) -> int:
    if part is SitemapSection.PAGES:
        return len(PAGES)
    return session.scalar(select(func.count()).select_from(_rows(part).subquery())) or 0


def _entries(
    session: Session, settings: Settings, part: SitemapSection, number: int
) -> Iterator[SitemapEntry]:
    if part is SitemapSection.PAGES:
        yield from (SitemapEntry(settings.url(path), None) for path in PAGES if number == 1)
        return
    address = ADDRESSES[part]
    rows = session.execute(_rows(part).offset((number - 1) * MAX_ADDRESSES).limit(MAX_ADDRESSES))
    for slug, changed_at in rows:
        yield SitemapEntry(address(settings, slug), changed_at)


def _rows(part: SitemapSection) -> Select[*tuple[Any, ...]]:
    """Return the query for slugs and last changes: a group changes with its films."""
    last = func.max(Film.updated_at)
    if part is SitemapSection.FILMS:
        statement: Select[*tuple[Any, ...]] = select(Film.slug, Film.updated_at).order_by(Film.id)
    elif part is SitemapSection.COLLECTIONS:
        statement = (
            select(Collection.slug, last)
            .join(CollectionFilm, CollectionFilm.collection_id == Collection.id)
            .join(Film, Film.id == CollectionFilm.film_id)
            .group_by(Collection.id)
            .order_by(Collection.id)
        )
    elif part is SitemapSection.SUBJECTS:
        statement = (
            select(Subject.slug, last)
            .join(FilmSubject, FilmSubject.subject_id == Subject.id)
            .join(Film, Film.id == FilmSubject.film_id)
            .group_by(Subject.id)
            .order_by(Subject.id)
        )
    else:
        statement = (
            select(Person.slug, last)
            .join(Credit, Credit.person_id == Person.id)
            .join(Film, Film.id == Credit.film_id)
            .group_by(Person.id)
            .order_by(Person.id)
        )
    return statement.where(Film.status == FilmStatus.PUBLISHED)
