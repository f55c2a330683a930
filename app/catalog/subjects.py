"""Subjects as staff keep them: made, renamed, merged, and removed when no film names them."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog import aliases, public_revision, queries, search_index
from app.catalog.documents import Part, text
from app.catalog.enums import NamedKind
from app.catalog.errors import EntryInUseError, NameTakenError
from app.catalog.models import Film, FilmSubject, Subject
from app.catalog.people import in_use_message
from app.catalog.titles import slugify
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.text import TextConstraints

SubjectName = Annotated[str, text(120)]
Summary = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")
]


class SubjectIn(Part):
    """A subject."""

    name: SubjectName = Field(examples=["Rivers"])
    summary: Summary = ""


class SubjectPatch(Part):
    """What to change of a subject; what is left out stays."""

    name: SubjectName | None = None
    summary: Summary | None = None


def get_subject_by_slug(session: Session, slug: str, *, for_change: bool = False) -> Subject:
    """Return a subject by slug, with films or without; ``for_change`` locks the row.

    Raises:
        NotFoundError: there is none.
    """
    statement = select(Subject).where(Subject.slug == slug)
    subject = session.scalar(statement.with_for_update() if for_change else statement)
    if subject is None:
        detail = f"Subject “{slug}” not found."
        raise NotFoundError(detail)
    return subject


def create_subject(session: Session, draft: SubjectIn, *, actor: Actor) -> Subject:
    """Make a subject that no film names yet.

    Raises:
        NameTakenError: it is a subject's name, or a former one.
        InvalidInputError: no slug can be made of the name.
    """
    slug = _free(session, draft.name, own="")
    subject = Subject(slug=slug, name=draft.name, summary=draft.summary)
    session.add(subject)
    session.flush()
    audit.record_action(session, "subject", slug, "created", actor, after=subject_document(subject))
    return subject


def change_subject(
    session: Session, slug: str, patch: SubjectPatch, *, actor: Actor, reason: str = ""
) -> Subject:
    """Update a subject, for all its films. Its address stays; both names find it.

    Raises:
        NotFoundError: there is no such subject.
        NameTakenError: another subject is found under the new name.
    """
    subject = get_subject_by_slug(session, slug, for_change=True)
    before = subject_document(subject)
    if patch.name is not None and patch.name != subject.name:
        also = [slugify(subject.name), _free(session, patch.name, own=slug)]
        aliases.add(session, NamedKind.SUBJECT, also, slug)
        subject.name = patch.name
    if patch.summary is not None:
        subject.summary = patch.summary
    session.flush()
    after = subject_document(subject)
    if before != after:
        audit.record_action(
            session, "subject", slug, "changed", actor, before=before, after=after, reason=reason
        )
        _publish_changes(session, subject if before["name"] != after["name"] else None)
    return subject


def merge_subjects(session: Session, gone: str, kept: str, *, actor: Actor) -> Subject:
    """Make one of two subjects: the films of ``gone`` go to ``kept``, which is found by both names.

    Raises:
        NotFoundError: there is no such subject.
        InvalidInputError: both are the same.
    """
    if gone == kept:
        raise InvalidInputError.of(FieldProblem("#/into", "Choose another subject."))
    rows = {
        slug: get_subject_by_slug(session, slug, for_change=True) for slug in sorted((gone, kept))
    }
    both = select(FilmSubject.film_id).where(FilmSubject.subject_id == rows[kept].id)
    of_gone = FilmSubject.subject_id == rows[gone].id
    session.execute(
        delete(FilmSubject)
        .where(of_gone, FilmSubject.film_id.in_(both))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(FilmSubject)
        .where(of_gone)
        .values(subject_id=rows[kept].id)
        .execution_options(synchronize_session=False)
    )
    before = subject_document(rows[gone])
    session.delete(rows[gone])
    session.flush()
    aliases.redirect_aliases(session, NamedKind.SUBJECT, gone, kept)
    audit.record_action(
        session, "subject", gone, "merged", actor, before=before, after={"into": kept}
    )
    _publish_changes(session, rows[kept])
    return rows[kept]


def delete_subject(session: Session, slug: str, *, actor: Actor) -> None:
    """Remove a subject that no film uses.

    Raises:
        NotFoundError: there is no such subject.
        EntryInUseError: films name it; the detail says which.
    """
    subject = get_subject_by_slug(session, slug, for_change=True)
    titles = [film.title for film in films_on(session, subject)]
    if titles:
        raise EntryInUseError(in_use_message(subject.name, titles))
    before = subject_document(subject)
    session.delete(subject)
    session.flush()
    aliases.forget(session, NamedKind.SUBJECT, slug)
    audit.record_action(session, "subject", slug, "deleted", actor, before=before)


def films_on(session: Session, subject: Subject) -> list[Film]:
    """Return every film, of any status, on a subject, by title, loaded whole."""
    on_it = select(FilmSubject.film_id).where(FilmSubject.subject_id == subject.id)
    return queries.reload_films(session, Film.id.in_(on_it))


def _free(session: Session, name: str, *, own: str) -> str:
    """Return the slug of a name, if no other subject is found under it."""
    slug = slugify(name)
    if not slug:
        problem = "Enter a subject with at least one letter or digit."
        raise InvalidInputError.of(FieldProblem("#/name", problem))
    owner = aliases.resolve_slugs(session, NamedKind.SUBJECT, [slug]).get(slug, slug)
    other = session.scalar(select(Subject.name).where(Subject.slug == owner))
    if other is not None and owner != own:
        detail = f"{name} already belongs to the subject {other}. Merge the two instead."
        raise NameTakenError(detail, errors=[FieldProblem("#/name", detail)])
    return slug


def subject_document(subject: Subject) -> dict[str, Any]:
    """Return what a subject says, as the audit log keeps it."""
    return {"slug": subject.slug, "name": subject.name, "summary": subject.summary}


def _publish_changes(session: Session, renamed: Subject | None) -> None:
    films = films_on(session, renamed) if renamed is not None else []
    search_index.index_films(session, films)
    ids = {film.id for film in films}
    public_revision.touch(session, ids)
    public_revision.bump(session, ids)
