"""Everything that changes films. Each change is audited and counts the catalog's revision up."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import JsonValue
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.actors import Actor
from app.catalog import history, public_revision, queries, search_index
from app.catalog.document_mapping import PARTS, apply_document, document_of
from app.catalog.documents import FilmDocument, FilmPatch
from app.catalog.enums import FilmStatus
from app.catalog.errors import FilmConflictError, VersionInUseError
from app.catalog.models import Film, FilmRelation
from app.catalog.name_resolution import resolve_from_database
from app.catalog.parts_models import Identifier
from app.catalog.rules import check_identifiers, check_publishable, check_relations
from app.catalog.titles import sort_title
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError

log = logging.getLogger(__name__)


def create_film(
    session: Session, document: FilmDocument, *, actor: Actor, reason: str = ""
) -> Film:
    """Add a film.

    Raises:
        FilmConflictError: its slug, or an identifier, is another film's.
        InvalidInputError: a related film is unknown, or it is to be public but lacks what a public
            film needs.
    """
    film = add(session, document)
    return finish(session, film, document, actor=actor, reason=reason)


def add(session: Session, document: FilmDocument) -> Film:
    """Add the film without its relations, which may point to films that are still to come."""
    check_publishable(document)
    if session.scalar(select(Film.id).where(Film.slug == document.slug)) is not None:
        detail = f"Film “{document.slug}” already exists."
        raise FilmConflictError(
            detail, errors=[FieldProblem("#/slug", "Another film already has this slug.")]
        )
    _check_identifiers(session, document)
    # With its parts, so that what is not given is known to be empty, and is not looked for.
    film = Film(slug=document.slug, updated_at=clock.now(), **{name: [] for name in PARTS})
    with _written(session, document):
        apply_document(session, film, resolve_from_database(session, document))
        session.add(film)
    return film


def finish(
    session: Session, film: Film, document: FilmDocument, *, actor: Actor, reason: str = ""
) -> Film:
    """Relate a film just added to others, and make it known: index, audit, revision."""
    if document.related:
        _relate(session, film, document)
        session.flush()
        film = queries.film_for_staff(session, film.slug)
    else:
        set_committed_value(film, "relations", [])
        set_committed_value(film, "files", [])
    written = _json(film)
    if film.is_public:
        search_index.add(session, [(film.id, written)])
    history.record_created(session, [(film.slug, written)], actor=actor, reason=reason)
    log.info("film.created", extra={"film": film.slug, "actor": actor.ref})
    public_revision.bump_deferred(session, [film.id] if film.is_public else [])
    return film


def replace_film(
    session: Session, film: Film, document: FilmDocument, *, actor: Actor, reason: str = ""
) -> bool:
    """Make ``film``, loaded whole, what ``document`` says. Return whether that changed anything.

    A version keeps its identity as long as its label stays, because offers name versions.

    Raises:
        FilmConflictError: an identifier is another film's.
        VersionInUseError: a version that would go is promised by an offer.
        InvalidInputError: the slug differs, a related film is unknown, or it is to be public but
            lacks what a public film needs.
    """
    if document.slug != film.slug:
        problem = FieldProblem(
            "#/slug", (f"A slug can't be changed. This film's slug is {film.slug}.")
        )
        raise InvalidInputError.of(problem)
    check_publishable(document)
    was_public = film.is_public
    before = _json(film)
    wanted = resolve_from_database(session, document)
    if wanted.model_dump(mode="json") == before:
        return False
    _check_identifiers(session, document)
    with _written(session, document):
        apply_document(session, film, wanted)
        _relate(session, film, document)
    film = queries.film_for_staff(session, film.slug)
    after = _json(film)
    changed = [name for name in after if before[name] != after[name]]
    _note(
        session,
        film,
        actor=actor,
        action="film.changed",
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )
    public_revision.bump_deferred(session, [film.id] if was_public or film.is_public else [])
    return True


def patch_film(session: Session, film: Film, patch: FilmPatch, *, actor: Actor) -> bool:
    """Change the fields that ``patch`` gives. Return whether that changed anything.

    A sort title that was derived from the title changes with it.

    Raises:
        As ``replace_film`` does.
    """
    present = document_of(film)
    given = {name: getattr(patch, name) for name in patch.model_fields_set}
    if "title" in given and film.sort_title == sort_title(film.title):
        given.setdefault("sort_title", None)
    return replace_film(session, film, present.model_copy(update=given), actor=actor)


def withdraw_film(session: Session, slug: str, *, actor: Actor, reason: str = "") -> bool:
    """Take a film off the catalog; its row stays, for licenses speak of it. Return False if it was.

    Raises:
        NotFoundError: there is no such film.
    """
    film = queries.film_for_staff(session, slug, for_change=True)
    if film.status is FilmStatus.WITHDRAWN:
        return False
    was = film.status
    film.status = FilmStatus.WITHDRAWN
    session.flush()
    _note(
        session,
        film,
        actor=actor,
        action="film.withdrawn",
        before={"status": was.value},
        after={"status": film.status.value},
        reason=reason,
    )
    if was is FilmStatus.PUBLISHED:
        public_revision.bump(session, [film.id])
    return True


def _relate(session: Session, film: Film, document: FilmDocument) -> None:
    slugs = [part.slug for part in document.related if part.slug is not None]
    rows = session.execute(select(Film.slug, Film.id).where(Film.slug.in_(slugs)))
    ids: dict[str, int] = dict(rows.all())
    check_relations(document, ids)
    wanted = [(ids[part.slug] if part.slug else None, part.title) for part in document.related]
    of_film = FilmRelation.film_id == film.id
    present = session.execute(
        select(FilmRelation.related_film_id, FilmRelation.title)
        .where(of_film)
        .order_by(FilmRelation.position)
    )
    if wanted == present.all():
        return
    # Rows rather than `film.relations`: those of a film just added are not loaded.
    session.execute(delete(FilmRelation).where(of_film))
    session.add_all(
        FilmRelation(film_id=film.id, related_film_id=film_id, title=title, position=position)
        for position, (film_id, title) in enumerate(wanted)
    )


def _check_identifiers(session: Session, document: FilmDocument) -> None:
    if not document.identifiers:
        return
    rows = session.execute(
        select(Identifier.kind, Identifier.value, Film.slug)
        .join(Film, Film.id == Identifier.film_id)
        .where(Identifier.value.in_([part.value for part in document.identifiers]))
    )
    check_identifiers(document, {(kind, value): slug for kind, value, slug in rows})


@contextmanager
def _written(session: Session, document: FilmDocument) -> Iterator[None]:
    """Write what is changed within, and say in the catalog's words what the database refuses.

    The checks before have seen to it already, but for what another writes at the same moment, and
    for offers, which the catalog knows nothing of.
    """
    try:
        yield
        session.flush()
    except IntegrityError as error:
        log.info("film.refused", extra={"film": document.slug, "cause": str(error.orig)})
        if "foreign key" in str(error.orig).lower():
            detail = "An offer or a master uses a version that this change removes."
            problem = FieldProblem("#/versions", "Keep the version that an offer or a master uses.")
            raise VersionInUseError(detail, errors=[problem]) from error
        detail = "Another film already has this slug or one of these identifiers."
        raise FilmConflictError(detail) from error


def _note(
    session: Session,
    film: Film,
    *,
    actor: Actor,
    action: str,
    before: history.Json,
    after: history.Json,
    reason: str = "",
) -> None:
    # Also when only its parts changed: harvesters go by this date.
    film.updated_at = clock.now()
    search_index.index_films(session, [film])
    history.record(
        session, film.slug, actor=actor, action=action, before=before, after=after, reason=reason
    )
    log.info(action, extra={"film": film.slug, "actor": actor.ref})


def _json(film: Film) -> dict[str, JsonValue]:
    dumped: dict[str, JsonValue] = document_of(film).model_dump(mode="json")
    return dumped
