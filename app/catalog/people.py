"""People and organizations as staff keep them: made, corrected, merged, and removed when unused."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog import aliases, public_revision, queries, search_index
from app.catalog.documents import Line, Part, Slug
from app.catalog.enums import NamedKind, PersonKind
from app.catalog.errors import EntryInUseError, NameTakenError
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Person
from app.catalog.titles import slugify, sort_name, sort_title
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.text import TextConstraints

FIELDS = ("name", "sort_name", "kind", "biography")
NAMED = 5
Prose = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=4000, pattern=r"^[^\x00]*$")
]


class PersonIn(Part):
    """A person, or a body such as a production company."""

    name: Line = Field(examples=["Jessica Gorter"])
    slug: Slug | None = Field(
        default=None, description=("Permanent; derived from the name if left out")
    )
    sort_name: Line | None = Field(default=None, description="Derived from the name if left out")
    kind: PersonKind = PersonKind.PERSON
    biography: Prose = ""


class PersonPatch(Part):
    """What to change of a person; what is left out stays."""

    name: Line | None = None
    sort_name: Line | None = None
    kind: PersonKind | None = None
    biography: Prose | None = None


def get_person_by_slug(session: Session, slug: str, *, for_change: bool = False) -> Person:
    """Return a person by slug, with credits or without; ``for_change`` locks the row.

    Raises:
        NotFoundError: there is none.
    """
    statement = select(Person).where(Person.slug == slug)
    person = session.scalar(statement.with_for_update() if for_change else statement)
    if person is None:
        detail = f"Person “{slug}” not found."
        raise NotFoundError(detail)
    return person


def create_person(session: Session, draft: PersonIn, *, actor: Actor) -> Person:
    """Create a person without credits.

    Raises:
        NameTakenError: the slug is another's, or another's former name.
        InvalidInputError: no slug can be made of the name.
    """
    slug = draft.slug or slugify(draft.name)
    if not slug:
        problem = "Enter a slug. None can be derived from this name."
        raise InvalidInputError.of(FieldProblem("#/slug", problem))
    owner = aliases.resolve_slugs(session, NamedKind.PERSON, [slug]).get(slug, slug)
    if session.scalar(select(Person.id).where(Person.slug == owner)) is not None:
        detail = f"“{slug}” already belongs to {owner}."
        raise NameTakenError(detail, errors=[FieldProblem("#/slug", detail)])
    made = sort_title if draft.kind is PersonKind.ORGANIZATION else sort_name
    person = Person(
        slug=slug,
        name=draft.name,
        sort_name=draft.sort_name or made(draft.name),
        kind=draft.kind,
        biography=draft.biography,
    )
    session.add(person)
    session.flush()
    audit.record_action(
        session, "person", person.slug, "created", actor, after=person_document(person)
    )
    return person


def change_person(
    session: Session, slug: str, patch: PersonPatch, *, actor: Actor, reason: str = ""
) -> Person:
    """Update a person, for all their films. The slug stays; the former name finds them too.

    Raises:
        NotFoundError: there is no such person.
    """
    person = get_person_by_slug(session, slug, for_change=True)
    before = person_document(person)
    for name in patch.model_fields_set:
        value = getattr(patch, name)
        if value is not None:
            setattr(person, name, value)
    after = person_document(person)
    changed = [name for name in FIELDS if before[name] != after[name]]
    if changed:
        if "name" in changed:
            former = [slugify(str(before["name"])), slugify(person.name)]
            taken = set(session.scalars(select(Person.slug).where(Person.slug.in_(former))))
            free = [one for one in former if one == slug or one not in taken]
            aliases.add(session, NamedKind.PERSON, free, slug)
        session.flush()
        audit.record_action(
            session,
            "person",
            slug,
            "changed",
            actor,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
            reason=reason,
        )
        _publish_changes(session, films_of(session, person))
    return person


def merge_people(session: Session, gone: str, kept: str, *, actor: Actor) -> Person:
    """Make one of two entries that are the same person: the credits of ``gone`` go to ``kept``.

    A file or link that names ``gone`` later finds ``kept``.

    Raises:
        NotFoundError: there is no such person.
        InvalidInputError: both are the same entry.
    """
    if gone == kept:
        raise InvalidInputError.of(FieldProblem("#/into", "Choose another entry."))
    rows = {
        slug: get_person_by_slug(session, slug, for_change=True) for slug in sorted((gone, kept))
    }
    films = [*films_of(session, rows[gone]), *films_of(session, rows[kept])]
    theirs = {
        (credit.film_id, credit.role): credit
        for credit in session.scalars(select(Credit).where(Credit.person_id == rows[kept].id))
    }
    moved = session.scalars(select(Credit).where(Credit.person_id == rows[gone].id)).all()
    for credit in moved:
        same_credit = theirs.get((credit.film_id, credit.role))
        if same_credit is None:
            credit.person_id = rows[kept].id
        else:
            same_credit.note = same_credit.note or credit.note
            session.delete(credit)
    if not rows[kept].biography:
        rows[kept].biography = rows[gone].biography
    before = person_document(rows[gone]) | {"credits": len(moved)}
    session.flush()
    session.delete(rows[gone])
    session.flush()
    aliases.redirect_aliases(session, NamedKind.PERSON, gone, kept)
    audit.record_action(
        session, "person", gone, "merged", actor, before=before, after={"into": kept}
    )
    _publish_changes(session, films)
    return rows[kept]


def delete_person(session: Session, slug: str, *, actor: Actor) -> None:
    """Delete a person without credits.

    Raises:
        NotFoundError: there is no such person.
        EntryInUseError: films credit them; the detail says which.
    """
    person = get_person_by_slug(session, slug, for_change=True)
    films = films_of(session, person)
    if films:
        raise EntryInUseError(in_use_message(person.name, [film.title for film in films]))
    before = person_document(person)
    session.delete(person)
    session.flush()
    aliases.forget(session, NamedKind.PERSON, slug)
    audit.record_action(session, "person", slug, "deleted", actor, before=before)


def films_of(session: Session, person: Person) -> list[Film]:
    """Return every film, of any status, that credits a person, by title."""
    return list(
        session.scalars(
            select(Film)
            .where(Film.id.in_(select(Credit.film_id).where(Credit.person_id == person.id)))
            .options(*queries.page_options())
            .order_by(Film.sort_key, Film.id)
        )
    )


def in_use_message(name: str, titles: Sequence[str]) -> str:
    """Return which films name something, the first few of them by title."""
    shown = ", ".join(titles[:NAMED])
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    verb = "names" if len(titles) == 1 else "name"
    return (
        f"{shown}{more} still {verb} {name}. Change them first, or merge this entry into another."
    )


def person_document(person: Person) -> dict[str, Any]:
    """Return what an entry says, as the audit log keeps it."""
    return {"slug": person.slug, **{name: getattr(person, name) for name in FIELDS}}


def _publish_changes(session: Session, films: Sequence[Film]) -> None:
    """Make what films say of people known: index, dates, revision."""
    ids = {film.id for film in films}
    search_index.index_films(session, queries.reload_films(session, Film.id.in_(ids)))
    public_revision.touch(session, ids)
    public_revision.bump(session, ids)
