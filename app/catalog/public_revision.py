"""The catalog's revision: one number that says whether anything public has changed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, SessionTransaction

from app.catalog.models import CatalogRevision, Film, FilmRevision
from app.core import clock
from app.core.db import insert_ignore, upsert

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTED = "catalog.counted"
_OWED = "catalog.owed"


@dataclass(frozen=True, slots=True)
class Revision:
    """The state of everything public; a cached response is good for as long as it lasts."""

    number: int
    changed_at: datetime


@dataclass(slots=True)
class _Counted:
    """What a transaction has counted up already, and for which films."""

    transaction: SessionTransaction | None
    revision: Revision | None = None
    films: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Owed:
    """Public films that a transaction has yet to name."""

    transaction: SessionTransaction | None
    films: set[int] = field(default_factory=set)


def current(session: Session) -> Revision:
    """Return the revision; number 0 in a store that has never published anything."""
    row = session.execute(select(CatalogRevision.number, CatalogRevision.changed_at)).first()
    return Revision(row.number, row.changed_at) if row else Revision(0, BEGINNING)


def bump(session: Session, film_ids: Collection[int] = ()) -> None:
    """Count up in the transaction that changes anything public: films, offers, prices, texts.

    ``film_ids`` are the films whose own facts, offers or rights it changes. Call it last: the row
    stays locked until the commit. A transaction counts up once, however often it changes something,
    but its date goes on with the clock, by the second.
    """
    if not session.in_transaction():
        session.begin()
    counted = _counted(session)
    if counted is None:
        counted = session.info[_COUNTED] = _Counted(session.get_transaction())
    # As a query would: what the session has not written yet is written first.
    session.flush()
    named = {*film_ids, *_owed(session).films}
    revision, new = counted.revision, named - counted.films
    if revision is None or revision.changed_at < clock.now().replace(microsecond=0):
        revision, new = _count(session, revision), named
    rows = [
        {"film_id": film_id, "number": revision.number, "changed_at": revision.changed_at}
        for film_id in sorted(new)
    ]
    upsert(session, FilmRevision, rows, index_elements=["film_id"])
    # What a savepoint has written may yet be taken back alone, so it is not relied on.
    if not session.in_nested_transaction():
        counted.revision = revision
        counted.films |= new


def defer_bump(session: Session, film_ids: Collection[int]) -> None:
    """Have `settle` or `bump` name these public films too: what is told of them changed on the way.

    For what cannot count up itself, because more is written after it.
    """
    if not session.in_transaction():
        session.begin()
    _owed(session).films.update(film_ids)


def bump_deferred(session: Session, film_ids: Collection[int]) -> None:
    """Count up for these public films and for those that are owed; not at all if there is none."""
    if film_ids or _owed(session).films:
        bump(session, film_ids)


def is_changing(session: Session) -> bool:
    """Return whether this transaction has bumped the revision, so its data is not visible yet."""
    return _counted(session) is not None


def changed_since(session: Session, number: int) -> list[int]:
    """Return the films of which anything public changed after revision ``number``."""
    return list(session.scalars(select(FilmRevision.film_id).where(FilmRevision.number > number)))


def touch(session: Session, film_ids: Collection[int] | Select[int]) -> None:
    """Update the date of these films: related facts changed, though none of their columns did.

    Harvesters and sitemaps go by the date alone.
    """
    session.execute(
        update(Film)
        .where(Film.id.in_(film_ids))
        .values(updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _owed(session: Session) -> _Owed:
    own: _Owed | None = session.info.get(_OWED)
    if own is None or own.transaction is not session.get_transaction():
        own = session.info[_OWED] = _Owed(session.get_transaction())
    return own


def _counted(session: Session) -> _Counted | None:
    own: _Counted | None = session.info.get(_COUNTED)
    return own if own is not None and own.transaction is session.get_transaction() else None


def _count(session: Session, own: Revision | None) -> Revision:
    """Bump the revision, or update its date if this transaction has bumped it."""
    if own is None and _lock(session) is None:
        row = {"id": 1, "number": 0, "changed_at": clock.now()}
        insert_ignore(session, CatalogRevision, row, index_elements=["id"])
        _lock(session)
    # Read while the row is locked: a later number never has an earlier date.
    now = clock.now()
    number = session.execute(
        update(CatalogRevision)
        .where(CatalogRevision.id == 1)
        .values(
            number=CatalogRevision.number + (1 if own is None else 0),
            changed_at=now,
        )
        .returning(CatalogRevision.number)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    return Revision(number, now)


def _lock(session: Session) -> int | None:
    return session.scalar(select(CatalogRevision.id).with_for_update())
