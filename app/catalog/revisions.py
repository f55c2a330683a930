"""The catalog's revision: one number that says whether anything public has changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app.catalog.models import CatalogRevision, Film, FilmRevision
from app.core import clock
from app.core.db import insert_ignore, upsert

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGING = "catalog.changing"


@dataclass(frozen=True, slots=True)
class Revision:
    """The state of everything public; a rendered answer is good for as long as it lasts."""

    number: int
    changed_at: datetime


def current(session: Session) -> Revision:
    """Return the revision; number 0 in a store that has never published anything."""
    row = session.execute(select(CatalogRevision.number, CatalogRevision.changed_at)).first()
    return Revision(row.number, row.changed_at) if row else Revision(0, BEGINNING)


def bump(session: Session, film_ids: Collection[int] = ()) -> None:
    """Count up in the transaction that changes anything public: films, offers, prices, texts.

    ``film_ids`` are the films whose own facts, offers or rights it changes. Call it last: the row
    stays locked until the commit.
    """
    session.info[_CHANGING] = session.get_transaction()
    row = {"id": 1, "number": 0, "changed_at": clock.now()}
    insert_ignore(session, CatalogRevision, row, index_elements=["id"])
    session.execute(select(CatalogRevision.id).with_for_update())
    # Read while the row is locked: a later number never has an earlier date.
    now = clock.now()
    number = session.scalar(
        update(CatalogRevision)
        .where(CatalogRevision.id == 1)
        .values(number=CatalogRevision.number + 1, changed_at=now)
        .returning(CatalogRevision.number)
        .execution_options(synchronize_session=False)
    )
    rows = [
        {"film_id": film_id, "number": number, "changed_at": now}
        for film_id in sorted(set(film_ids))
    ]
    upsert(session, FilmRevision, rows, index_elements=["film_id"])


def is_changing(session: Session) -> bool:
    """Whether this transaction has counted up itself: what it reads is nobody else's yet."""
    own = session.info.get(_CHANGING)
    return own is not None and own is session.get_transaction()


def changed_since(session: Session, number: int) -> list[int]:
    """Return the films of which anything public changed after revision ``number``."""
    return list(session.scalars(select(FilmRevision.film_id).where(FilmRevision.number > number)))


def touch(session: Session, film_ids: Collection[int] | Select[int]) -> None:
    """Date these films anew: what is told of them changed, though no column of theirs did.

    Harvesters and sitemaps go by the date alone.
    """
    session.execute(
        update(Film)
        .where(Film.id.in_(film_ids))
        .values(updated_at=clock.now())
        .execution_options(synchronize_session=False)
    )
