"""Adding many films at once: the same rows as ``writing.create_film`` writes, a table at a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
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
from app.core.db import Base, is_one_of, new_ids

Json = Mapping[str, Any]
"""A resolved film's document, or a part of one, as JSON has it."""
Rows = dict[type[Base], list[dict[str, Any]]]
# The dates of the parts, which JSON has as text.
DAYS = {"published_on", "checked_on"}


@dataclass(frozen=True, slots=True)
class NewFilm:
    """A film to add: its resolved document as JSON has it, and its entry in the index of search."""

    document: Json
    entry: search_index.Entry

    @property
    def is_public(self) -> bool:
        """Whether it is published."""
        return bool(self.document["status"] == FilmStatus.PUBLISHED)


def insert_films(session: Session, films: Mapping[int, NewFilm]) -> None:
    """Add what of films depends on nothing that others may bring, under new ids.

    The documents keep the rules. ``link_films`` adds the rest, in the same transaction.

    Raises:
        IntegrityError: another transaction was quicker with a slug or an identifier.
    """
    pairs = [(film_id, film.document) for film_id, film in films.items()]
    version_ids = iter(new_ids(session, Version, sum(len(each["versions"]) for _, each in pairs)))
    with copy_in_background(session):
        # What another transaction may bring at the same moment, in one order: of two, one waits for
        # the other, and never each for the other.
        own = sorted((_film(*pair) for pair in pairs), key=lambda row: str(row["slug"]))
        copy_rows(session, Film, own)
        # What keeps the server busiest comes first.
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
        write(session, rows)


def link_films(
    session: Session,
    films: Mapping[int, Json],
    *,
    found: FoundPeople | None,
    related: Mapping[str, int],
    actor: Actor,
    reason: str = "",
) -> None:
    """Add who made films that were begun, what they are about and related to, and their history.

    ``films`` are the resolved documents by ids. ``found`` are those of their people who are there,
    if the caller knows; ``related`` has the ids of the films that they are related to. Whoever
    calls counts the revision up. What is public is searchable at the commit.
    """
    people = person_ids(session, people_in(films.values()), found)
    subjects = subject_ids(session, films.values())
    with copy_in_background(session):
        rows: Rows = defaultdict(list)
        for film_id, document in films.items():
            add_credits(rows, film_id, document, people)
            add_subjects(rows, film_id, document, subjects)
            add_relations(rows, film_id, document, related)
        write(session, rows)
        told = ((each["slug"], each) for each in films.values())
        history.record_created(session, told, actor=actor, reason=reason)


def write(session: Session, rows: Rows) -> None:
    """Insert rows of parts, table by table, versions first: others point to them.

    Raises:
        IntegrityError: another transaction was quicker with a slug or an identifier.
    """
    rows[Identifier].sort(key=lambda row: (str(row["kind"]), str(row["value"])))
    first: list[type[Base]] = [Version]
    for model in (*first, *(model for model in rows if model not in first)):
        copy_rows(session, model, rows[model])


def people_in(documents: Iterable[Json]) -> dict[str, PersonFacts]:
    """Return what these documents say of people, by their slugs."""
    return {
        part["person"]: PersonFacts(part["name"], part["sort_name"], PersonKind(part["kind"]))
        for document in documents
        for part in document["credits"]
    }


def subject_ids(session: Session, documents: Iterable[Json]) -> dict[str, int]:
    """Return the ids of the subjects of these documents by name; new ones are made."""
    names = list(dict.fromkeys(name for document in documents for name in document["subjects"]))
    found = subjects_of(session, names)
    return {name: subject.id for name, subject in zip(names, found, strict=True)}


def film_ids(session: Session, slugs: Sequence[str]) -> dict[str, int]:
    """Return the ids of the films that there are of these slugs."""
    found = session.execute(select(Film.slug, Film.id).where(is_one_of(session, Film.slug, slugs)))
    return dict(found.all())


def plain_values(document: Json) -> dict[str, Any]:
    """Return the columns of a film's own row that its document says."""
    said = {name: document[name] for name in PLAIN}
    return said | {"sort_key": sort_key(document["sort_title"])}


def _film(film_id: int, document: Json) -> dict[str, Any]:
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
    own = {"version_id": version_id}
    for use, name in ((LanguageUse.SPOKEN, "spoken"), (LanguageUse.SUBTITLES, "subtitles")):
        for place, language in enumerate(part[name]):
            named = {"use": use, "language": language, "position": place}
            rows[VersionLanguage].append(own | named)
    for place, caption in enumerate(part["captions"]):
        rows[Caption].append(own | {"position": place} | caption)


def add_simple_parts(rows: Rows, name: str, film_id: int, document: Json) -> None:
    """Add the rows of those parts that have a document each, field by field."""
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
        own = {"film_id": film_id, "subject_id": subjects[name], "position": position}
        rows[FilmSubject].append(own)


def add_countries(rows: Rows, film_id: int, document: Json) -> None:
    """Add the rows of the countries."""
    for position, country in enumerate(document["countries"]):
        rows[FilmCountry].append({"film_id": film_id, "country": country, "position": position})


def add_identifiers(rows: Rows, film_id: int, document: Json) -> None:
    """Add the rows of the identifiers."""
    for position, number in enumerate(document["identifiers"]):
        checked = identifiers.has_check_digit(IdentifierKind(number["kind"]))
        own = {"film_id": film_id, "position": position, "checked": checked}
        rows[Identifier].append(own | number)


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
