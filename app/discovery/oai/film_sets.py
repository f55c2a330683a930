"""OAI sets of films: collections and subjects, for the records of every format."""

from collections import defaultdict
from collections.abc import Collection as Several
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.models import Collection, CollectionFilm, Film, FilmSubject, Subject

COLLECTIONS, SUBJECTS = "collection", "subject"
SetDescription: TypeAlias = tuple[str, str, str]
"""A set's spec, its name, and its description, which may be empty."""


def was_public() -> ColumnElement[bool]:
    """Return the condition for films that are or were public: only these have records."""
    return or_(Film.status == FilmStatus.PUBLISHED, Film.published_at.is_not(None))


def sets(session: Session) -> list[SetDescription]:
    """Return every set of films: the two kinds, and the sets of each."""
    collections = session.execute(
        select(Collection.slug, Collection.name, Collection.summary)
        .where(
            Collection.id.in_(_ids_with_films(CollectionFilm.collection_id, CollectionFilm.film_id))
        )
        .order_by(Collection.position, Collection.id)
    )
    subjects = session.execute(
        select(Subject.slug, Subject.name)
        .where(Subject.id.in_(_ids_with_films(FilmSubject.subject_id, FilmSubject.film_id)))
        .order_by(Subject.slug)
    )
    return [
        (COLLECTIONS, "Collections", "Films in a collection"),
        *((f"{COLLECTIONS}:{slug}", name, summary) for slug, name, summary in collections),
        (SUBJECTS, "Subjects", "Films with a subject"),
        *((f"{SUBJECTS}:{slug}", name, "") for slug, name in subjects),
    ]


def sets_of(session: Session, film_ids: Several[int]) -> dict[int, list[str]]:
    """Return the sets of these films by film id."""
    sets_by_film: dict[int, list[str]] = defaultdict(list)
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
            sets_by_film[film_id].append(f"{kind}:{slug}")
    return sets_by_film


def films_in(spec: str) -> Select[int] | None:
    """Return the ids of a set's films; None if there is no such kind of set."""
    kind, _, slug = spec.partition(":")
    if kind == COLLECTIONS:
        ids = select(CollectionFilm.film_id)
        in_group = ids.join(Collection, Collection.id == CollectionFilm.collection_id)
        return in_group.where(Collection.slug == slug) if slug else ids
    if kind == SUBJECTS:
        ids = select(FilmSubject.film_id)
        in_group = ids.join(Subject, Subject.id == FilmSubject.subject_id)
        return in_group.where(Subject.slug == slug) if slug else ids
    return None


def _ids_with_films(group: Any, film: Any) -> Any:  # noqa: ANN401 - columns of either table
    return select(group).join(Film, Film.id == film).where(was_public())
