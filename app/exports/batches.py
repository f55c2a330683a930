"""Files of many records, built in batches: every record on offer, or those that changed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pymarc import Record
from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.filters import FilmFilters, film_ids
from app.catalog.models import Collection, CollectionFilm, Film
from app.core import clock
from app.exports import holdings
from app.exports.formats import FORMAT_SPECS, RecordFormat, encode_record
from app.exports.holdings import Seller
from app.exports.marc import CHANGED, NEW, build_deletion
from app.exports.models import LibraryRecord
from app.exports.profiles import ProfileSettings, build_profile_record, seller_for
from app.offers.states import Delivery

BATCH_SIZE = 100


@dataclass(frozen=True, slots=True)
class RecordExport:
    """A request for a file. Without ``since`` it holds every record that is on offer now."""

    form: RecordFormat
    filters: FilmFilters
    since: datetime | None = None
    profile: ProfileSettings | None = None


def stream_records(
    sessions: sessionmaker[Session], seller: Seller, batch: RecordExport
) -> Iterator[bytes]:
    """Yield the file in batches of films.

    Each batch has its own session, so that a slow client holds none open.
    """
    spec = FORMAT_SPECS[batch.form]
    seller = seller_for(seller, batch.profile)
    if spec.head:
        yield spec.head
    last = 0
    while True:
        with sessions() as session:
            part, last = _encode_batch(session, seller, batch, last)
        if part:
            yield part
        if not last:
            break
    if spec.foot:
        yield spec.foot


def _encode_batch(
    session: Session, seller: Seller, batch: RecordExport, last: int
) -> tuple[bytes, int]:
    """Return the records of the next batch and its last film; 0 after the end."""
    live = _next_ids(session, _select_films(session, batch), last)
    removed = [] if batch.since is None else _next_ids(session, _select_removed(batch), last)
    ids = sorted({*live, *removed})[:BATCH_SIZE]
    loaded = holdings.load_holdings(session, ids, on=clock.today()) if ids else []
    rows = _rows(session, ids, batch.since) if batch.since and ids else {}
    live_ids = set(live)
    build = partial(build_profile_record, seller=seller, profile=batch.profile)
    records: list[Record] = []
    for holding in loaded:
        if batch.since is None:
            records += [build(holding, delivery, status=NEW) for delivery in holding.on_sale]
            continue
        for row in rows.get(holding.film.id, []):
            if row.removed_at is not None:
                records.append(build_deletion(holding, row.delivery, seller, at=row.removed_at))
            elif holding.film.id in live_ids and row.delivery in holding.on_sale:
                status = NEW if row.added_at >= batch.since else CHANGED
                records.append(build(holding, row.delivery, status=status))
    part = b"".join(encode_record(record, batch.form) for record in records)
    return part, ids[-1] if len(ids) == BATCH_SIZE else 0


def _next_ids(session: Session, films: Select[int], last: int) -> Sequence[int]:
    return session.scalars(films.where(Film.id > last).order_by(Film.id).limit(BATCH_SIZE)).all()


def _select_films(session: Session, batch: RecordExport) -> Select[int]:
    """Return the films that pass the filters; with ``since``, those with a changed record."""
    films = film_ids(session, batch.filters)
    if batch.since is None:
        return films
    return films.where(_has_row(LibraryRecord.changed_at >= batch.since))


def _select_removed(batch: RecordExport) -> Select[int]:
    """Return the films with a record that was removed.

    A search does not find withdrawn films, so only the collection narrows deletions. A deletion of
    a record that a library never had does nothing there.
    """
    films = select(Film.id).where(
        _has_row(LibraryRecord.changed_at >= batch.since, LibraryRecord.removed_at.is_not(None))
    )
    if batch.filters.collection is None:
        return films
    return films.where(
        exists()
        .where(
            CollectionFilm.film_id == Film.id,
            CollectionFilm.collection_id == Collection.id,
            Collection.slug == batch.filters.collection,
        )
        .correlate(Film)
    )


def _has_row(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(LibraryRecord.film_id == Film.id, *conditions).correlate(Film)


def _rows(
    session: Session, film_ids: Sequence[int], since: datetime
) -> dict[int, list[LibraryRecord]]:
    """Return the changed records of these films by film, in the order of deliveries."""
    by_film: dict[int, list[LibraryRecord]] = defaultdict(list)
    rows = session.scalars(
        select(LibraryRecord).where(
            LibraryRecord.film_id.in_(film_ids), LibraryRecord.changed_at >= since
        )
    ).all()
    order = list(Delivery)
    for row in sorted(rows, key=lambda row: order.index(row.delivery)):
        by_film[row.film_id].append(row)
    return by_film
