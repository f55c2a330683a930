"""Which records there are: films that are public, and, as deleted, films that were."""

from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from app.catalog import revisions
from app.catalog.kinds import FilmStatus
from app.catalog.models import Collection, CollectionFilm, Film, FilmSubject, Subject
from app.catalog.queries import page_options
from app.core.config import Settings
from app.core.db import UTCDateTime
from app.discovery.oai.arguments import Selection
from app.discovery.oai.errors import ErrorCode, OaiError
from app.discovery.oai.tokens import Token

COLLECTIONS, SUBJECTS = "collection", "subject"


def identifier(film: Film, settings: Settings) -> str:
    """Return the name of a film's record, which stays: ``oai:films.example.org:the-red-soul``."""
    return f"{_prefix(settings)}{film.slug}"


def record(session: Session, named: str, settings: Settings) -> Film:
    """Return the film that a record's name names, public or not any more, loaded whole.

    Raises:
        OaiError: there is no such record.
    """
    prefix = _prefix(settings)
    film = None
    if named.startswith(prefix) and "\x00" not in named:
        film = session.scalar(
            select(Film)
            .where(Film.slug == named.removeprefix(prefix), _was_public())
            .options(*page_options())
        )
    if film is None:
        raise OaiError(ErrorCode.ID_DOES_NOT_EXIST, f"identifiers begin with {prefix}")
    return film


def page(
    session: Session, asked: Selection, *, after: Token | None, limit: int, whole: bool
) -> Sequence[Film]:
    """Return up to ``limit`` films of the list behind ``after``; headers need none ``whole``."""
    statement = select(Film).where(*_conditions(asked))
    if after is not None:
        seen = tuple_(literal(after.changed_at, UTCDateTime()), literal(after.film_id))
        statement = statement.where(tuple_(Film.updated_at, Film.id) > seen)
    if whole:
        statement = statement.options(*page_options())
    return session.scalars(statement.order_by(Film.updated_at, Film.id).limit(limit)).all()


def count(session: Session, asked: Selection) -> int:
    """Return how many films the list has now."""
    return session.scalar(select(func.count(Film.id)).where(*_conditions(asked))) or 0


def earliest(session: Session) -> datetime:
    """Return an instant before which no record changed."""
    first = session.scalar(select(func.min(Film.published_at)))
    return first or revisions.current(session).changed_at


def sets(session: Session) -> list[tuple[str, str, str]]:
    """Return every set with its name and what it is: the two kinds, and what each has."""
    collections = session.execute(
        select(Collection.slug, Collection.name, Collection.summary)
        .where(Collection.id.in_(_held(CollectionFilm.collection_id, CollectionFilm.film_id)))
        .order_by(Collection.position, Collection.id)
    )
    subjects = session.execute(
        select(Subject.slug, Subject.name)
        .where(Subject.id.in_(_held(FilmSubject.subject_id, FilmSubject.film_id)))
        .order_by(Subject.slug)
    )
    return [
        (COLLECTIONS, "Collections", "Every film that is in a collection"),
        *((f"{COLLECTIONS}:{slug}", name, summary) for slug, name, summary in collections),
        (SUBJECTS, "Subjects", "Every film that has a subject"),
        *((f"{SUBJECTS}:{slug}", name, "") for slug, name in subjects),
    ]


def sets_of(session: Session, film_ids: Several[int]) -> dict[int, list[str]]:
    """Return the sets of these films by their ids."""
    found: dict[int, list[str]] = defaultdict(list)
    collections = session.execute(
        select(CollectionFilm.film_id, Collection.slug)
        .join(Collection, Collection.id == CollectionFilm.collection_id)
        .where(CollectionFilm.film_id.in_(film_ids))
        .order_by(Collection.position, Collection.id)
    )
    subjects = session.execute(
        select(FilmSubject.film_id, Subject.slug)
        .join(Subject, Subject.id == FilmSubject.subject_id)
        .where(FilmSubject.film_id.in_(film_ids))
        .order_by(FilmSubject.position)
    )
    for kind, rows in ((COLLECTIONS, collections), (SUBJECTS, subjects)):
        for film_id, slug in rows:
            found[film_id].append(f"{kind}:{slug}")
    return found


def _prefix(settings: Settings) -> str:
    return f"oai:{urlsplit(str(settings.base_url)).hostname}:"


def _was_public() -> ColumnElement[bool]:
    return or_(Film.status == FilmStatus.PUBLISHED, Film.published_at.is_not(None))


def _held(group: Any, film: Any) -> Any:  # noqa: ANN401 - columns of either table
    return select(group).join(Film, Film.id == film).where(_was_public())


def _conditions(asked: Selection) -> list[ColumnElement[bool]]:
    found = [_was_public()]
    if asked.from_instant is not None:
        found.append(Film.updated_at >= asked.from_instant)
    if asked.before_instant is not None:
        found.append(Film.updated_at < asked.before_instant)
    if asked.set_spec is not None:
        found.append(_in_set(asked.set_spec))
    return found


def _in_set(spec: str) -> ColumnElement[bool]:
    kind, _, slug = spec.partition(":")
    if kind == COLLECTIONS:
        held = select(CollectionFilm.film_id)
        if slug:
            held = held.join(Collection, Collection.id == CollectionFilm.collection_id)
            held = held.where(Collection.slug == slug)
    elif kind == SUBJECTS:
        held = select(FilmSubject.film_id)
        if slug:
            held = held.join(Subject, Subject.id == FilmSubject.subject_id)
            held = held.where(Subject.slug == slug)
    else:
        raise OaiError(ErrorCode.NO_RECORDS_MATCH, f"there is no set {spec}")
    return Film.id.in_(held)
