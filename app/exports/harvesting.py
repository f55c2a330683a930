"""The library records for harvesters: a record source of ``app.discovery.oai``.

An item is a film as one delivery in the ledger. Its last change is that of the record, so that
a new price or the end of rights is harvested too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from lxml import etree
from sqlalchemy import ColumnElement, Select, case, func, literal, select, tuple_
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.db import UTCDateTime
from app.discovery.oai.record_sources import Item, RecordQuery
from app.exports import holdings, ledger
from app.exports.formats import FORMAT_SPECS, RecordFormat, encode_record
from app.exports.holdings import Holding, Seller
from app.exports.marc import NEW, build_record
from app.exports.models import LibraryRecord
from app.offers.states import DELIVERY_LABELS, Delivery

# The limit of deliveries: orders of items never change.
MAX_DELIVERIES = 32
SETS = "delivery"
SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
NAMESPACE = "http://www.loc.gov/MARC21/slim"
SCHEMA = "http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd"


def write_marcxml(holding: Holding, delivery: Delivery, settings: Settings) -> Any:  # noqa: ANN401 - lxml ships no types
    """Return a film as one delivery in MARCXML."""
    record = build_record(holding, delivery, Seller.of(settings), status=NEW)
    return _parse_element(encode_record(record, RecordFormat.XML))


@dataclass(frozen=True, slots=True)
class LibraryRecords:
    """The ledger as a record source; ``make`` writes one record."""

    make: Callable[[Holding, Delivery, Settings], Any] = write_marcxml
    sets: ClassVar[Sequence[tuple[str, str, str]]] = tuple(
        (f"{SETS}:{delivery}", f"As {DELIVERY_LABELS[delivery]}", "") for delivery in Delivery
    )

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Bring the ledger to the current revision and day."""
        ledger.sync_records(readers, sessions, Seller.of(settings))

    def earliest(self, session: Session) -> datetime | None:
        """Return the first change of any record."""
        return session.scalar(select(func.min(LibraryRecord.changed_at)))

    def find(self, session: Session, local_id: str) -> Item | None:
        """Return the record of ``slug/delivery``."""
        slug, _, delivery = local_id.partition("/")
        if delivery not in list(Delivery):
            return None
        items = _items(
            session, _COLUMNS.where(Film.slug == slug, LibraryRecord.delivery == Delivery(delivery))
        )
        return items[0] if items else None

    def count(self, session: Session, query: RecordQuery) -> int:
        """Return how many records there are."""
        statement = select(func.count()).select_from(LibraryRecord).where(*_conditions(query))
        return session.scalar(statement) or 0

    def page(
        self,
        session: Session,
        query: RecordQuery,
        *,
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> Sequence[Item]:
        """Return the records that follow ``after``."""
        statement = _COLUMNS.where(*_conditions(query))
        columns = (LibraryRecord.changed_at, LibraryRecord.film_id, _RANK)
        if after is not None:
            changed_at, order = after
            seen = (literal(changed_at, UTCDateTime()), *divmod(order, MAX_DELIVERIES))
            statement = statement.where(tuple_(*columns) > tuple_(*seen))
        return _items(session, statement.order_by(*columns).limit(limit))

    def write(
        self, session: Session, items: Sequence[Item], settings: Settings
    ) -> Sequence[Any | None]:
        """Return the records; None for those no longer for sale."""
        film_ids = {item.film_id for item in items}
        loaded = holdings.load_holdings(session, film_ids, on=clock.today())
        by_film = {holding.film.id: holding for holding in loaded}
        records: list[Any | None] = []
        for item in items:
            holding = by_film[item.film_id]
            delivery = list(Delivery)[item.order % MAX_DELIVERIES]
            if not holding.film.is_public or delivery not in holding.on_sale:
                records.append(None)
                continue
            records.append(self.make(holding, delivery, settings))
        return records


_RANK = case(
    {delivery: rank for rank, delivery in enumerate(Delivery)}, value=LibraryRecord.delivery
)
_COLUMNS = select(
    LibraryRecord.film_id,
    Film.slug,
    LibraryRecord.delivery,
    LibraryRecord.changed_at,
    LibraryRecord.removed_at,
).join(Film, Film.id == LibraryRecord.film_id)


def _items(
    session: Session, statement: Select[int, str, Delivery, datetime, datetime | None]
) -> list[Item]:
    return [
        # A slash stands in no slug.
        Item(
            local_id=f"{slug}/{delivery}",
            order=film_id * MAX_DELIVERIES + list(Delivery).index(delivery),
            film_id=film_id,
            changed_at=changed_at,
            is_deleted=removed_at is not None,
            sets=(f"{SETS}:{delivery}",),
        )
        for film_id, slug, delivery, changed_at, removed_at in session.execute(statement)
    ]


def _conditions(query: RecordQuery) -> list[ColumnElement[bool]]:
    conditions = query.conditions(LibraryRecord.changed_at, LibraryRecord.film_id)
    if query.own_set is not None:
        delivery = Delivery(query.own_set.removeprefix(f"{SETS}:"))
        conditions.append(LibraryRecord.delivery == delivery)
    return conditions


def _parse_element(record: bytes) -> Any:  # noqa: ANN401 - lxml ships no types
    """Return the one record of a collection, with the location of its schema."""
    spec = FORMAT_SPECS[RecordFormat.XML]
    (element,) = etree.fromstring(spec.head + record + spec.foot)
    element.set(SCHEMA_LOCATION, f"{NAMESPACE} {SCHEMA}")
    return element
