"""Documents of many films at once in JSON types, with one query per table."""

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

FIELD_NAMES = tuple(FilmDocument.model_fields)
BATCH_SIZE = 500


def load_documents(session: Session, film_ids: Collection[int]) -> dict[int, Json]:
    """Return the documents of these films, equal to those of ``document_of``."""
    statement = select(Film.id, Film.slug, *(getattr(Film, name) for name in PLAIN))
    documents: dict[int, Json] = {
        row.id: dict.fromkeys(FIELD_NAMES)
        | {name: _json(getattr(row, name)) for name in ("slug", *PLAIN)}
        for row in session.execute(statement.where(Film.id.in_(film_ids)))
    }
    for document in documents.values():
        for name in FIELD_NAMES:
            if document[name] is None and name in LIST_FIELDS:
                document[name] = []
    _add_simple_parts(session, documents)
    _add_versions(session, documents)
    _add_names(session, documents)
    return documents


def all_documents(session: Session, *, status: FilmStatus | None = None) -> Iterator[Json]:
    """Yield the documents of all films, or of one status, in the order of their IDs."""
    last = 0
    statement = select(Film.id).order_by(Film.id).limit(BATCH_SIZE)
    if status is not None:
        statement = statement.where(Film.status == status)
    while ids := session.scalars(statement.where(Film.id > last)).all():
        documents = load_documents(session, ids)
        yield from (documents[film_id] for film_id in ids)
        last = ids[-1]


LIST_FIELDS = frozenset(
    (*SIMPLE_PARTS, "countries", "versions", "credits", "subjects", "related", "identifiers")
)


def _add_simple_parts(session: Session, documents: dict[int, Json]) -> None:
    for name, (model, part) in SIMPLE_PARTS.items():
        columns: Any = model
        fields = tuple(part.model_fields)
        rows = session.execute(
            select(columns.film_id, *(getattr(columns, field) for field in fields))
            .where(columns.film_id.in_(documents))
            .order_by(columns.film_id, columns.position)
        )
        for film_id, *values in rows:
            values_by_field = dict(zip(fields, map(_json, values), strict=True))
            documents[film_id][name].append(values_by_field)


def _add_versions(session: Session, documents: dict[int, Json]) -> None:
    versions: dict[int, Json] = {}
    for row in session.execute(
        select(
            Version.id,
            Version.film_id,
            Version.label,
            Version.runtime_minutes,
            Version.audio_description,
        )
        .where(Version.film_id.in_(documents))
        .order_by(Version.film_id, Version.position)
    ):
        part = versions[row.id] = {
            "label": row.label,
            "runtime_minutes": row.runtime_minutes,
            "spoken": [],
            "subtitles": [],
            "captions": [],
            "audio_description": row.audio_description,
        }
        documents[row.film_id]["versions"].append(part)
    # By films, as there may be more versions than a statement has parameters for.
    of_films = Version.film_id.in_(documents)
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
        part = {"language": language, "kind": kind.value, "source": source.value}
        versions[version_id]["captions"].append(part)


def _add_names(session: Session, documents: dict[int, Json]) -> None:
    for film_id, name, role, sort_name, slug, kind, note in session.execute(
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
        .where(Credit.film_id.in_(documents))
        .order_by(Credit.film_id, Credit.position)
    ):
        documents[film_id]["credits"].append(
            {
                "name": name,
                "role": role.value,
                "sort_name": sort_name,
                "person": slug,
                "kind": kind.value,
                "note": note,
            }
        )
    for film_id, name in session.execute(
        select(FilmSubject.film_id, Subject.name)
        .join(FilmSubject.subject)
        .where(FilmSubject.film_id.in_(documents))
        .order_by(FilmSubject.film_id, FilmSubject.position)
    ):
        documents[film_id]["subjects"].append(name)
    for film_id, country in session.execute(
        select(FilmCountry.film_id, FilmCountry.country)
        .where(FilmCountry.film_id.in_(documents))
        .order_by(FilmCountry.film_id, FilmCountry.position)
    ):
        documents[film_id]["countries"].append(country)
    for film_id, number, value in session.execute(
        select(Identifier.film_id, Identifier.kind, Identifier.value)
        .where(Identifier.film_id.in_(documents))
        .order_by(Identifier.film_id, Identifier.position)
    ):
        documents[film_id]["identifiers"].append({"kind": number.value, "value": value})
    related = aliased(Film)
    for film_id, slug, title in session.execute(
        select(FilmRelation.film_id, related.slug, FilmRelation.title)
        .outerjoin(related, related.id == FilmRelation.related_film_id)
        .where(FilmRelation.film_id.in_(documents))
        .order_by(FilmRelation.film_id, FilmRelation.position)
    ):
        documents[film_id]["related"].append({"slug": slug, "title": title})


def _json(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value
