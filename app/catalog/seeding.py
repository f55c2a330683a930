"""Bring the catalog to what the seed files say: idempotent, and telling what it changed."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog import film_service, public_revision, queries, search_index, seed_schema
from app.catalog.collection_service import CollectionDocument, save_collection
from app.catalog.models import Collection, Film, SeedMark
from app.catalog.name_resolution import subjects_of
from app.catalog.parts_models import Credit, Person
from app.catalog.seed_schema import CollectionSeed, FilmSeed, PersonSeed, SeedError, SubjectSeed
from app.catalog.titles import slugify
from app.core.errors import AppError

SEEDER = Actor.operator("reelright seed")


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What seeding did, by the names of the seeds, such as ``films/the-red-soul``."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """Seeds that need a film which the catalog does not have."""

    def words(self) -> str:
        """Say what changed: counts by kind of seed, and what was skipped by name."""
        kinds = Counter(name.split("/", maxsplit=1)[0] for name in self.created)
        changed = Counter(name.split("/", maxsplit=1)[0] for name in self.changed)
        same = Counter(name.split("/", maxsplit=1)[0] for name in self.unchanged)
        lines = [
            f"{kind}: {kinds[kind]} created, {changed[kind]} changed, {same[kind]} unchanged"
            for kind in sorted(kinds | changed | same)
        ]
        return "\n".join([*lines, *(f"skipped: {name}" for name in self.skipped)])


def seed_catalog(session: Session, folder: Path) -> SeedReport:
    """Bring films, people and collections to what ``folder`` says. Never removes a film.

    A seed that says what it said the last time is passed over, so that what staff have changed
    since stays as it is; one that says something new is applied over their changes. A film that
    exists keeps its status unless its file names one.

    Raises:
        SeedError: a file cannot be read, or says what the catalog refuses; names the file.
    """
    report = SeedReport()
    marks = {mark.name: mark for mark in session.scalars(select(SeedMark))}
    seeds = list(seed_schema.films(folder))
    existing = set(session.scalars(select(Film.slug)))
    _add_films(session, [seed for seed in seeds if seed.slug not in existing], marks, report)
    for seed in seeds:
        if seed.slug in existing:
            _seed_film(session, seed, marks, report)
    for person in seed_schema.people(folder):
        _seed_person(session, person, marks, report)
    for subject in seed_schema.subjects(folder):
        _seed_subject(session, subject, marks, report)
    for position, collection in enumerate(seed_schema.collections(folder)):
        _seed_collection(session, collection, position, marks, report)
    return report


def _add_films(
    session: Session, seeds: list[FilmSeed], marks: dict[str, SeedMark], report: SeedReport
) -> None:
    added: list[Film] = []
    for seed in seeds:
        name = f"films/{seed.slug}"
        with _naming(name):
            added.append(film_service.add(session, seed))
        _mark(session, marks, name, seed)
        report.created.append(name)
    # Relations last: a film may be related to one whose file comes later.
    for film, seed in zip(added, seeds, strict=True):
        with _naming(f"films/{seed.slug}"):
            film_service.finish(session, film, seed, actor=SEEDER)


def _seed_film(
    session: Session, seed: FilmSeed, marks: dict[str, SeedMark], report: SeedReport
) -> None:
    name = f"films/{seed.slug}"
    if not _mark(session, marks, name, seed):
        report.unchanged.append(name)
        return
    film = queries.film_for_staff(session, seed.slug, for_change=True)
    if "status" not in seed.model_fields_set:
        seed = seed.model_copy(update={"status": film.status})
    with _naming(name):
        is_new = film_service.replace_film(session, film, seed, actor=SEEDER)
    (report.changed if is_new else report.unchanged).append(name)


def _seed_subject(
    session: Session, seed: SubjectSeed, marks: dict[str, SeedMark], report: SeedReport
) -> None:
    name = f"subjects/{slugify(seed.name)}"
    if not _mark(session, marks, name, seed):
        report.unchanged.append(name)
        return
    (subject,) = subjects_of(session, [seed.name])
    if subject.summary == seed.summary:
        report.unchanged.append(name)
        return
    before: dict[str, object] = {"summary": subject.summary}
    subject.summary = seed.summary
    session.flush()
    _note(session, "subject", subject.slug, before, {"summary": seed.summary})
    public_revision.bump(session)
    (report.changed if before["summary"] else report.created).append(name)


def _seed_person(
    session: Session, seed: PersonSeed, marks: dict[str, SeedMark], report: SeedReport
) -> None:
    name = f"people/{seed.slug}"
    if not _mark(session, marks, name, seed):
        report.unchanged.append(name)
        return
    person = session.scalar(select(Person).where(Person.slug == seed.slug))
    values = seed.model_dump()
    if person is None:
        session.add(Person(**values))
        session.flush()
        report.created.append(name)
        return
    before = {key: getattr(person, key) for key in values}
    if before == values:
        report.unchanged.append(name)
        return
    for key, value in values.items():
        setattr(person, key, value)
    session.flush()
    films = _films_of(session, person)
    if before["name"] != person.name:
        search_index.index_films(session, films)
    public_revision.touch(session, [film.id for film in films])
    _note(session, "person", seed.slug, before, values)
    public_revision.bump(session, [film.id for film in films])
    report.changed.append(name)


def _seed_collection(
    session: Session,
    seed: CollectionSeed,
    position: int,
    marks: dict[str, SeedMark],
    report: SeedReport,
) -> None:
    name = f"collections/{seed.slug}"
    if len(set(seed.films)) < len(seed.films):
        msg = f"{name}: a film is given twice"
        raise SeedError(msg)
    values = CollectionDocument(
        slug=seed.slug,
        name=seed.name,
        summary=seed.summary,
        films=list(seed.films),
        position=position,
    )
    if not _mark(session, marks, name, seed):
        report.unchanged.append(name)
        return
    is_new = session.scalar(select(Collection.id).where(Collection.slug == seed.slug)) is None
    with _naming(name):
        changed = save_collection(session, values, actor=SEEDER)
    (report.created if is_new else report.changed if changed else report.unchanged).append(name)


def _films_of(session: Session, person: Person) -> list[Film]:
    return list(
        session.scalars(
            select(Film)
            .where(Film.id.in_(select(Credit.film_id).where(Credit.person_id == person.id)))
            .options(*queries.page_options())
        )
    )


def _note(
    session: Session,
    object_type: str,
    slug: str,
    before: dict[str, object] | None,
    after: dict[str, object],
) -> None:
    stored = before or {}
    audit.record_action(
        session,
        object_type,
        slug,
        "changed" if before else "created",
        SEEDER,
        before=before and {key: stored[key] for key in after if stored[key] != after[key]},
        after={key: value for key, value in after.items() if stored.get(key) != value},
    )


def _mark(session: Session, marks: dict[str, SeedMark], name: str, seed: BaseModel) -> bool:
    """Note what the seed says. Return whether that is something new."""
    # The status counts as given or not: see seed_catalog.
    text = seed.model_dump_json() + str("status" in seed.model_fields_set)
    digest = hashlib.sha256(text.encode()).hexdigest()
    mark = marks.get(name)
    if mark is None:
        session.add(SeedMark(name=name, sha256=digest))
        return True
    if mark.sha256 == digest:
        return False
    mark.sha256 = digest
    return True


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Say in which seed the catalog found something to refuse."""
    try:
        yield
    except AppError as error:
        problems = "; ".join(f"{problem.pointer}: {problem.detail}" for problem in error.errors)
        msg = f"{name}: {problems or error.detail}"
        raise SeedError(msg) from error
