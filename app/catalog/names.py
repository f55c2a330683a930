"""People and subjects by their names: found by slug, made when new, spelled one way everywhere."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.documents import CreditPart, FilmDocument
from app.catalog.kinds import CreditRole, PersonKind
from app.catalog.models import Subject
from app.catalog.parts_models import Credit, Person
from app.catalog.revisions import touch
from app.catalog.titles import folded, slugify, sort_name, sort_title
from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError


def resolved(session: Session, document: FilmDocument) -> FilmDocument:
    """Return the document with everything filled in that can be derived: it reads no rows later.

    Raises:
        InvalidInputError: a name has no letters to make a slug of, a name is given twice, or a
            person is known under another name.
    """
    problems: list[FieldProblem] = []
    slugs = [part.person or slugify(part.name) for part in document.credits]
    known = _people(session, slugs)
    named = [
        _resolved_credit(part, slug, known.get(slug))
        for part, slug in zip(document.credits, slugs, strict=True)
    ]
    seen: set[tuple[str, CreditRole]] = set()
    for index, (part, slug) in enumerate(zip(named, slugs, strict=True)):
        person = known.get(slug)
        if not slug:
            detail = "give a slug in `person`: none can be made of this name"
            problems.append(FieldProblem(f"#/credits/{index}/person", detail))
        elif person is not None and folded(person.name) != folded(part.name):
            detail = f"{slug} is {person.name}; for someone else, give another slug in `person`"
            problems.append(FieldProblem(f"#/credits/{index}/name", detail))
        elif (slug, part.role) in seen:
            detail = f"{part.name} has this role already"
            problems.append(FieldProblem(f"#/credits/{index}", detail))
        seen.add((slug, part.role))
    subjects = _resolved_subjects(session, document.subjects, problems)
    labels = [part.label for part in document.versions]
    if len(set(labels)) < len(labels):
        problems.append(FieldProblem("#/versions", "two versions have the same label"))
    numbers = [(part.kind, part.value) for part in document.identifiers]
    if len(set(numbers)) < len(numbers):
        problems.append(FieldProblem("#/identifiers", "the same identifier is given twice"))
    if problems:
        raise InvalidInputError.of(*problems)
    return document.model_copy(
        update={
            "sort_title": document.sort_title or sort_title(document.title),
            "credits": named,
            "subjects": subjects,
        }
    )


def as_known(session: Session, document: FilmDocument) -> FilmDocument:
    """Return the document with people under the names that they have by now.

    For an older document, such as one of a film's history.
    """
    known = _people(session, [part.person or slugify(part.name) for part in document.credits])
    named = []
    for part in document.credits:
        person = known.get(part.person or slugify(part.name))
        now = (
            {"name": person.name, "sort_name": person.sort_name, "kind": person.kind}
            if person
            else {}
        )
        named.append(part.model_copy(update=now))
    return document.model_copy(update={"credits": named})


def people_of(session: Session, parts: Sequence[CreditPart]) -> dict[str, Person]:
    """Return the people of resolved credits by slug; new ones are made.

    What a credit says of a person's sort name, kind or accents becomes so for all of their films.
    """
    known = _people(session, [part.person or "" for part in parts])
    # In one order everywhere: of two films that bring the same new people at the same moment, one
    # waits for the other, and never each for the other.
    for part in sorted(parts, key=lambda part: part.person or ""):
        slug = part.person or ""
        if slug not in known:
            values = {
                "slug": slug,
                "name": part.name,
                "sort_name": part.sort_name,
                "kind": part.kind,
                "biography": "",
            }
            insert_ignore(session, Person, values, index_elements=["slug"])
            known |= _people(session, [slug])
        person = known[slug]
        said = (part.name, part.sort_name or person.sort_name, part.kind or person.kind)
        if said != (person.name, person.sort_name, person.kind):
            person.name, person.sort_name, person.kind = said
            touch(session, select(Credit.film_id).where(Credit.person_id == person.id))
    return known


def subjects_of(session: Session, names: Sequence[str]) -> list[Subject]:
    """Return the subjects of these names in their order; new ones are made."""
    slugs = [slugify(name) for name in names]
    wanted = select(Subject).where(Subject.slug.in_(slugs))
    known = {subject.slug: subject for subject in session.scalars(wanted)}
    for slug, name in sorted(zip(slugs, names, strict=True)):  # in one order, as people
        if slug not in known:
            values = {"slug": slug, "name": name, "summary": ""}
            insert_ignore(session, Subject, values, index_elements=["slug"])
    if len(known) < len(slugs):
        known = {subject.slug: subject for subject in session.scalars(wanted)}
    return [known[slug] for slug in slugs]


def _people(session: Session, slugs: Sequence[str]) -> dict[str, Person]:
    found = session.scalars(select(Person).where(Person.slug.in_(slugs)))
    return {person.slug: person for person in found}


def _resolved_credit(part: CreditPart, slug: str, person: Person | None) -> CreditPart:
    if part.kind is not None:
        kind = part.kind
    elif person is not None:
        kind = person.kind
    elif part.role is CreditRole.PRODUCTION_COMPANY:
        kind = PersonKind.ORGANIZATION
    else:
        kind = PersonKind.PERSON
    if part.sort_name is not None:
        filed = part.sort_name
    elif person is not None:
        filed = person.sort_name
    elif kind is PersonKind.ORGANIZATION:
        filed = sort_title(part.name)
    else:
        filed = sort_name(part.name)
    return part.model_copy(update={"person": slug, "sort_name": filed, "kind": kind})


def _resolved_subjects(
    session: Session, names: Sequence[str], problems: list[FieldProblem]
) -> list[str]:
    slugs = [slugify(name) for name in names]
    rows = session.execute(select(Subject.slug, Subject.name).where(Subject.slug.in_(slugs)))
    known: dict[str, str] = dict(rows.all())
    for index, slug in enumerate(slugs):
        if not slug:
            detail = "a subject needs a letter or a digit of the Latin alphabet"
            problems.append(FieldProblem(f"#/subjects/{index}", detail))
        elif slug in slugs[:index]:
            problems.append(FieldProblem(f"#/subjects/{index}", "this subject is given twice"))
    return [known.get(slug, name) for slug, name in zip(slugs, names, strict=True)]
