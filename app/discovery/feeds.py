"""Atom feeds (RFC 4287): new films, films whose rights end soon, and press."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.catalog import groups, press, public_revision, queries
from app.catalog.enums import CreditRole, FilmStatus, PressKind
from app.catalog.models import CollectionFilm, Film, FilmSubject
from app.catalog.parts_models import Credit
from app.core import clock
from app.core.config import Settings
from app.discovery import xml
from app.discovery.addresses import collection_url, film_url, person_url, subject_url
from app.offers.expiring_rights import ExpiringFilm, find_expiring_films
from app.offers.window_rules import format_day

NAMESPACE = "http://www.w3.org/2005/Atom"
MAX_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Author:
    """An author of an entry's subject; ``url`` is empty without a page here."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed. Its ``id`` never changes."""

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
    """A feed. ``url`` is its own address, ``page`` the page with the same list."""

    title: str
    subtitle: str
    url: str
    page: str
    entries: Sequence[Entry]
    changed_at: datetime


def new_films(session: Session, settings: Settings) -> Feed:
    """Return the newest films of the whole catalog."""
    return Feed(
        title=f"New films at {settings.seller_name}",
        subtitle="Documentaries for institutions, the newest in the catalog first",
        url=settings.url("/films.atom"),
        page=settings.url("/recent"),
        entries=_newest(session, settings),
        changed_at=public_revision.current(session).changed_at,
    )


def subject_films(session: Session, slug: str, settings: Settings) -> Feed:
    """Return the newest films on a subject.

    Raises:
        NotFoundError: There is no such subject.
    """
    subject = groups.subject_by_slug(session, slug)
    ids = select(FilmSubject.film_id).where(FilmSubject.subject_id == subject.id)
    subtitle = f"Documentaries on {subject.name}, the newest in the catalog first"
    page = subject_url(settings, slug)
    return _group_feed(session, settings, subject.name, subtitle, page, Film.id.in_(ids))


def collection_films(session: Session, slug: str, settings: Settings) -> Feed:
    """Return the newest films of a collection.

    Raises:
        NotFoundError: There is no such collection.
    """
    collection = groups.collection_by_slug(session, slug)
    ids = select(CollectionFilm.film_id).where(CollectionFilm.collection_id == collection.id)
    subtitle = collection.summary or f"Documentaries of the collection {collection.name}"
    page = collection_url(settings, slug)
    return _group_feed(session, settings, collection.name, subtitle, page, Film.id.in_(ids))


def person_films(session: Session, slug: str, settings: Settings) -> Feed:
    """Return the newest films with a credit of a person.

    Raises:
        NotFoundError: There is no such person with a public film.
    """
    person = groups.person_by_slug(session, slug).person
    ids = select(Credit.film_id).where(Credit.person_id == person.id)
    subtitle = f"Documentaries with a credit of {person.name}"
    page = person_url(settings, slug)
    return _group_feed(session, settings, person.name, subtitle, page, Film.id.in_(ids))


def latest_press(session: Session, settings: Settings) -> Feed:
    """Return the latest press items about all films."""
    items = press.press_page(session, per_page=MAX_ENTRIES)
    return Feed(
        title=f"Press and interviews at {settings.seller_name}",
        subtitle="Reviews, podcasts, interviews and articles about our films",
        url=settings.url("/press.atom"),
        page=settings.url("/press"),
        entries=[_press_entry(entry, settings) for entry in items.entries],
        changed_at=public_revision.current(session).changed_at,
    )


def expiring_films(session: Session, settings: Settings) -> Feed:
    """Return the films whose rights end soon, soonest first."""
    expiring = find_expiring_films(session, on=clock.today(), most=MAX_ENTRIES).films
    films = queries.films_by_id(session, [row.film_id for row in expiring])
    return Feed(
        title=f"Leaving soon at {settings.seller_name}",
        subtitle="Films that can be licensed for a limited time",
        url=settings.url("/leaving.atom"),
        page=settings.url("/leaving"),
        entries=[
            _expiring_entry(film, row, settings) for film, row in zip(films, expiring, strict=True)
        ],
        changed_at=public_revision.current(session).changed_at,
    )


def atom(feed: Feed, settings: Settings) -> bytes:
    """Return the feed as Atom. The feed and its entries have their addresses as ids."""
    document = xml.root(NAMESPACE, "feed")
    document.set(xml.XML_LANG, "en-US")
    xml.add(document, "id", feed.url)
    xml.add(document, "title", feed.title)
    xml.add(document, "subtitle", feed.subtitle)
    changed = [entry.updated_at for entry in feed.entries]
    xml.add(document, "updated", xml.instant(max(changed, default=feed.changed_at)))
    _add_author(document, Author(settings.seller_name, settings.url("/")))
    xml.add(document, "link", rel="self", type="application/atom+xml", href=feed.url)
    xml.add(document, "link", rel="alternate", type="text/html", href=feed.page)
    xml.add(document, "icon", settings.url("/static/logo.svg"))
    for entry in feed.entries:
        _add_entry(document, entry, settings)
    return xml.serialize(document)


def _add_entry(document: xml.Element, entry: Entry, settings: Settings) -> None:
    element = xml.add(document, "entry")
    xml.add(element, "id", entry.id)
    xml.add(element, "title", entry.title)
    xml.add(element, "updated", xml.instant(entry.updated_at))
    if entry.published_at is not None:
        xml.add(element, "published", xml.instant(entry.published_at))
    for author in entry.authors:
        _add_author(element, author)
    xml.add(element, "link", rel="alternate", type="text/html", href=entry.url)
    for slug, name in entry.subjects:
        scheme = settings.url("/subjects/")
        xml.add(element, "category", term=slug, scheme=scheme, label=name)
    xml.add(element, "summary", entry.summary, type="text")


def _add_author(parent: xml.Element, author: Author) -> None:
    element = xml.add(parent, "author")
    xml.add(element, "name", author.name)
    if author.url:
        xml.add(element, "uri", author.url)


def _group_feed(  # noqa: PLR0917 - the parts of a feed
    session: Session,
    settings: Settings,
    name: str,
    subtitle: str,
    page: str,
    condition: ColumnElement[bool],
) -> Feed:
    return Feed(
        title=f"{name}: new films at {settings.seller_name}",
        subtitle=subtitle,
        url=f"{page}/films.atom",
        page=page,
        entries=_newest(session, settings, condition),
        changed_at=public_revision.current(session).changed_at,
    )


def _newest(session: Session, settings: Settings, *conditions: ColumnElement[bool]) -> list[Entry]:
    films = session.scalars(
        select(Film)
        .where(Film.status == FilmStatus.PUBLISHED, *conditions)
        .order_by(Film.published_at.desc(), Film.id.desc())
        .limit(MAX_ENTRIES)
        .options(*queries.card_options())
    ).all()
    return [_film_entry(film, settings) for film in films]


def _film_entry(film: Film, settings: Settings) -> Entry:
    url = film_url(settings, film.slug)
    return Entry(
        id=url,
        title=f"{film.title} ({film.release_year})",
        url=url,
        updated_at=film.updated_at,
        published_at=film.published_at,
        authors=_directors(film, settings),
        subjects=[(subject.slug, subject.name) for subject in film.subjects],
        summary=film.synopsis,
    )


def _expiring_entry(film: Film, expiring: ExpiringFilm, settings: Settings) -> Entry:
    url = film_url(settings, film.slug)
    deadlines = [
        f"{chance.offer.title}: to be ordered until {format_day(chance.until)}."
        for chance in expiring.offers
        if chance.until is not None
    ]
    return Entry(
        # Extended rights are a new entry.
        id=f"{url}#leaving-{expiring.rights_end_on}",
        title=(
            f"{film.title} ({film.release_year}): rights end on "
            f"{format_day(expiring.rights_end_on)}"
        ),
        url=url,
        updated_at=expiring.known_at,
        authors=_directors(film, settings),
        subjects=[(subject.slug, subject.name) for subject in film.subjects],
        summary=" ".join(deadlines),
    )


def _press_entry(entry: press.PressEntry, settings: Settings) -> Entry:
    item = entry.item
    url = film_url(settings, entry.film_slug)
    # Each edit of a film's press replaces the rows, so the id comes from the content.
    facts = (item.kind, item.title, item.by, item.outlet, item.url)
    digest = hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:12]
    published = (
        datetime.combine(item.published_on, time(), UTC) if item.published_on is not None else None
    )
    heading = item.by if item.kind is PressKind.ENDORSEMENT else item.title or item.outlet
    verdict = f"{item.verdict}. " if item.verdict else ""
    return Entry(
        id=f"{url}#press-{digest}",
        title=f"{heading or item.by}: {item.kind} about {entry.film_title}",
        url=f"{url}#press",
        updated_at=published or entry.film_updated_at,
        published_at=published,
        authors=[Author(item.by)] if item.by else (),
        summary=f"{verdict}About {entry.film_title} ({entry.film_year})",
    )


def _directors(film: Film, settings: Settings) -> list[Author]:
    return [
        Author(credit.person.name, person_url(settings, credit.person.slug))
        for credit in film.credits
        if credit.role is CreditRole.DIRECTOR
    ]
