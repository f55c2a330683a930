"""Documents of many films at once, in plain types, without loading the films: a query a table."""

from collections.abc import Collection, Iterator
from enum import Enum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.catalog.document_mapping import PLAIN, SIMPLE_PARTS
from app.catalog.documents import FilmDocument
from app.catalog.enums import FilmStatus, LanguageUse
from app.catalog.models import Film, FilmCountry, FilmRelation, FilmSubject, Subject
from app.catalog.parts_models import Caption, Credit, Identifier, Person, Version, VersionLanguage
from app.imports.lines import Json

ORDER = tuple(FilmDocument.model_fields)
BATCH_SIZE = 500


def documents(session: Session, film_ids: Collection[int]) -> dict[int, Json]:
    """Return the documents of these films: what ``records.document_of`` says, as JSON has it."""
    plain = select(Film.id, Film.slug, *(getattr(Film, name) for name in PLAIN))
    found: dict[int, Json] = {
        row.id: dict.fromkeys(ORDER)
        | {name: _json(getattr(row, name)) for name in ("slug", *PLAIN)}
        for row in session.execute(plain.where(Film.id.in_(film_ids)))
    }
    for document in found.values():
        for name in ORDER:
            if document[name] is None and name in LISTS:
                document[name] = []
    _add_simple_parts(session, found)
    _add_versions(session, found)
    _add_names(session, found)
    return found


def all_documents(session: Session, *, status: FilmStatus | None = None) -> Iterator[Json]:
    """Yield the documents of all films, or of those of one status, in the order of their entry."""
    last = 0
    wanted = select(Film.id).order_by(Film.id).limit(BATCH_SIZE)
    if status is not None:
        wanted = wanted.where(Film.status == status)
    while ids := session.scalars(wanted.where(Film.id > last)).all():
        found = documents(session, ids)
        yield from (found[film_id] for film_id in ids)
        last = ids[-1]


LISTS = frozenset(
    (*SIMPLE_PARTS, "countries", "versions", "credits", "subjects", "related", "identifiers")
)


def _add_simple_parts(session: Session, found: dict[int, Json]) -> None:
    for name, (model, part) in SIMPLE_PARTS.items():
        columns: Any = model
        fields = tuple(part.model_fields)
        rows = session.execute(
            select(columns.film_id, *(getattr(columns, field) for field in fields))
            .where(columns.film_id.in_(found))
            .order_by(columns.film_id, columns.position)
        )
        for film_id, *values in rows:
            said = dict(zip(fields, map(_json, values), strict=True))
            found[film_id][name].append(said)


def _add_versions(session: Session, found: dict[int, Json]) -> None:
    versions: dict[int, Json] = {}
    for row in session.execute(
        select(
            Version.id,
            Version.film_id,
            Version.label,
            Version.runtime_minutes,
            Version.audio_description,
        )
        .where(Version.film_id.in_(found))
        .order_by(Version.film_id, Version.position)
    ):
        said = versions[row.id] = {
            "label": row.label,
            "runtime_minutes": row.runtime_minutes,
            "spoken": [],
            "subtitles": [],
            "captions": [],
            "audio_description": row.audio_description,
        }
        found[row.film_id]["versions"].append(said)
    # By films and not by versions: of these there may be more than a statement takes.
    of_films = Version.film_id.in_(found)
    for version_id, use, language in session.execute(
        select(VersionLanguage.version_id, VersionLanguage.use, VersionLanguage.language)
        .join(Version, Version.id == VersionLanguage.version_id)
        .where(of_films)
        .order_by(VersionLanguage.version_id, VersionLanguage.position)
    ):
        versions[version_id]["spoken" if use is LanguageUse.SPOKEN else "subtitles"].append(
            language
        )
    for version_id, language, kind, source in session.execute(
        select(Caption.version_id, Caption.language, Caption.kind, Caption.source)
        .join(Version, Version.id == Caption.version_id)
        .where(of_films)
        .order_by(Caption.version_id, Caption.position)
    ):
        said = {"language": language, "kind": kind.value, "source": source.value}
        versions[version_id]["captions"].append(said)


def _add_names(session: Session, found: dict[int, Json]) -> None:
    for film_id, name, role, filed, slug, kind, note in session.execute(
        select(
            Credit.film_id,
            Person.name,
            Credit.role,
            Person.sort_name,
            Person.slug,
            Person.kind,
            Credit.note,
        )
        .join(Credit.person)
        .where(Credit.film_id.in_(found))
        .order_by(Credit.film_id, Credit.position)
    ):
        found[film_id]["credits"].append(
            {
                "name": name,
                "role": role.value,
                "sort_name": filed,
                "person": slug,
                "kind": kind.value,
                "note": note,
            }
        )
    for film_id, name in session.execute(
        select(FilmSubject.film_id, Subject.name)
        .join(FilmSubject.subject)
        .where(FilmSubject.film_id.in_(found))
        .order_by(FilmSubject.film_id, FilmSubject.position)
    ):
        found[film_id]["subjects"].append(name)
    for film_id, country in session.execute(
        select(FilmCountry.film_id, FilmCountry.country)
        .where(FilmCountry.film_id.in_(found))
        .order_by(FilmCountry.film_id, FilmCountry.position)
    ):
        found[film_id]["countries"].append(country)
    for film_id, number, value in session.execute(
        select(Identifier.film_id, Identifier.kind, Identifier.value)
        .where(Identifier.film_id.in_(found))
        .order_by(Identifier.film_id, Identifier.position)
    ):
        found[film_id]["identifiers"].append({"kind": number.value, "value": value})
    related = aliased(Film)
    for film_id, slug, title in session.execute(
        select(FilmRelation.film_id, related.slug, FilmRelation.title)
        .outerjoin(related, related.id == FilmRelation.related_film_id)
        .where(FilmRelation.film_id.in_(found))
        .order_by(FilmRelation.film_id, FilmRelation.position)
    ):
        found[film_id]["related"].append({"slug": slug, "title": title})


def _json(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value
