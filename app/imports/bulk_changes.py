"""Changing many films at once: the same rows as ``writing.replace_film`` leaves, a table at a time.

Only the rows of fields that differ are written anew. A version keeps its row as long as its label
stays, because offers name versions.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import history, search_index
from app.catalog.document_mapping import PLAIN, SIMPLE_PARTS
from app.catalog.enums import FilmStatus
from app.catalog.models import Film, FilmCountry, FilmRelation, FilmSubject
from app.catalog.name_resolution import person_ids
from app.catalog.parts_models import Caption, Credit, Identifier, Version, VersionLanguage
from app.core import clock
from app.core.db import Base, new_ids, table_of
from app.imports import bulk
from app.imports.bulk import Json, Rows

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
    """A film that changes: its document now and as it will be, resolved, as JSON has them."""

    film_id: int
    present: Json
    document: Json
    entry: search_index.Entry

    @property
    def is_public(self) -> bool:
        """Whether it is published afterwards."""
        return bool(self.document["status"] == FilmStatus.PUBLISHED)

    @property
    def concerns_public(self) -> bool:
        """Whether it is published before or afterwards."""
        return self.is_public or self.present["status"] == FilmStatus.PUBLISHED

    def differs_in(self, name: str) -> bool:
        """Whether this field changes."""
        return bool(self.document[name] != self.present[name])


def lock_films(session: Session, film_ids: Collection[int]) -> None:
    """Keep every other writer off these films until the commit."""
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
    """Make films what their documents say. What is public of them is searchable at the commit.

    The films are locked and are what ``present`` says; the documents keep the rules; ``related``
    has the ids of the films that they are related to. Whoever calls counts the revision up.

    Raises:
        IntegrityError: another has an identifier, or an offer promises a version that would go.
    """
    _write_plain(session, changes)
    rows: Rows = defaultdict(list)
    for name, model in PART_MODELS.items():
        _delete(session, model, [each.film_id for each in changes if each.differs_in(name)])
    _write_versions(session, [each for each in changes if each.differs_in("versions")], rows)
    people = person_ids(session, bulk.people_in(_wanted(changes, "credits")))
    subjects = bulk.subject_ids(session, _wanted(changes, "subjects"))
    add: dict[str, Callable[[Rows, int, Json], None]] = {
        "credits": lambda rows, film_id, film: bulk.add_credits(rows, film_id, film, people),
        "subjects": lambda rows, film_id, film: bulk.add_subjects(rows, film_id, film, subjects),
        "countries": bulk.add_countries,
        "identifiers": bulk.add_identifiers,
        "related": lambda rows, film_id, film: bulk.add_relations(rows, film_id, film, related),
    }
    for each in changes:
        for name in PART_MODELS:
            if not each.differs_in(name):
                continue
            if name in SIMPLE_PARTS:
                bulk.add_simple_parts(rows, name, each.film_id, each.document)
            else:
                add[name](rows, each.film_id, each.document)
    bulk.write(session, rows)
    search_index.remove_films(session, [each.film_id for each in changes])
    search_index.add_entries(
        session, [(each.film_id, each.entry) for each in changes if each.is_public]
    )
    told = ((str(each.document["slug"]), each.present, each.document) for each in changes)
    history.record_changed(session, told, actor=actor, reason=reason)


def _wanted(changes: Sequence[FilmChange], name: str) -> list[Json]:
    return [each.document for each in changes if each.differs_in(name)]


def _write_plain(session: Session, changes: Sequence[FilmChange]) -> None:
    """Write the films' own rows where a column differs, and date all of them anew."""
    # Also when only its parts changed: harvesters go by this date.
    now = clock.now()
    table = table_of(Film)
    dated = update(table).where(table.c.id.in_([each.film_id for each in changes]))
    session.execute(dated.values(updated_at=now))
    rows = [
        {"film": each.film_id, "now": now if each.is_public else None}
        | {f"new_{name}": value for name, value in bulk.plain_values(each.document).items()}
        for each in changes
        if any(each.differs_in(name) for name in PLAIN)
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


def _write_versions(session: Session, changes: Sequence[FilmChange], rows: Rows) -> None:
    """Write versions in place of those there are; into ``rows`` what has to be inserted."""
    if not changes:
        return
    wanted = {
        (each.film_id, part["label"]) for each in changes for part in each.document["versions"]
    }
    ids = _kept_versions(session, [each.film_id for each in changes], wanted)
    new = iter(new_ids(session, Version, len(wanted - ids.keys())))
    updates = []
    for each in changes:
        for position, part in enumerate(each.document["versions"]):
            version_id = ids.get((each.film_id, part["label"]))
            if version_id is None:
                bulk.add_version(rows, next(new), each.film_id, position, part)
                continue
            bulk.add_tracks(rows, version_id, part)
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


def _kept_versions(
    session: Session, film_ids: Sequence[int], wanted: Collection[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """Delete all tracks, and the versions that are not wanted; return the ids of the others.

    A version is known by its film and its label.
    """
    version = table_of(Version)
    of_films = version.c.film_id.in_(film_ids)
    found = session.execute(
        select(version.c.film_id, version.c.label, version.c.id).where(of_films)
    )
    ids = {(film_id, label): version_id for film_id, label, version_id in found}
    for model in (VersionLanguage, Caption):
        tracks = table_of(model)
        # By films and not by versions: of these there may be more than a statement takes.
        of_versions = tracks.c.version_id.in_(select(version.c.id).where(of_films))
        session.execute(delete(tracks).where(of_versions))
    gone = [ids.pop(key) for key in ids.keys() - wanted]
    if gone:
        session.execute(delete(version).where(version.c.id.in_(gone)))
    return ids


def _delete(session: Session, model: type[Base], film_ids: Sequence[int]) -> None:
    if film_ids:
        table = table_of(model)
        session.execute(delete(table).where(table.c.film_id.in_(film_ids)))
