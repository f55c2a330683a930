"""Sets: the collections and subjects of films, for the records of every format."""

from collections import defaultdict
from collections.abc import Collection as Several
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.models import Collection, CollectionFilm, Film, FilmSubject, Subject

COLLECTIONS, SUBJECTS = "collection", "subject"
Described: TypeAlias = tuple[str, str, str]
"""A set's spec, its name, and what it is in words; these may be empty."""


def was_public() -> ColumnElement[bool]:
    """Tell films that are public, or were once: only these have records."""
    return or_(Film.status == FilmStatus.PUBLISHED, Film.published_at.is_not(None))


def sets(session: Session) -> list[Described]:
    """Return every set of films: the two kinds, and what each has."""
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
        (COLLECTIONS, "Collections", "Films in a collection"),
        *((f"{COLLECTIONS}:{slug}", name, summary) for slug, name, summary in collections),
        (SUBJECTS, "Subjects", "Films with a subject"),
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


def films_in(spec: str) -> Select[int] | None:
    """Return the ids of a set's films; None if it is no set of films."""
    kind, _, slug = spec.partition(":")
    if kind == COLLECTIONS:
        held = select(CollectionFilm.film_id)
        if slug:
            held = held.join(Collection, Collection.id == CollectionFilm.collection_id)
            held = held.where(Collection.slug == slug)
        return held
    if kind == SUBJECTS:
        held = select(FilmSubject.film_id)
        if slug:
            held = held.join(Subject, Subject.id == FilmSubject.subject_id)
            held = held.where(Subject.slug == slug)
        return held
    return None


def _held(group: Any, film: Any) -> Any:  # noqa: ANN401 - columns of either table
    return select(group).join(Film, Film.id == film).where(was_public())
