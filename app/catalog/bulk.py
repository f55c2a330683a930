"""Adding many films at once: the same rows as ``writing.create_film`` writes, a table at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import history, identifiers, search
from app.catalog.documents import FilmDocument, VersionPart
from app.catalog.kinds import FilmStatus, LanguageUse
from app.catalog.models import Film, FilmCountry, FilmRelation, FilmSubject
from app.catalog.names import person_ids, subjects_of
from app.catalog.parts_models import Caption, Credit, Identifier, Version, VersionLanguage
from app.catalog.records import PLAIN, SIMPLE_PARTS
from app.catalog.titles import sort_key
from app.core import clock
from app.core.db import Base, among, copy_rows, new_ids

Rows = dict[type[Base], list[dict[str, Any]]]
# Rows that others point to come first.
FIRST: tuple[type[Base], ...] = (Film, Version)


def add_films(
    session: Session,
    documents: Sequence[FilmDocument],
    *,
    related: Mapping[str, int],
    actor: Actor,
    reason: str = "",
) -> list[int]:
    """Add films, and return their ids. What is public of them is searchable at the commit.

    The documents are resolved and keep the rules; ``related`` has the ids of the films that they
    are related to, beside those of their own. Whoever calls counts the revision up.

    Raises:
        IntegrityError: another transaction was quicker with a slug or an identifier.
    """
    people = person_ids(session, (part for document in documents for part in document.credits))
    names = list(dict.fromkeys(name for document in documents for name in document.subjects))
    found = subjects_of(session, names)
    subjects = {name: subject.id for name, subject in zip(names, found, strict=True)}
    ids = new_ids(session, Film, len(documents))
    by_slug = dict(related) | {
        document.slug: film_id for film_id, document in zip(ids, documents, strict=True)
    }
    version_ids = iter(new_ids(session, Version, sum(len(each.versions) for each in documents)))
    rows: Rows = defaultdict(list)
    for film_id, document in zip(ids, documents, strict=True):
        rows[Film].append(_film(film_id, document))
        for position, version in enumerate(document.versions):
            _add_version(rows, next(version_ids), film_id, position, version)
        _add_names(rows, film_id, document, by_slug)
        for name, (model, _) in SIMPLE_PARTS.items():
            for position, part in enumerate(getattr(document, name)):
                own = {"film_id": film_id, "position": position}
                rows[model].append(own | dict(part))
        for position, credit in enumerate(document.credits):
            rows[Credit].append(
                {
                    "film_id": film_id,
                    "person_id": people[credit.person or ""],
                    "role": credit.role,
                    "note": credit.note,
                    "position": position,
                }
            )
        for position, name in enumerate(document.subjects):
            subject = {"subject_id": subjects[name], "position": position}
            rows[FilmSubject].append({"film_id": film_id} | subject)
    # What another transaction may bring at the same moment, in one order: of two, one waits for the
    # other, and never each for the other.
    rows[Film].sort(key=lambda row: str(row["slug"]))
    rows[Identifier].sort(key=lambda row: (str(row["kind"]), str(row["value"])))
    for model in (*FIRST, *(model for model in rows if model not in FIRST)):
        copy_rows(session, model, rows[model])
    search.index_new(session, zip(ids, documents, strict=True))
    told = ((each.slug, each.model_dump(mode="json")) for each in documents)
    history.record_created(session, told, actor=actor, reason=reason)
    return ids


def film_ids(session: Session, slugs: Sequence[str]) -> dict[str, int]:
    """Return the ids of the films that there are of these slugs."""
    found = session.execute(select(Film.slug, Film.id).where(among(session, Film.slug, slugs)))
    return dict(found.all())


def _film(film_id: int, document: FilmDocument) -> dict[str, Any]:
    now = clock.now()
    sort_title = document.sort_title or document.title
    return {
        "id": film_id,
        "slug": document.slug,
        "sort_key": sort_key(sort_title),
        "published_at": now if document.status is FilmStatus.PUBLISHED else None,
        "created_at": now,
        "updated_at": now,
    } | {name: getattr(document, name) for name in PLAIN}


def _add_version(
    rows: Rows, version_id: int, film_id: int, position: int, part: VersionPart
) -> None:
    rows[Version].append(
        {
            "id": version_id,
            "film_id": film_id,
            "position": position,
            "label": part.label,
            "runtime_minutes": part.runtime_minutes,
            "audio_description": part.audio_description,
        }
    )
    own = {"version_id": version_id}
    for use, languages in (
        (LanguageUse.SPOKEN, part.spoken),
        (LanguageUse.SUBTITLES, part.subtitles),
    ):
        for place, language in enumerate(languages):
            named = {"use": use, "language": language, "position": place}
            rows[VersionLanguage].append(own | named)
    for place, caption in enumerate(part.captions):
        rows[Caption].append(own | {"position": place} | dict(caption))


def _add_names(
    rows: Rows, film_id: int, document: FilmDocument, by_slug: Mapping[str, int]
) -> None:
    for position, country in enumerate(document.countries):
        rows[FilmCountry].append({"film_id": film_id, "country": country, "position": position})
    for position, number in enumerate(document.identifiers):
        rows[Identifier].append(
            {
                "film_id": film_id,
                "position": position,
                "kind": number.kind,
                "value": number.value,
                "checked": identifiers.has_check_digit(number.kind),
            }
        )
    for position, part in enumerate(document.related):
        rows[FilmRelation].append(
            {
                "film_id": film_id,
                "related_film_id": by_slug[part.slug] if part.slug else None,
                "title": part.title,
                "position": position,
            }
        )
