"""Following the catalog: which records came, changed and went, and when.

A record depends on its film, on offers, prices and rights, and on the day. Rather than let each of
these tell, the records of the films that may have changed are made anew and compared by hash. It
is done every hour and when somebody asks, and what happened in between is noticed then: a record's
instants are never earlier than its change, so asking "since" the time of one's last file misses
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import revisions
from app.catalog.enums import FilmStatus
from app.catalog.models import Film, FilmRevision
from app.core import clock
from app.core.db import insert_ignore, insert_missing
from app.exports import holdings
from app.exports.holdings import Holding, Seller
from app.exports.marc import build, fingerprint
from app.exports.models import LibraryRecord, LibraryRecordLedger
from app.offers.models import Offer, PriceRow, RightsWindow
from app.offers.states import Delivery, OfferStatus

BATCH_SIZE = 50
GONE = ""
"""The hash of a record that is not there."""


@dataclass(frozen=True, slots=True)
class SyncPoint:
    """How far the records have followed; before the first time they have seen nothing."""

    number: int
    day: date | None


def sync_records(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], seller: Seller
) -> None:
    """Bring the ledger up to the catalog's present revision and day.

    Chunk by chunk, each a transaction of its own, so that nobody who writes waits for long. What
    is done twice is the same. Where there is nothing to do, nothing is written.
    """
    with readers() as session:
        reached = _reached(session)
        target = SyncPoint(revisions.current(session).number, clock.today())
        if reached == target:
            return
        waiting = _may_differ(session, reached, target)
    for start in range(0, len(waiting), BATCH_SIZE):
        with sessions.begin() as session:
            _bring_up(
                session, waiting[start : start + BATCH_SIZE], seller, first=reached.day is None
            )
    with sessions.begin() as session:
        _note(session, target)


def _reached(session: Session) -> SyncPoint:
    row = session.get(LibraryRecordLedger, 1)
    return SyncPoint(row.number, row.day) if row else SyncPoint(-1, None)


def _note(session: Session, target: SyncPoint) -> None:
    """Record how far it went; another who went further meanwhile is left be."""
    day = target.day or clock.today()
    values = {"id": 1, "number": target.number, "day": day}
    if insert_ignore(session, LibraryRecordLedger, values, index_elements=["id"]):
        return
    row = session.get_one(LibraryRecordLedger, 1, with_for_update=True, populate_existing=True)
    row.number = max(row.number, target.number)
    row.day = max(row.day, day)


def _may_differ(session: Session, reached: SyncPoint, target: SyncPoint) -> Sequence[int]:
    """Return the films whose records may have changed, by revision or because days went by."""
    touched = exists().where(FilmRevision.film_id == Film.id, FilmRevision.number > reached.number)
    conditions: list[ColumnElement[bool]] = [touched]
    if reached.day is not None and reached.day != target.day:
        conditions += _dated(reached.day)
    return session.scalars(select(Film.id).where(or_(*conditions)).order_by(Film.id)).all()


def _dated(since: date) -> list[ColumnElement[bool]]:
    """Return which films have anything that a day alone may change: rights, sale or price."""
    return [
        exists().where(
            RightsWindow.film_id == Film.id,
            # A license of years stops fitting into a window long before the window ends.
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


def _bring_up(session: Session, film_ids: Sequence[int], seller: Seller, *, first: bool) -> None:
    now = clock.now()
    loaded = holdings.load(session, film_ids, on=clock.today())
    # Locked, so that of two who follow at once the second sees what the first has noted.
    # In one order, so that there is no deadlock.
    rows = session.scalars(
        select(LibraryRecord)
        .where(LibraryRecord.film_id.in_(film_ids))
        .order_by(LibraryRecord.film_id, LibraryRecord.delivery)
        .with_for_update()
    )
    known = {(row.film_id, row.delivery): row for row in rows}
    offered = _ever_offered(session, film_ids)
    added = []
    for holding in loaded:
        film = holding.film
        for delivery in Delivery:
            row = known.get((film.id, delivery))
            hashed = _hash(holding, delivery, seller)
            # What was already so when the following began is told as of when it became so.
            at = holding.changed_at if first else now
            if row is not None:
                _compare(row, hashed, at)
            elif hashed != GONE or (film.published_at and (film.id, delivery) in offered):
                added.append(_first_row(film.id, delivery, hashed, at))
    insert_missing(session, LibraryRecord, added, index_elements=["film_id", "delivery"])


def _hash(holding: Holding, delivery: Delivery, seller: Seller) -> str:
    public = holding.film.status is FilmStatus.PUBLISHED and delivery in holding.on_sale
    return fingerprint(build(holding, delivery, seller)) if public else GONE


def _ever_offered(session: Session, film_ids: Sequence[int]) -> set[tuple[int, Delivery]]:
    """Return what was ever for sale: somebody may have taken its record before we followed."""
    rows = session.execute(
        select(Offer.film_id, Offer.delivery)
        .where(Offer.film_id.in_(film_ids), Offer.status != OfferStatus.DRAFT)
        .distinct()
    )
    return {(film_id, delivery) for film_id, delivery in rows}


def _compare(row: LibraryRecord, hashed: str, at: datetime) -> None:
    if row.sha256 == hashed:
        return
    if row.sha256 == GONE:
        row.added_at = at
    row.removed_at = at if hashed == GONE else None
    row.sha256 = hashed
    row.changed_at = at


def _first_row(film_id: int, delivery: Delivery, hashed: str, at: datetime) -> dict[str, object]:
    return {
        "film_id": film_id,
        "delivery": delivery,
        "sha256": hashed,
        "added_at": at,
        "changed_at": at,
        "removed_at": at if hashed == GONE else None,
    }
