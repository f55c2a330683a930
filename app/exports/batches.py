"""Files of many records, made a chunk at a time: all that is on offer, or what changed since."""

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
from app.exports.formats import WRITINGS, RecordFormat, written
from app.exports.holdings import Seller
from app.exports.marc import CHANGED, NEW, deletion
from app.exports.models import LibraryRecord
from app.exports.profiles import ProfileSettings, build_for, seller_for
from app.offers.states import Delivery

BATCH_SIZE = 100


@dataclass(frozen=True, slots=True)
class RecordExport:
    """What a file is asked for. ``since`` None: every record that is on offer now."""

    form: RecordFormat
    filters: FilmFilters
    since: datetime | None = None
    profile: ProfileSettings | None = None


def stream(sessions: sessionmaker[Session], seller: Seller, batch: RecordExport) -> Iterator[bytes]:
    """Write the file, a chunk of films at a time: memory and queries a chunk stay the same.

    Each chunk is read by a session of its own, so that a slow reader holds none open.
    """
    writing = WRITINGS[batch.form]
    seller = seller_for(seller, batch.profile)
    if writing.head:
        yield writing.head
    last = 0
    while True:
        with sessions() as session:
            part, last = _part(session, seller, batch, last)
        if part:
            yield part
        if not last:
            break
    if writing.foot:
        yield writing.foot


def _part(session: Session, seller: Seller, batch: RecordExport, last: int) -> tuple[bytes, int]:
    """Return the records of the next chunk and its last film; 0 behind the end."""
    live = _ids(session, _offered(session, batch), last)
    gone = [] if batch.since is None else _ids(session, _removed(batch), last)
    ids = sorted({*live, *gone})[:BATCH_SIZE]
    loaded = holdings.load(session, ids, on=clock.today()) if ids else []
    rows = _rows(session, ids, batch.since) if batch.since and ids else {}
    shown = set(live)
    made = partial(build_for, seller=seller, profile=batch.profile)
    records: list[Record] = []
    for holding in loaded:
        if batch.since is None:
            records += [made(holding, delivery, status=NEW) for delivery in holding.on_sale]
            continue
        for row in rows.get(holding.film.id, []):
            if row.removed_at is not None:
                records.append(deletion(holding, row.delivery, seller, at=row.removed_at))
            elif holding.film.id in shown and row.delivery in holding.on_sale:
                status = NEW if row.added_at >= batch.since else CHANGED
                records.append(made(holding, row.delivery, status=status))
    part = b"".join(written(record, batch.form) for record in records)
    return part, ids[-1] if len(ids) == BATCH_SIZE else 0


def _ids(session: Session, films: Select[int], last: int) -> Sequence[int]:
    return session.scalars(films.where(Film.id > last).order_by(Film.id).limit(BATCH_SIZE)).all()


def _offered(session: Session, batch: RecordExport) -> Select[int]:
    """Return the films that pass the filters; of a delta, those with a record that changed."""
    films = film_ids(session, batch.filters)
    if batch.since is None:
        return films
    return films.where(_has_row(LibraryRecord.changed_at >= batch.since))


def _removed(batch: RecordExport) -> Select[int]:
    """Return the films with a record that was removed.

    A search finds no film that is withdrawn, so deletions are told whatever is searched for: one
    of a record that a library never had does nothing there.
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
    """Return the records of these films that changed, by film, in the order of deliveries."""
    found: dict[int, list[LibraryRecord]] = defaultdict(list)
    rows = session.scalars(
        select(LibraryRecord).where(
            LibraryRecord.film_id.in_(film_ids), LibraryRecord.changed_at >= since
        )
    ).all()
    order = list(Delivery)
    for row in sorted(rows, key=lambda row: order.index(row.delivery)):
        found[row.film_id].append(row)
    return found
