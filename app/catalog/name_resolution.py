"""People and subjects by their names: found by slug, made when new, spelled one way everywhere."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog import aliases
from app.catalog.documents import CreditPart, FilmDocument
from app.catalog.enums import CreditRole, FilmStatus, NamedKind, PersonKind
from app.catalog.models import Film, Subject
from app.catalog.parts_models import Credit, Person
from app.catalog.public_revision import defer_bump, touch
from app.catalog.titles import folded, slugify, sort_name, sort_title
from app.core.db import insert_missing, is_one_of
from app.core.errors import FieldProblem, InvalidInputError


class PersonFacts(NamedTuple):
    """What is known of a person, as credits say it."""

    name: str
    sort_name: str
    kind: PersonKind


FoundPeople = dict[str, tuple[int, str, str, PersonKind]]
"""People who are there by slug: their ids, and what is known of them."""


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The people and the subjects that the catalog has, by their slugs.

    ``aliases`` are the other slugs under which people are found; subjects are found by theirs too.
    """

    people: dict[str, PersonFacts]
    subjects: dict[str, str]
    aliases: dict[str, str] = field(default_factory=dict)


def resolve_from_database(session: Session, document: FilmDocument) -> FilmDocument:
    """Return the document with everything filled in that can be derived: it reads no rows later.

    Raises:
        As ``resolve`` does.
    """
    return resolve(document, known_names(session, [document]))


def known_names(session: Session, documents: Iterable[FilmDocument]) -> KnownNames:
    """Return what the catalog knows of the people and subjects of ``documents``: four queries."""
    people: set[str] = set()
    subjects: set[str] = set()
    for document in documents:
        people.update(person_slug(part) for part in document.credits)
        subjects.update(slugify(name) for name in document.subjects)
    found = aliases.resolve_slugs(session, NamedKind.PERSON, people)
    also = aliases.resolve_slugs(session, NamedKind.SUBJECT, subjects)
    rows = session.execute(
        select(Person.slug, Person.name, Person.sort_name, Person.kind).where(
            is_one_of(session, Person.slug, people | set(found.values()))
        )
    )
    names: dict[str, str] = {}
    if subjects:
        statement = select(Subject.slug, Subject.name).where(
            is_one_of(session, Subject.slug, subjects | set(also.values()))
        )
        names = dict(session.execute(statement).all())
    return KnownNames(
        people={row.slug: PersonFacts(row.name, row.sort_name, row.kind) for row in rows},
        subjects=names | {slug: names[target] for slug, target in also.items()},
        aliases=found,
    )


def find_unchanged_people(
    session: Session, documents: Collection[Mapping[str, Any]]
) -> FoundPeople:
    """Return those people of these resolved documents who are there, and are what is said of them.

    The documents are as JSON has them.
    """
    facts_by_slug = _told(documents)
    existing = _facts(session, facts_by_slug)
    return {slug: facts for slug, facts in existing.items() if facts[1:] == facts_by_slug[slug]}


def are_as_known(
    session: Session, documents: Collection[Mapping[str, Any]], found: FoundPeople
) -> bool:
    """Whether the names in these resolved documents are what ``resolve`` would make of them now.

    New names are: nobody has any by those slugs. ``found`` are people of whom that is known, who
    are not asked for; the others who are there are put into it.
    """
    people = {slug: facts for slug, facts in _told(documents).items() if slug not in found}
    subjects = {slugify(name): name for document in documents for name in document["subjects"]}
    other = aliases.resolve_slugs(session, NamedKind.PERSON, people)
    if any(slug != target for slug, target in other.items()):
        return False
    found |= (here := _facts(session, people))
    if any(facts[1:] != people[slug] for slug, facts in here.items()):
        return False
    also = aliases.resolve_slugs(session, NamedKind.SUBJECT, subjects)
    wanted = is_one_of(session, Subject.slug, {*subjects, *also.values()})
    names = dict(session.execute(select(Subject.slug, Subject.name).where(wanted)).all())
    return all(names.get(also.get(slug, slug), name) == name for slug, name in subjects.items())


def person_slug(part: CreditPart) -> str:
    """Return the slug under which a credit's person is known; empty if none can be made."""
    return part.person or slugify(part.name)


def resolve(document: FilmDocument, known: KnownNames) -> FilmDocument:
    """Return the document with everything filled in that can be derived from it and ``known``.

    Raises:
        InvalidInputError: a name has no letters to make a slug of, a name is given twice, or a
            person is known under another name.
    """
    problems: list[FieldProblem] = []
    given = [person_slug(part) for part in document.credits]
    slugs = [known.aliases.get(slug, slug) for slug in given]
    named = [
        _resolved_credit(part, slug, known.people.get(slug), is_alias=typed in known.aliases)
        for part, slug, typed in zip(document.credits, slugs, given, strict=True)
    ]
    seen: set[tuple[str, CreditRole]] = set()
    for index, (part, slug) in enumerate(zip(named, slugs, strict=True)):
        person = known.people.get(slug)
        if not slug:
            detail = "Enter a slug in `person`. None can be derived from this name."
            problems.append(FieldProblem(f"#/credits/{index}/person", detail))
        elif (
            person is not None
            and person.name != part.name
            and folded(person.name) != folded(part.name)
        ):
            detail = (
                f"{slug} is {person.name}. For a different person, enter another slug in `person`."
            )
            problems.append(FieldProblem(f"#/credits/{index}/name", detail))
        elif (slug, part.role) in seen:
            detail = f"{part.name} already has this role."
            problems.append(FieldProblem(f"#/credits/{index}", detail))
        seen.add((slug, part.role))
    subjects = _resolved_subjects(document.subjects, known.subjects, problems)
    labels = [part.label for part in document.versions]
    if len(set(labels)) < len(labels):
        problems.append(FieldProblem("#/versions", "Enter each version label once."))
    numbers = [(part.kind, part.value) for part in document.identifiers]
    if len(set(numbers)) < len(numbers):
        problems.append(FieldProblem("#/identifiers", "Enter each identifier once."))
    if problems:
        raise InvalidInputError.of(*problems)
    return document.model_copy(
        update={
            "sort_title": document.sort_title or sort_title(document.title),
            "credits": named,
            "subjects": subjects,
        }
    )


def with_current_names(session: Session, document: FilmDocument) -> FilmDocument:
    """Return the document with people under the names that they have by now.

    For an older document, such as one of a film's history.
    """
    known = known_names(session, [document])
    named = []
    for part in document.credits:
        slug = known.aliases.get(person_slug(part), person_slug(part))
        person = known.people.get(slug)
        now = person._asdict() | {"person": slug} if person else {}
        named.append(part.model_copy(update=now))
    return document.model_copy(update={"credits": named})


def facts_of(parts: Iterable[CreditPart]) -> dict[str, PersonFacts]:
    """Return what resolved credits say of people, by their slugs."""
    return {
        part.person or "": PersonFacts(
            part.name, part.sort_name or part.name, part.kind or PersonKind.PERSON
        )
        for part in parts
    }


def people_of(session: Session, wanted: Mapping[str, PersonFacts]) -> dict[str, Person]:
    """Return the people of resolved credits by slug; new ones are made.

    What a credit says of a person's sort name, kind or accents becomes so for all of their films.
    """
    known = _people(session, list(wanted))
    unknown = {slug: facts for slug, facts in wanted.items() if slug not in known}
    if unknown:
        _add_people(session, unknown)
        known |= _people(session, list(unknown))
    for slug, said in sorted(wanted.items()):
        person = known[slug]
        if said != (person.name, person.sort_name, person.kind):
            person.name, person.sort_name, person.kind = said
            of_person = select(Film.id).where(Film.credits.any(Credit.person_id == person.id))
            touch(session, of_person)
            public = of_person.where(Film.status == FilmStatus.PUBLISHED)
            defer_bump(session, session.scalars(public).all())
    return known


def person_ids(
    session: Session, wanted: Mapping[str, PersonFacts], found: FoundPeople | None = None
) -> dict[str, int]:
    """Return the ids of the people of resolved credits by slug, found or made as in ``people_of``.

    ``found`` are those who are there, if the caller knows. Loads only those whom a credit says
    something new of.
    """
    known = _facts(session, wanted) if found is None else {**found}
    # Not by their number: ``found`` may hold people of other films of the same batch.
    unknown = {slug: facts for slug, facts in wanted.items() if slug not in known}
    if unknown:
        _add_people(session, unknown)
        known |= _facts(session, unknown)
    corrected = {slug: said for slug, said in wanted.items() if known[slug][1:] != said}
    if corrected:
        people_of(session, corrected)
    return {slug: facts[0] for slug, facts in known.items()}


def _facts(session: Session, slugs: Collection[str]) -> FoundPeople:
    if not slugs:
        return {}
    rows = session.execute(
        select(Person.slug, Person.id, Person.name, Person.sort_name, Person.kind).where(
            is_one_of(session, Person.slug, slugs)
        )
    )
    return {row.slug: (row.id, row.name, row.sort_name, row.kind) for row in rows}


def _told(documents: Collection[Mapping[str, Any]]) -> dict[str, tuple[str, str, str]]:
    return {
        part["person"]: (part["name"], part["sort_name"], part["kind"])
        for document in documents
        for part in document["credits"]
    }


def _add_people(session: Session, people: Mapping[str, PersonFacts]) -> None:
    """Add people, unless another brings them at this moment.

    In one order everywhere: of two films that bring the same new people, one waits for the other,
    and never each for the other.
    """
    rows = [
        {"slug": slug, **facts._asdict(), "biography": ""} for slug, facts in sorted(people.items())
    ]
    insert_missing(session, Person, rows, index_elements=["slug"])


def subjects_of(session: Session, names: Sequence[str]) -> list[Subject]:
    """Return the subjects of these names in their order; new ones are made."""
    named = {slugify(name): name for name in names}
    also = aliases.resolve_slugs(session, NamedKind.SUBJECT, named)
    wanted = select(Subject).where(Subject.slug.in_({*named, *also.values()}))
    found = {subject.slug: subject for subject in session.scalars(wanted)}
    known = found | {slug: found[target] for slug, target in also.items()}
    if named.keys() - known.keys():
        unknown = sorted(named.keys() - known.keys())  # in one order, as people
        rows = [{"slug": slug, "name": named[slug], "summary": ""} for slug in unknown]
        insert_missing(session, Subject, rows, index_elements=["slug"])
        known |= {subject.slug: subject for subject in session.scalars(wanted)}
        known |= {slug: known[target] for slug, target in also.items()}
    return [known[slugify(name)] for name in names]


def _people(session: Session, slugs: Sequence[str]) -> dict[str, Person]:
    people = session.scalars(select(Person).where(Person.slug.in_(slugs)))
    return {person.slug: person for person in people}


def _resolved_credit(
    part: CreditPart, slug: str, person: PersonFacts | None, *, is_alias: bool
) -> CreditPart:
    if is_alias and person is not None and folded(person.name) != folded(part.name):
        # A name that they had, or had under another entry, is no new one.
        part = part.model_copy(update=person._asdict())
    if part.kind is not None:
        kind = part.kind
    elif person is not None:
        kind = person.kind
    elif part.role in {CreditRole.PRODUCTION_COMPANY, CreditRole.DISTRIBUTOR}:
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
    names: Sequence[str], known: Mapping[str, str], problems: list[FieldProblem]
) -> list[str]:
    slugs = [slugify(name) for name in names]
    for index, slug in enumerate(slugs):
        if not slug:
            detail = "Enter a subject with at least one letter or digit."
            problems.append(FieldProblem(f"#/subjects/{index}", detail))
        elif slug in slugs[:index]:
            problems.append(FieldProblem(f"#/subjects/{index}", "Enter each subject once."))
    found = [known.get(slug, name) for slug, name in zip(slugs, names, strict=True)]
    for index, name in enumerate(found):
        if name in found[:index] and slugs[index] not in slugs[:index]:
            problem = f"{names[index]} is another name for {name}, which is also listed."
            problems.append(FieldProblem(f"#/subjects/{index}", problem))
    return found
