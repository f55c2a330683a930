"""Reading how films hang together: collections, subjects, people, facets, what to see next."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from app.catalog import aliases
from app.catalog.enums import CreditRole, FilmStatus, NamedKind
from app.catalog.models import (
    Collection,
    CollectionFilm,
    Film,
    FilmSubject,
    Subject,
)
from app.catalog.parts_models import Credit, Person
from app.catalog.queries import films_by_id
from app.core.errors import FieldProblem, InvalidInputError, MovedError, NotFoundError
from app.core.pagination import PageParams, encode_cursor

# As many films of each subject, the newest, may be similar to another.
MAX_SUBJECT_FILMS = 200
# Where entries stand, on pages, in the API and in feeds.
ADDRESSES = {NamedKind.PERSON: "/people", NamedKind.SUBJECT: "/subjects"}


@dataclass(frozen=True, slots=True)
class GroupCount:
    """A group of films and how many published ones it holds."""

    slug: str
    name: str
    summary: str
    film_count: int


@dataclass(frozen=True, slots=True)
class Related:
    """A related film; ``film`` is None for one that is not in the catalog."""

    title: str
    film: Film | None


@dataclass(frozen=True, slots=True)
class CollectionPosition:
    """Where a film stands in a collection: as ``number`` of ``total``, and what is around it.

    ``previous`` is None for the first; ``films`` are those that follow.
    """

    collection: Collection
    number: int
    total: int
    previous: Film | None
    films: list[Film]

    @property
    def is_last(self) -> bool:
        """Whether what follows is the collection's beginning."""
        return self.number == self.total


@dataclass(frozen=True, slots=True)
class PersonPage:
    """A person, and the published films by what they did, in the order of the roles."""

    person: Person
    films: list[tuple[CreditRole, list[Film]]]


def collections(session: Session) -> list[GroupCount]:
    """Return the collections that have a published film, in their order."""
    rows = session.execute(
        select(Collection.slug, Collection.name, Collection.summary, func.count(Film.id))
        .join(CollectionFilm, CollectionFilm.collection_id == Collection.id)
        .join(Film, Film.id == CollectionFilm.film_id)
        .where(Film.status == FilmStatus.PUBLISHED)
        .group_by(Collection.id)
        .order_by(Collection.position, Collection.id)
    )
    return [GroupCount(*row) for row in rows]


def subjects(session: Session) -> list[GroupCount]:
    """Return the subjects that have a published film, in alphabetical order."""
    rows = session.execute(
        select(Subject.slug, Subject.name, Subject.summary, func.count(Film.id))
        .join(FilmSubject, FilmSubject.subject_id == Subject.id)
        .join(Film, Film.id == FilmSubject.film_id)
        .where(Film.status == FilmStatus.PUBLISHED)
        .group_by(Subject.id)
    )
    # Sorted here: two databases do not agree on where a hyphen goes.
    return sorted(
        (GroupCount(*row) for row in rows),
        key=lambda subject: subject.slug,
    )


def page_of(counts: list[GroupCount], page: PageParams) -> tuple[list[GroupCount], str | None]:
    """Return a page of a short list, which is counted whole anyway, and the next page's cursor.

    Raises:
        InvalidInputError: what the page before ended with is no longer in the list.
    """
    keys = page.keys(1)
    slugs = [group.slug for group in counts]
    if keys and keys[0] not in slugs:
        problem = FieldProblem("?/cursor", "The list has changed. Start again without the cursor.")
        raise InvalidInputError.of(problem)
    start = slugs.index(str(keys[0])) + 1 if keys else 0
    page_counts = counts[start : start + page.limit]
    more = start + page.limit < len(counts)
    return page_counts, encode_cursor(page_counts[-1].slug) if more else None


def collection_by_slug(session: Session, slug: str) -> Collection:
    """Return a collection; its films come from ``collection_films``.

    Raises:
        NotFoundError: there is none.
    """
    collection = session.scalar(select(Collection).where(Collection.slug == slug))
    if collection is None:
        detail = f"Collection “{slug}” not found."
        raise NotFoundError(detail)
    return collection


def subject_by_slug(session: Session, slug: str) -> Subject:
    """Return a subject.

    Raises:
        MovedError: it is another's former name.
        NotFoundError: there is none.
    """
    subject = session.scalar(select(Subject).where(Subject.slug == slug))
    if subject is None:
        _look_elsewhere(session, NamedKind.SUBJECT, slug)
        detail = f"Subject “{slug}” not found."
        raise NotFoundError(detail)
    return subject


def film_count(session: Session, subject: Subject) -> int:
    """Return how many published films there are on a subject."""
    counted = select(func.count(Film.id)).join(FilmSubject, FilmSubject.film_id == Film.id)
    return (
        session.scalar(
            counted.where(FilmSubject.subject_id == subject.id, Film.status == FilmStatus.PUBLISHED)
        )
        or 0
    )


def collection_films(
    session: Session, collection: Collection, *, limit: int | None = None
) -> list[Film]:
    """Return the published films of a collection in its order, the first ``limit`` of them."""
    ids = session.scalars(
        select(CollectionFilm.film_id)
        .join(Film, Film.id == CollectionFilm.film_id)
        .where(CollectionFilm.collection_id == collection.id, Film.status == FilmStatus.PUBLISHED)
        .order_by(CollectionFilm.position)
        .limit(limit)
    ).all()
    return films_by_id(session, ids)


def collections_of(session: Session, film: Film) -> Sequence[Collection]:
    """Return the collections that hold the film, in their order."""
    return session.scalars(
        select(Collection)
        .join(CollectionFilm, CollectionFilm.collection_id == Collection.id)
        .where(CollectionFilm.film_id == film.id)
        .order_by(Collection.position, Collection.id)
    ).all()


def up_next(session: Session, film: Film, *, limit: int = 4) -> list[CollectionPosition]:
    """Return the film's place in each of its collections, with the ``limit`` films that follow it.

    After the last film the collection begins again; the film itself is never its own next one.
    Collections in which it stands alone are left out.
    """
    collections = {collection.id: collection for collection in collections_of(session, film)}
    if not collections:
        return []
    places_held = session.execute(
        select(CollectionFilm.collection_id, CollectionFilm.film_id)
        .join(Film, Film.id == CollectionFilm.film_id)
        .where(
            CollectionFilm.collection_id.in_(collections),
            (Film.status == FilmStatus.PUBLISHED) | (Film.id == film.id),
        )
        .order_by(CollectionFilm.collection_id, CollectionFilm.position)
    ).all()
    orders = {
        collection_id: [row.film_id for row in rows]
        for collection_id, rows in groupby(places_held, key=lambda row: row.collection_id)
    }
    here = {collection_id: ids.index(film.id) for collection_id, ids in orders.items()}
    around = {
        collection_id: (
            ids[max(0, here[collection_id] - 1) : here[collection_id]],
            (ids[here[collection_id] + 1 :] + ids[: here[collection_id]])[:limit],
        )
        for collection_id, ids in orders.items()
    }
    neighbor_ids = {film_id for before, after in around.values() for film_id in before + after}
    loaded = {other.id: other for other in films_by_id(session, sorted(neighbor_ids))}
    return [
        CollectionPosition(
            collection=collection,
            number=here[collection_id] + 1,
            total=len(orders[collection_id]),
            previous=next((loaded[film_id] for film_id in around[collection_id][0]), None),
            films=[loaded[film_id] for film_id in around[collection_id][1]],
        )
        for collection_id, collection in collections.items()
        if around[collection_id][1]
    ]


def related(session: Session, film: Film) -> list[Related]:
    """Return the related films that the catalog names, in its order; unpublished ones left out.

    Those by title only are films of other distributors: there is nothing to link to.
    """
    ids = [row.related_film_id for row in film.relations if row.related_film_id is not None]
    loaded = {film.id: film for film in films_by_id(session, ids, captions=True)}
    films: list[Related] = []
    for row in film.relations:
        if row.title is not None:
            films.append(Related(row.title, None))
        elif row.related_film_id in loaded:
            other = loaded[row.related_film_id]
            films.append(Related(other.title, other))
    return films


def similar(session: Session, film: Film, *, limit: int = 6) -> list[Film]:
    """Return the published films that share the most subjects with this one; none is related yet.

    For filling up where too few related films are named. Of each subject the newest films are
    looked at, as a subject may have a third of a large catalog.
    """
    subject_ids = [row.subject_id for row in film.subject_rows]
    taken = {row.related_film_id for row in film.relations if row.related_film_id is not None}
    if not subject_ids:
        return []
    newest = union_all(
        *(
            select(
                select(FilmSubject.film_id)
                .where(FilmSubject.subject_id == subject_id)
                .order_by(FilmSubject.film_id.desc())
                .limit(MAX_SUBJECT_FILMS)
                .subquery()
            )
            for subject_id in subject_ids
        )
    ).subquery()
    ids = session.scalars(
        select(newest.c.film_id)
        .join(Film, Film.id == newest.c.film_id)
        .where(Film.status == FilmStatus.PUBLISHED, Film.id.not_in({film.id} | taken))
        .group_by(newest.c.film_id)
        .order_by(func.count().desc(), newest.c.film_id)
        .limit(limit)
    ).all()
    return films_by_id(session, ids, captions=True)


def person_by_slug(session: Session, slug: str) -> PersonPage:
    """Return a person with a credit in a published film.

    Raises:
        MovedError: it is another's former name.
        NotFoundError: there is none.
    """
    person = session.scalar(select(Person).where(Person.slug == slug))
    rows = (
        session.execute(
            select(Credit.role, Credit.film_id)
            .join(Film, Film.id == Credit.film_id)
            .where(Credit.person_id == person.id, Film.status == FilmStatus.PUBLISHED)
            .order_by(Film.release_year.desc(), Film.sort_key)
        ).all()
        if person
        else []
    )
    if person is None:
        _look_elsewhere(session, NamedKind.PERSON, slug)
    if person is None or not rows:
        detail = f"Person “{slug}” not found."
        raise NotFoundError(detail)
    loaded = {film.id: film for film in films_by_id(session, [row.film_id for row in rows])}
    by_role = [
        (role, [loaded[row.film_id] for row in rows if row.role is role]) for role in CreditRole
    ]
    return PersonPage(person, [(role, films) for role, films in by_role if films])


def _look_elsewhere(session: Session, kind: NamedKind, slug: str) -> None:
    """Raise ``MovedError`` where ``slug`` is a former name."""
    redirect = aliases.resolve_slugs(session, kind, [slug]).get(slug)
    if redirect is not None:
        was, now = (f"{ADDRESSES[kind]}/{alias}" for alias in (slug, redirect))
        raise MovedError(was, now)
