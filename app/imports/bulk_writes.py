"""Films written many at once, a table at a time: the same rows as ``film_service`` leaves.

Of a film that changes, only the rows of fields that differ are replaced. A version keeps its row as
long as its label stays, because offers refer to versions.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import history, identifiers, search_index
from app.catalog.document_mapping import PLAIN, SIMPLE_PARTS
from app.catalog.enums import FilmStatus, IdentifierKind, LanguageUse, PersonKind
from app.catalog.models import Film, FilmCountry, FilmRelation, FilmSubject
from app.catalog.name_resolution import FoundPeople, PersonFacts, person_ids, subjects_of
from app.catalog.parts_models import Caption, Credit, Identifier, Version, VersionLanguage
from app.catalog.titles import sort_key
from app.core import clock
from app.core.copying import copy_in_background, copy_rows
from app.core.db import Base, is_one_of, new_ids, table_of

Json = Mapping[str, Any]
"""A resolved document of a film, or a part of one, in JSON types."""
Rows = dict[type[Base], list[dict[str, Any]]]
# Dates of parts, which are text in JSON.
DAYS = {"published_on", "checked_on"}


@dataclass(frozen=True, slots=True)
class NewFilm:
    """A film to add: its resolved document, and its entry in the search index."""

    document: Json
    entry: search_index.Entry

    @property
    def is_public(self) -> bool:
        """Whether it is published."""
        return bool(self.document["status"] == FilmStatus.PUBLISHED)


def insert_films(session: Session, films: Mapping[int, NewFilm]) -> None:
    """Add films under new IDs, without people, subjects and relations.

    The documents must be valid. ``link_films`` adds the rest, in the same transaction.

    Raises:
        IntegrityError: another transaction has just added a slug or an identifier.
    """
    pairs = [(film_id, film.document) for film_id, film in films.items()]
    version_ids = iter(
        new_ids(session, Version, sum(len(document["versions"]) for _, document in pairs))
    )
    with copy_in_background(session):
        # Always in the same order, to avoid a deadlock with another import of the same films.
        own = sorted((_film_row(*pair) for pair in pairs), key=lambda row: str(row["slug"]))
        copy_rows(session, Film, own)
        # The slowest table for the server comes first.
        public = [(film_id, film.entry) for film_id, film in films.items() if film.is_public]
        search_index.add_entries(session, public)
        rows: Rows = defaultdict(list)
        for film_id, document in pairs:
            for position, version in enumerate(document["versions"]):
                add_version(rows, next(version_ids), film_id, position, version)
            add_identifiers(rows, film_id, document)
            add_countries(rows, film_id, document)
            for name in SIMPLE_PARTS:
                add_simple_parts(rows, name, film_id, document)
        write_rows(session, rows)


def link_films(
    session: Session,
    films: Mapping[int, Json],
    *,
    known_people: FoundPeople | None,
    related: Mapping[str, int],
    actor: Actor,
    reason: str = "",
) -> None:
    """Add credits, subjects, relations and the history of films after ``insert_films``.

    ``films`` are resolved documents by ID. ``known_people`` are the people who exist, if the caller
    has found them; ``related`` has the IDs of related films. The caller bumps the revision.
    """
    people = person_ids(session, people_in(films.values()), known_people)
    subjects = subject_ids(session, films.values())
    with copy_in_background(session):
        rows: Rows = defaultdict(list)
        for film_id, document in films.items():
            add_credits(rows, film_id, document, people)
            add_subjects(rows, film_id, document, subjects)
            add_relations(rows, film_id, document, related)
        write_rows(session, rows)
        created = ((document["slug"], document) for document in films.values())
        history.record_created(session, created, actor=actor, reason=reason)


def write_rows(session: Session, rows: Rows) -> None:
    """Insert rows of parts, table by table, versions first because others refer to them.

    Raises:
        IntegrityError: another transaction has just added an identifier.
    """
    rows[Identifier].sort(key=lambda row: (str(row["kind"]), str(row["value"])))
    first: list[type[Base]] = [Version]
    for model in (*first, *(model for model in rows if model not in first)):
        copy_rows(session, model, rows[model])


def people_in(documents: Iterable[Json]) -> dict[str, PersonFacts]:
    """Return the facts about people in these documents, by slug."""
    return {
        part["person"]: PersonFacts(part["name"], part["sort_name"], PersonKind(part["kind"]))
        for document in documents
        for part in document["credits"]
    }


def subject_ids(session: Session, documents: Iterable[Json]) -> dict[str, int]:
    """Return the IDs of the subjects of these documents by name; create new ones."""
    names = list(dict.fromkeys(name for document in documents for name in document["subjects"]))
    subjects = subjects_of(session, names)
    return {name: subject.id for name, subject in zip(names, subjects, strict=True)}


def film_ids(session: Session, slugs: Sequence[str]) -> dict[str, int]:
    """Return the IDs of the existing films of these slugs."""
    rows = session.execute(select(Film.slug, Film.id).where(is_one_of(session, Film.slug, slugs)))
    return dict(rows.all())


def plain_values(document: Json) -> dict[str, Any]:
    """Return the column values of a film's row from its document."""
    values = {name: document[name] for name in PLAIN}
    return values | {"sort_key": sort_key(document["sort_title"])}


def _film_row(film_id: int, document: Json) -> dict[str, Any]:
    now = clock.now()
    return plain_values(document) | {
        "id": film_id,
        "slug": document["slug"],
        "published_at": now if document["status"] == FilmStatus.PUBLISHED else None,
        "created_at": now,
        "updated_at": now,
    }


def add_version(rows: Rows, version_id: int, film_id: int, position: int, part: Json) -> None:
    """Add the rows of a version."""
    rows[Version].append(
        {
            "id": version_id,
            "film_id": film_id,
            "position": position,
            "label": part["label"],
            "runtime_minutes": part["runtime_minutes"],
            "audio_description": part["audio_description"],
        }
    )
    add_tracks(rows, version_id, part)


def add_tracks(rows: Rows, version_id: int, part: Json) -> None:
    """Add the rows of a version's languages and captions."""
    key = {"version_id": version_id}
    for use, name in ((LanguageUse.SPOKEN, "spoken"), (LanguageUse.SUBTITLES, "subtitles")):
        for position, language in enumerate(part[name]):
            values = {"use": use, "language": language, "position": position}
            rows[VersionLanguage].append(key | values)
    for position, caption in enumerate(part["captions"]):
        rows[Caption].append(key | {"position": position} | caption)


def add_simple_parts(rows: Rows, name: str, film_id: int, document: Json) -> None:
    """Add the rows of parts whose fields are columns."""
    model, _ = SIMPLE_PARTS[name]
    for position, part in enumerate(document[name]):
        row = {"film_id": film_id, "position": position} | part
        for day in DAYS & row.keys():
            row[day] = row[day] and date.fromisoformat(row[day])
        rows[model].append(row)


def add_credits(rows: Rows, film_id: int, document: Json, people: Mapping[str, int]) -> None:
    """Add the rows of the credits."""
    for position, part in enumerate(document["credits"]):
        rows[Credit].append(
            {
                "film_id": film_id,
                "person_id": people[part["person"]],
                "role": part["role"],
                "note": part["note"],
                "position": position,
            }
        )


def add_subjects(rows: Rows, film_id: int, document: Json, subjects: Mapping[str, int]) -> None:
    """Add the rows of the subjects."""
    for position, name in enumerate(document["subjects"]):
        row = {"film_id": film_id, "subject_id": subjects[name], "position": position}
        rows[FilmSubject].append(row)


def add_countries(rows: Rows, film_id: int, document: Json) -> None:
    """Add the rows of the countries."""
    for position, country in enumerate(document["countries"]):
        rows[FilmCountry].append({"film_id": film_id, "country": country, "position": position})


def add_identifiers(rows: Rows, film_id: int, document: Json) -> None:
    """Add the rows of the identifiers."""
    for position, number in enumerate(document["identifiers"]):
        checked = identifiers.has_check_digit(IdentifierKind(number["kind"]))
        row = {"film_id": film_id, "position": position, "checked": checked}
        rows[Identifier].append(row | number)


def add_relations(rows: Rows, film_id: int, document: Json, by_slug: Mapping[str, int]) -> None:
    """Add the rows of the relations to other films."""
    for position, part in enumerate(document["related"]):
        rows[FilmRelation].append(
            {
                "film_id": film_id,
                "related_film_id": by_slug[part["slug"]] if part["slug"] else None,
                "title": part["title"],
                "position": position,
            }
        )


PART_MODELS: dict[str, type[Base]] = {
    **{name: model for name, (model, _) in SIMPLE_PARTS.items()},
    "credits": Credit,
    "subjects": FilmSubject,
    "countries": FilmCountry,
    "identifiers": Identifier,
    "related": FilmRelation,
}


@dataclass(frozen=True, slots=True)
class FilmChange:
    """A film to change: its resolved documents before and after."""

    film_id: int
    present: Json
    document: Json
    entry: search_index.Entry

    @property
    def is_public(self) -> bool:
        """Whether it is published afterwards."""
        return bool(self.document["status"] == FilmStatus.PUBLISHED)

    @property
    def affects_public(self) -> bool:
        """Whether it is published before or afterwards."""
        return self.is_public or self.present["status"] == FilmStatus.PUBLISHED

    def differs_in(self, name: str) -> bool:
        """Whether this field changes."""
        return bool(self.document[name] != self.present[name])


def lock_films(session: Session, film_ids: Collection[int]) -> None:
    """Lock these films until the commit."""
    locked = select(Film.id).where(Film.id.in_(film_ids)).order_by(Film.id).with_for_update()
    session.execute(locked).all()


def change_films(
    session: Session,
    changes: Sequence[FilmChange],
    *,
    related: Mapping[str, int],
    actor: Actor,
    reason: str = "",
) -> None:
    """Change films into their documents, and update the search index and the history.

    The films must be locked and match ``present``, and the documents must be valid; ``related``
    has the IDs of related films. The caller bumps the revision.

    Raises:
        IntegrityError: another film has an identifier, or an offer has a version to delete.
    """
    _update_films(session, changes)
    rows: Rows = defaultdict(list)
    for name, model in PART_MODELS.items():
        _delete_parts(
            session, model, [change.film_id for change in changes if change.differs_in(name)]
        )
    _update_versions(session, [change for change in changes if change.differs_in("versions")], rows)
    people = person_ids(session, people_in(_changed_documents(changes, "credits")))
    subjects = subject_ids(session, _changed_documents(changes, "subjects"))
    add: dict[str, Callable[[Rows, int, Json], None]] = {
        "credits": lambda rows, film_id, film: add_credits(rows, film_id, film, people),
        "subjects": lambda rows, film_id, film: add_subjects(rows, film_id, film, subjects),
        "countries": add_countries,
        "identifiers": add_identifiers,
        "related": lambda rows, film_id, film: add_relations(rows, film_id, film, related),
    }
    for change in changes:
        for name in PART_MODELS:
            if not change.differs_in(name):
                continue
            if name in SIMPLE_PARTS:
                add_simple_parts(rows, name, change.film_id, change.document)
            else:
                add[name](rows, change.film_id, change.document)
    write_rows(session, rows)
    search_index.remove_films(session, [change.film_id for change in changes])
    search_index.add_entries(
        session, [(change.film_id, change.entry) for change in changes if change.is_public]
    )
    changed = (
        (str(change.document["slug"]), change.present, change.document) for change in changes
    )
    history.record_changed(session, changed, actor=actor, reason=reason)


def _changed_documents(changes: Sequence[FilmChange], name: str) -> list[Json]:
    return [change.document for change in changes if change.differs_in(name)]


def _update_films(session: Session, changes: Sequence[FilmChange]) -> None:
    """Update the films' rows where a column differs, and the date of all of them."""
    # Also when only parts changed, because harvesters use this date.
    now = clock.now()
    table = table_of(Film)
    dated = update(table).where(table.c.id.in_([change.film_id for change in changes]))
    session.execute(dated.values(updated_at=now))
    rows = [
        {"film": change.film_id, "now": now if change.is_public else None}
        | {f"new_{name}": value for name, value in plain_values(change.document).items()}
        for change in changes
        if any(change.differs_in(name) for name in PLAIN)
    ]
    if not rows:
        return
    names = (*PLAIN, "sort_key")
    first = func.coalesce(table.c.published_at, bindparam("now", type_=table.c.published_at.type))
    values: dict[str, Any] = {
        name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names
    }
    statement = update(table).where(table.c.id == bindparam("film"))
    session.execute(statement.values(**values, published_at=first), rows)


def _update_versions(session: Session, changes: Sequence[FilmChange], rows: Rows) -> None:
    """Update versions by their labels, and add new versions and all tracks to ``rows``."""
    if not changes:
        return
    kept_versions = {
        (change.film_id, part["label"])
        for change in changes
        for part in change.document["versions"]
    }
    ids = _delete_versions(session, [change.film_id for change in changes], kept_versions)
    new = iter(new_ids(session, Version, len(kept_versions - ids.keys())))
    updates = []
    for change in changes:
        for position, part in enumerate(change.document["versions"]):
            version_id = ids.get((change.film_id, part["label"]))
            if version_id is None:
                add_version(rows, next(new), change.film_id, position, part)
                continue
            add_tracks(rows, version_id, part)
            updates.append(
                {
                    "version": version_id,
                    "place": position,
                    "minutes": part["runtime_minutes"],
                    "described": part["audio_description"],
                }
            )
    if updates:
        version = table_of(Version)
        session.execute(
            update(version)
            .where(version.c.id == bindparam("version"))
            .values(
                position=bindparam("place"),
                runtime_minutes=bindparam("minutes"),
                audio_description=bindparam("described"),
            ),
            updates,
        )


def _delete_versions(
    session: Session, film_ids: Sequence[int], kept_versions: Collection[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """Delete all tracks, and the versions other than ``kept_versions``; return IDs of the others.

    The keys of versions are their films and labels.
    """
    version = table_of(Version)
    of_films = version.c.film_id.in_(film_ids)
    rows = session.execute(select(version.c.film_id, version.c.label, version.c.id).where(of_films))
    ids = {(film_id, label): version_id for film_id, label, version_id in rows}
    for model in (VersionLanguage, Caption):
        tracks = table_of(model)
        # By films, as there may be more versions than a statement has parameters for.
        of_versions = tracks.c.version_id.in_(select(version.c.id).where(of_films))
        session.execute(delete(tracks).where(of_versions))
    removed = [ids.pop(key) for key in ids.keys() - kept_versions]
    if removed:
        session.execute(delete(version).where(version.c.id.in_(removed)))
    return ids


def _delete_parts(session: Session, model: type[Base], film_ids: Sequence[int]) -> None:
    if film_ids:
        table = table_of(model)
        session.execute(delete(table).where(table.c.film_id.in_(film_ids)))
