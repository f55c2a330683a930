"""The catalog's revision: one number that says whether anything public has changed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.catalog.models import CatalogRevision
from app.core import clock
from app.core.db import insert_ignore

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Revision:
    """The state of everything public; a rendered answer is good for as long as it lasts."""

    number: int
    changed_at: datetime


def current(session: Session) -> Revision:
    """Return the revision; number 0 in a store that has never published anything."""
    row = session.execute(select(CatalogRevision.number, CatalogRevision.changed_at)).first()
    return Revision(row.number, row.changed_at) if row else Revision(0, BEGINNING)


def bump(session: Session) -> None:
    """Count up in the transaction that changes anything public: films, offers, prices, texts.

    Call it last: the row stays locked until the commit.
    """
    row = {"id": 1, "number": 0, "changed_at": clock.now()}
    insert_ignore(session, CatalogRevision, row, index_elements=["id"])
    session.execute(select(CatalogRevision.id).with_for_update())
    # Read while the row is locked: a later number never has an earlier date.
    now = clock.now()
    session.execute(
        update(CatalogRevision)
        .where(CatalogRevision.id == 1)
        .values(number=CatalogRevision.number + 1, changed_at=now)
        .execution_options(synchronize_session=False)
    )
