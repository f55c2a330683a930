"""The ledger of library records: which were added, changed, and removed, and when.

A record depends on its film, on offers, prices and rights, and on the day. A sync builds the
records of films that may have changed and compares their hashes. It runs every hour and before a
file of changes. A record's times are never earlier than its change, so ``since`` with the time of
the last file misses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import public_revision
from app.catalog.enums import FilmStatus
from app.catalog.models import Film, FilmRevision
from app.core import clock
from app.core.db import insert_ignore, insert_missing
from app.exports import holdings
from app.exports.holdings import Holding, Seller
from app.exports.marc import build_record, fingerprint
from app.exports.models import LibraryRecord, LibraryRecordLedger
from app.offers.models import Offer, PriceRow, RightsWindow
from app.offers.states import Delivery, OfferStatus

BATCH_SIZE = 50
NO_RECORD = ""
"""The hash of a record that is not on offer."""


@dataclass(frozen=True, slots=True)
class SyncPoint:
    """The catalog's revision and the day that the records show; no day before the first sync."""

    number: int
    day: date | None


def sync_records(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], seller: Seller
) -> None:
    """Bring the ledger up to the catalog's present revision and day.

    Each batch is a transaction of its own, so that other writers do not wait long. A repeated sync
    gives the same result, and writes nothing if there is nothing to do.
    """
    with readers() as session:
        reached = _load_sync_point(session)
        target = SyncPoint(public_revision.current(session).number, clock.today())
        if reached == target:
            return
        film_ids = _find_outdated(session, reached, target)
    for start in range(0, len(film_ids), BATCH_SIZE):
        with sessions.begin() as session:
            _sync_films(
                session, film_ids[start : start + BATCH_SIZE], seller, first=reached.day is None
            )
    with sessions.begin() as session:
        _save_sync_point(session, target)


def _load_sync_point(session: Session) -> SyncPoint:
    row = session.get(LibraryRecordLedger, 1)
    return SyncPoint(row.number, row.day) if row else SyncPoint(-1, None)


def _save_sync_point(session: Session, target: SyncPoint) -> None:
    """Record the reached point, unless a concurrent sync went further."""
    day = target.day or clock.today()
    values = {"id": 1, "number": target.number, "day": day}
    if insert_ignore(session, LibraryRecordLedger, values, index_elements=["id"]):
        return
    row = session.get_one(LibraryRecordLedger, 1, with_for_update=True, populate_existing=True)
    row.number = max(row.number, target.number)
    row.day = max(row.day, day)


def _find_outdated(session: Session, reached: SyncPoint, target: SyncPoint) -> Sequence[int]:
    """Return the films whose records may have changed, by revision or by date."""
    touched = exists().where(FilmRevision.film_id == Film.id, FilmRevision.number > reached.number)
    conditions: list[ColumnElement[bool]] = [touched]
    if reached.day is not None and reached.day != target.day:
        conditions += _date_conditions(reached.day)
    return session.scalars(select(Film.id).where(or_(*conditions)).order_by(Film.id)).all()


def _date_conditions(since: date) -> list[ColumnElement[bool]]:
    """Return conditions for films that a date alone may change: rights, sale, or price."""
    return [
        exists().where(
            RightsWindow.film_id == Film.id,
            # A license of several years stops fitting long before the window ends.
            or_(RightsWindow.starts_on > since, RightsWindow.ends_on >= since),
        ),
        exists().where(
            Offer.film_id == Film.id,
            Offer.status == OfferStatus.PUBLISHED,
            or_(
                Offer.on_sale_from > since,
                exists().where(
                    and_(
                        PriceRow.offer_id == Offer.id,
                        or_(PriceRow.valid_from > since, PriceRow.valid_to >= since),
                    )
                ),
            ),
        ),
    ]


def _sync_films(session: Session, film_ids: Sequence[int], seller: Seller, *, first: bool) -> None:
    now = clock.now()
    loaded = holdings.load_holdings(session, film_ids, on=clock.today())
    # Locked, so that a concurrent sync sees these changes; in one order, to avoid a deadlock.
    rows = session.scalars(
        select(LibraryRecord)
        .where(LibraryRecord.film_id.in_(film_ids))
        .order_by(LibraryRecord.film_id, LibraryRecord.delivery)
        .with_for_update()
    )
    existing = {(row.film_id, row.delivery): row for row in rows}
    offered = _find_ever_offered(session, film_ids)
    added = []
    for holding in loaded:
        film = holding.film
        for delivery in Delivery:
            row = existing.get((film.id, delivery))
            sha256 = _record_hash(holding, delivery, seller)
            # The first sync takes the time at which the present state began.
            at = holding.changed_at if first else now
            if row is not None:
                _update_row(row, sha256, at)
            elif sha256 != NO_RECORD or (film.published_at and (film.id, delivery) in offered):
                added.append(_new_row(film.id, delivery, sha256, at))
    insert_missing(session, LibraryRecord, added, index_elements=["film_id", "delivery"])


def _record_hash(holding: Holding, delivery: Delivery, seller: Seller) -> str:
    public = holding.film.status is FilmStatus.PUBLISHED and delivery in holding.on_sale
    return fingerprint(build_record(holding, delivery, seller)) if public else NO_RECORD


def _find_ever_offered(session: Session, film_ids: Sequence[int]) -> set[tuple[int, Delivery]]:
    """Return what was ever for sale: a library may have its record from before the first sync."""
    rows = session.execute(
        select(Offer.film_id, Offer.delivery)
        .where(Offer.film_id.in_(film_ids), Offer.status != OfferStatus.DRAFT)
        .distinct()
    )
    return {(film_id, delivery) for film_id, delivery in rows}


def _update_row(row: LibraryRecord, sha256: str, at: datetime) -> None:
    if row.sha256 == sha256:
        return
    if row.sha256 == NO_RECORD:
        row.added_at = at
    row.removed_at = at if sha256 == NO_RECORD else None
    row.sha256 = sha256
    row.changed_at = at


def _new_row(film_id: int, delivery: Delivery, sha256: str, at: datetime) -> dict[str, object]:
    return {
        "film_id": film_id,
        "delivery": delivery,
        "sha256": sha256,
        "added_at": at,
        "changed_at": at,
        "removed_at": at if sha256 == NO_RECORD else None,
    }
