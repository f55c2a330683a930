"""What each feed tells: the films that came last, those that leave soon, the press."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog import groups, press, queries, revisions
from app.catalog.enums import CreditRole, FilmStatus, PressKind
from app.catalog.models import CollectionFilm, Film, FilmSubject
from app.catalog.parts_models import Credit
from app.core import clock
from app.core.config import Settings
from app.discovery.addresses import collection_url, film_url, person_url, subject_url
from app.discovery.feeds import MAX_ENTRIES, Author, Entry, Feed
from app.offers.expiring_rights import ExpiringFilm, find_expiring_films
from app.offers.window_rules import day


def of_all(session: Session, settings: Settings) -> Feed:
    """Return the films of the whole catalog that came last."""
    return Feed(
        title=f"New films at {settings.seller_name}",
        subtitle="Documentaries for institutions, newest first",
        url=settings.url("/films.atom"),
        page=settings.url("/recent"),
        entries=_newest(session, settings),
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
        subtitle=f"Documentaries on {subject.name}, newest first",
        url=f"{page}/films.atom",
        page=page,
        entries=_newest(session, settings, subject_id=subject.id),
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
        subtitle=collection.summary or f"Documentaries in the collection {collection.name}",
        url=f"{page}/films.atom",
        page=page,
        entries=_newest(session, settings, collection_id=collection.id),
        changed_at=revisions.current(session).changed_at,
    )


def of_person(session: Session, slug: str, settings: Settings) -> Feed:
    """Return the films with a credit of someone that came into the catalog last.

    Raises:
        NotFoundError: there is no such person with a film that the public may see.
    """
    person = groups.person_by_slug(session, slug).person
    page = person_url(settings, slug)
    return Feed(
        title=f"{person.name}: new films at {settings.seller_name}",
        subtitle=f"Documentaries that credit {person.name}",
        url=f"{page}/films.atom",
        page=page,
        entries=_newest(session, settings, person_id=person.id),
        changed_at=revisions.current(session).changed_at,
    )


def of_press(session: Session, settings: Settings) -> Feed:
    """Return what was published about the films last."""
    found = press.press_page(session, per_page=MAX_ENTRIES)
    return Feed(
        title=f"Press and interviews at {settings.seller_name}",
        subtitle="Reviews, podcasts, interviews, and articles about our films",
        url=settings.url("/press.atom"),
        page=settings.url("/press"),
        entries=[_press_entry(entry, settings) for entry in found.entries],
        changed_at=revisions.current(session).changed_at,
    )


def of_leaving(session: Session, settings: Settings) -> Feed:
    """Return the films whose rights end soon, soonest first."""
    found = find_expiring_films(session, on=clock.today(), most=MAX_ENTRIES).films
    films = queries.films_by_id(session, [leaving.film_id for leaving in found])
    return Feed(
        title=f"Leaving soon at {settings.seller_name}",
        subtitle="Films whose licensing rights end soon",
        url=settings.url("/leaving.atom"),
        page=settings.url("/leaving"),
        entries=[
            _leaving_entry(film, leaving, settings)
            for film, leaving in zip(films, found, strict=True)
        ],
        changed_at=revisions.current(session).changed_at,
    )


def _leaving_entry(film: Film, leaving: ExpiringFilm, settings: Settings) -> Entry:
    url = film_url(settings, film.slug)
    parts = [
        f"{chance.offer.title}: order by {day(chance.until)}."
        for chance in leaving.offers
        if chance.until is not None
    ]
    return Entry(
        # Rights that are given longer are news of their own.
        id=f"{url}#leaving-{leaving.rights_end_on}",
        title=f"{film.title} ({film.release_year}): rights end on {day(leaving.rights_end_on)}",
        url=url,
        updated_at=leaving.known_at,
        authors=_directors(film, settings),
        subjects=[(subject.slug, subject.name) for subject in film.subjects],
        summary=" ".join(parts),
    )


def _press_entry(entry: press.PressEntry, settings: Settings) -> Entry:
    item = entry.item
    url = film_url(settings, entry.film_slug)
    # The rows are made anew whenever a film's press is edited: what is said names the entry.
    said = "\n".join(str(part) for part in (item.kind, item.title, item.by, item.outlet, item.url))
    mark = hashlib.sha256(said.encode()).hexdigest()[:12]
    published = (
        datetime.combine(item.published_on, time(), UTC) if item.published_on is not None else None
    )
    heading = item.by if item.kind is PressKind.ENDORSEMENT else item.title or item.outlet
    verdict = f"{item.verdict}. " if item.verdict else ""
    return Entry(
        id=f"{url}#press-{mark}",
        title=f"{heading or item.by}: {item.kind} about {entry.film_title}",
        url=f"{url}#press",
        updated_at=published or entry.film_updated_at,
        published_at=published,
        authors=[Author(item.by)] if item.by else (),
        summary=f"{verdict}About {entry.film_title} ({entry.film_year})",
    )


def _newest(
    session: Session,
    settings: Settings,
    *,
    subject_id: int | None = None,
    collection_id: int | None = None,
    person_id: int | None = None,
) -> list[Entry]:
    statement = select(Film).where(Film.status == FilmStatus.PUBLISHED)
    if subject_id is not None:
        statement = statement.join(FilmSubject, FilmSubject.film_id == Film.id).where(
            FilmSubject.subject_id == subject_id
        )
    if collection_id is not None:
        statement = statement.join(CollectionFilm, CollectionFilm.film_id == Film.id).where(
            CollectionFilm.collection_id == collection_id
        )
    if person_id is not None:
        statement = statement.where(
            Film.id.in_(select(Credit.film_id).where(Credit.person_id == person_id))
        )
    found: Sequence[Film] = session.scalars(
        statement.order_by(Film.published_at.desc(), Film.id.desc())
        .limit(MAX_ENTRIES)
        .options(*queries.card_options())
    ).all()
    return [_film_entry(film, settings) for film in found]


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


def _directors(film: Film, settings: Settings) -> list[Author]:
    return [
        Author(credit.person.name, person_url(settings, credit.person.slug))
        for credit in film.credits
        if credit.role is CreditRole.DIRECTOR
    ]
