"""Atom feeds (RFC 4287) of the films that came last: of all, of a subject, of a collection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog import groups, revisions
from app.catalog.kinds import CreditRole, FilmStatus
from app.catalog.models import CollectionFilm, Film, FilmSubject
from app.catalog.queries import card_options
from app.core.config import Settings
from app.discovery import xml
from app.discovery.addresses import collection_url, film_url, person_url, subject_url

NAMESPACE = "http://www.w3.org/2005/Atom"
MOST_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of films as a feed tells it. ``url`` is the feed's own, ``page`` what people read."""

    title: str
    subtitle: str
    url: str
    page: str
    films: Sequence[Film]
    changed_at: datetime


def of_all(session: Session, settings: Settings) -> Feed:
    """Return the films of the whole catalog that came last."""
    return Feed(
        title=f"New films at {settings.seller_name}",
        subtitle="Documentaries for institutions, the newest in the catalog first",
        url=settings.url("/films.atom"),
        page=settings.url("/films?sort=recent"),
        films=_newest(session),
        changed_at=revisions.current(session).changed_at,
    )


def of_subject(session: Session, slug: str, settings: Settings) -> Feed:
    """Return the films on a subject that came last.

    Raises:
        NotFoundError: there is no such subject.
    """
    subject = groups.subject_by_slug(session, slug)
    page = subject_url(settings, slug)
    return Feed(
        title=f"{subject.name}: new films at {settings.seller_name}",
        subtitle=f"Documentaries on {subject.name}, the newest in the catalog first",
        url=f"{page}/films.atom",
        page=page,
        films=_newest(session, subject_id=subject.id),
        changed_at=revisions.current(session).changed_at,
    )


def of_collection(session: Session, slug: str, settings: Settings) -> Feed:
    """Return the films of a collection that came into the catalog last.

    Raises:
        NotFoundError: there is no such collection.
    """
    collection = groups.collection_by_slug(session, slug)
    page = collection_url(settings, slug)
    return Feed(
        title=f"{collection.name}: new films at {settings.seller_name}",
        subtitle=collection.summary or f"Documentaries of the collection {collection.name}",
        url=f"{page}/films.atom",
        page=page,
        films=_newest(session, collection_id=collection.id),
        changed_at=revisions.current(session).changed_at,
    )


def atom(feed: Feed, settings: Settings) -> bytes:
    """Return the feed as Atom. It and each entry are named by their addresses, which stay."""
    document = xml.root(NAMESPACE, "feed")
    document.set(xml.XML_LANG, "en-US")
    xml.add(document, "id", feed.url)
    xml.add(document, "title", feed.title)
    xml.add(document, "subtitle", feed.subtitle)
    changed = [film.updated_at for film in feed.films]
    xml.add(document, "updated", xml.instant(max(changed, default=feed.changed_at)))
    author = xml.add(document, "author")
    xml.add(author, "name", settings.seller_name)
    xml.add(author, "uri", settings.url("/"))
    xml.add(document, "link", rel="self", type="application/atom+xml", href=feed.url)
    xml.add(document, "link", rel="alternate", type="text/html", href=feed.page)
    xml.add(document, "icon", settings.url("/static/logo.svg"))
    for film in feed.films:
        _add_entry(document, film, settings)
    return xml.written(document)


def _add_entry(document: xml.Element, film: Film, settings: Settings) -> None:
    url = film_url(settings, film.slug)
    entry = xml.add(document, "entry")
    xml.add(entry, "id", url)
    xml.add(entry, "title", f"{film.title} ({film.release_year})")
    xml.add(entry, "updated", xml.instant(film.updated_at))
    if film.published_at is not None:
        xml.add(entry, "published", xml.instant(film.published_at))
    for credit in film.credits:
        if credit.role is CreditRole.DIRECTOR:
            author = xml.add(entry, "author")
            xml.add(author, "name", credit.person.name)
            xml.add(author, "uri", person_url(settings, credit.person.slug))
    xml.add(entry, "link", rel="alternate", type="text/html", href=url)
    for subject in film.subjects:
        scheme = settings.url("/subjects/")
        xml.add(entry, "category", term=subject.slug, scheme=scheme, label=subject.name)
    xml.add(entry, "summary", film.synopsis, type="text")


def _newest(
    session: Session, *, subject_id: int | None = None, collection_id: int | None = None
) -> Sequence[Film]:
    statement = select(Film).where(Film.status == FilmStatus.PUBLISHED)
    if subject_id is not None:
        statement = statement.join(FilmSubject, FilmSubject.film_id == Film.id).where(
            FilmSubject.subject_id == subject_id
        )
    if collection_id is not None:
        statement = statement.join(CollectionFilm, CollectionFilm.film_id == Film.id).where(
            CollectionFilm.collection_id == collection_id
        )
    return session.scalars(
        statement.order_by(Film.published_at.desc(), Film.id.desc())
        .limit(MOST_ENTRIES)
        .options(*card_options())
    ).all()
