"""Collections as staff and seed files keep them: films in an order, named and described."""

from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog import public_revision
from app.catalog.documents import Line, Part, Slug, unique
from app.catalog.errors import NameTakenError
from app.catalog.models import Collection, CollectionFilm, Film
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.text import TextConstraints

MAX_FILMS = 2000
MAX_COLLECTIONS = 10_000
Summary = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")
]


class CollectionDocument(Part):
    """A collection of films in viewing order."""

    slug: Slug = Field(examples=["rivers-of-the-world"])
    name: Line = Field(examples=["Rivers of the World"])
    summary: Summary = ""
    films: Annotated[list[Slug], AfterValidator(unique), Field(max_length=MAX_FILMS)] = Field(
        default=[], description="Slugs, in order; drafts count, and are not shown"
    )
    position: Annotated[int, Field(ge=0, le=MAX_COLLECTIONS, strict=True)] | None = Field(
        default=None, description="Position among the collections; null keeps it, or adds it last"
    )


def collection_for_staff(
    session: Session, slug: str, *, for_change: bool = False
) -> Collection | None:
    """Return a collection with its films of any status, or None; ``for_change`` locks its row."""
    if for_change:
        session.execute(select(Collection.id).where(Collection.slug == slug).with_for_update())
    return session.scalar(
        select(Collection)
        .where(Collection.slug == slug)
        .options(selectinload(Collection.places).joinedload(CollectionFilm.film))
        .execution_options(populate_existing=True)
    )


def collection_document(collection: Collection) -> CollectionDocument:
    """Return the document of a collection that is loaded with its films."""
    return CollectionDocument(
        slug=collection.slug,
        name=collection.name,
        summary=collection.summary,
        films=[place.film.slug for place in collection.places],
        position=collection.position,
    )


def save_collection(
    session: Session,
    wanted: CollectionDocument,
    *,
    actor: Actor,
    is_new: bool | None = None,
    reason: str = "",
) -> bool:
    """Make a collection, or make it what ``wanted`` says. Return whether that changed anything.

    ``is_new`` says that it must not be there yet, or that it must; None takes either.

    Raises:
        NameTakenError: it is there, and should be new.
        NotFoundError: it is not there, and should be.
        InvalidInputError: names a film that is not in the catalog.
    """
    found = collection_for_staff(session, wanted.slug, for_change=True)
    if found is not None and is_new:
        detail = f"Collection “{wanted.slug}” already exists."
        raise NameTakenError(detail, errors=[FieldProblem("#/slug", detail)])
    if found is None and is_new is False:
        detail = f"Collection “{wanted.slug}” not found."
        raise NotFoundError(detail)
    ids = _film_ids(session, wanted)
    before = collection_document(found).model_dump(mode="json") if found else None
    position = wanted.position
    if position is None:
        position = found.position if found else _next_position(session)
    collection = found or Collection(slug=wanted.slug, places=[])
    collection.name, collection.summary, collection.position = (
        wanted.name,
        wanted.summary,
        position,
    )
    held = {place.film_id for place in collection.places}
    if [place.film_id for place in collection.places] != ids:
        public_revision.touch(session, held ^ set(ids))
        if collection.places:
            collection.places = []
            session.flush()
        collection.places = [
            CollectionFilm(film_id=film_id, position=i) for i, film_id in enumerate(ids)
        ]
    session.add(collection)
    session.flush()
    after = wanted.model_copy(update={"position": position}).model_dump(mode="json")
    if before == after:
        return False
    kept = before or {}
    changed = {name: value for name, value in after.items() if kept.get(name) != value}
    audit.record_action(
        session,
        "collection",
        wanted.slug,
        "changed" if before else "created",
        actor,
        before=before and {name: before[name] for name in changed},
        after=changed,
        reason=reason,
    )
    public_revision.bump(session)
    return True


def delete_collection(session: Session, slug: str, *, actor: Actor) -> None:
    """Remove a collection; its films stay. The audit log keeps what it held.

    Raises:
        NotFoundError: there is none.
    """
    collection = collection_for_staff(session, slug, for_change=True)
    if collection is None:
        detail = f"Collection “{slug}” not found."
        raise NotFoundError(detail)
    before = collection_document(collection).model_dump(mode="json")
    public_revision.touch(session, [part.film_id for part in collection.places])
    session.delete(collection)
    session.flush()
    audit.record_action(session, "collection", slug, "deleted", actor, before=before)
    public_revision.bump(session)


def _film_ids(session: Session, wanted: CollectionDocument) -> list[int]:
    rows = session.execute(select(Film.slug, Film.id).where(Film.slug.in_(wanted.films)))
    ids: dict[str, int] = dict(rows.all())
    problems = [
        FieldProblem(f"#/films/{position}", f"Film “{slug}” not found.")
        for position, slug in enumerate(wanted.films)
        if slug not in ids
    ]
    if problems:
        raise InvalidInputError.of(*problems)
    return [ids[slug] for slug in wanted.films]


def _next_position(session: Session) -> int:
    last = session.scalar(select(func.max(Collection.position)))
    return 0 if last is None else last + 1
