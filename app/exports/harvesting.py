"""The library records for harvesters: a shelf of ``app.discovery.oai``, as ``main.py`` joins them.

An item is a film as one delivery, as the ledger knows it: its last change is that of the record,
so that a new price or the end of rights is harvested too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from lxml import etree
from sqlalchemy import ColumnElement, Select, case, func, literal, select, tuple_
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.db import UTCDateTime
from app.exports import holdings, ledger
from app.exports.formats import WRITINGS, RecordFormat, written
from app.exports.holdings import Holding, Seller
from app.exports.marc import NEW, build
from app.exports.models import LibraryRecord
from app.offers.states import DELIVERY_LABELS, Delivery

# As many deliveries as there may ever be: places in lists stay what they are.
MAX_DELIVERIES = 32
SETS = "delivery"
SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
NAMESPACE = "http://www.loc.gov/MARC21/slim"
SCHEMA = "http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd"


class _Item(Protocol):
    @property
    def film_id(self) -> int: ...

    @property
    def order(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RecordItem:
    """A record that is or was on offer."""

    film_id: int
    slug: str
    delivery: Delivery
    changed_at: datetime
    is_deleted: bool

    @property
    def local_id(self) -> str:
        """Its name; no film's slug has a slash."""
        return f"{self.slug}/{self.delivery}"

    @property
    def order(self) -> int:
        """The film and the place of the delivery in one number."""
        return self.film_id * MAX_DELIVERIES + list(Delivery).index(self.delivery)

    @property
    def sets(self) -> Sequence[str]:
        """The set of its delivery."""
        return (f"{SETS}:{self.delivery}",)


def write_marcxml(holding: Holding, delivery: Delivery, settings: Settings) -> Any:  # noqa: ANN401 - lxml ships no types
    """Return a film as one delivery in MARCXML."""
    record = build(holding, delivery, Seller.of(settings), status=NEW)
    return _element(written(record, RecordFormat.XML))


@dataclass(frozen=True, slots=True)
class LibraryRecords:
    """The shelf of the ledger's records; ``make`` writes one of what is on offer."""

    make: Callable[[Holding, Delivery, Settings], Any] = write_marcxml
    sets: ClassVar[Sequence[tuple[str, str, str]]] = tuple(
        (f"{SETS}:{delivery}", f"As {DELIVERY_LABELS[delivery]}", "") for delivery in Delivery
    )

    def sync(
        self, readers: sessionmaker[Session], sessions: sessionmaker[Session], settings: Settings
    ) -> None:
        """Follow the catalog up to its present revision and day."""
        ledger.sync_records(readers, sessions, Seller.of(settings))

    def earliest(self, session: Session) -> datetime | None:
        """Return the first change of any record."""
        return session.scalar(select(func.min(LibraryRecord.changed_at)))

    def find(self, session: Session, local_id: str) -> RecordItem | None:
        """Return the record of ``slug/delivery``."""
        slug, _, delivery = local_id.partition("/")
        if delivery not in list(Delivery):
            return None
        rows = _items(
            session, _COLUMNS.where(Film.slug == slug, LibraryRecord.delivery == Delivery(delivery))
        )
        return rows[0] if rows else None

    def count(
        self,
        session: Session,
        *,
        since: datetime | None,
        before: datetime | None,
        films: Select[int] | None,
        own_set: str | None,
    ) -> int:
        """Return how many records there are."""
        conditions = _conditions(since, before, films, own_set)
        statement = select(func.count()).select_from(LibraryRecord).where(*conditions)
        return session.scalar(statement) or 0

    def page(
        self,
        session: Session,
        *,
        since: datetime | None,
        before: datetime | None,
        films: Select[int] | None,
        own_set: str | None,
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> Sequence[RecordItem]:
        """Return the records of the list behind ``after``."""
        statement = _COLUMNS.where(*_conditions(since, before, films, own_set))
        places = (LibraryRecord.changed_at, LibraryRecord.film_id, _RANK)
        if after is not None:
            changed_at, order = after
            seen = (literal(changed_at, UTCDateTime()), *divmod(order, MAX_DELIVERIES))
            statement = statement.where(tuple_(*places) > tuple_(*seen))
        return _items(session, statement.order_by(*places).limit(limit))

    def write(
        self, session: Session, items: Sequence[_Item], settings: Settings
    ) -> Sequence[Any | None]:
        """Return the records; None for what went off sale since the ledger followed."""
        film_ids = {item.film_id for item in items}
        loaded = holdings.load(session, film_ids, on=clock.today())
        by_film = {holding.film.id: holding for holding in loaded}
        made: list[Any | None] = []
        for item in items:
            holding = by_film[item.film_id]
            delivery = list(Delivery)[item.order % MAX_DELIVERIES]
            if not holding.film.is_public or delivery not in holding.on_sale:
                made.append(None)
                continue
            made.append(self.make(holding, delivery, settings))
        return made


_RANK = case(
    {delivery: place for place, delivery in enumerate(Delivery)}, value=LibraryRecord.delivery
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
) -> list[RecordItem]:
    return [
        RecordItem(film_id, slug, delivery, changed_at, removed_at is not None)
        for film_id, slug, delivery, changed_at, removed_at in session.execute(statement)
    ]


def _conditions(
    since: datetime | None,
    before: datetime | None,
    films: Select[int] | None,
    own_set: str | None,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if since is not None:
        found.append(LibraryRecord.changed_at >= since)
    if before is not None:
        found.append(LibraryRecord.changed_at < before)
    if films is not None:
        found.append(LibraryRecord.film_id.in_(films))
    if own_set is not None:
        found.append(LibraryRecord.delivery == Delivery(own_set.removeprefix(f"{SETS}:")))
    return found


def _element(record: bytes) -> Any:  # noqa: ANN401 - lxml ships no types
    """Return the one record of a collection, with the place of its schema as the protocol wants."""
    writing = WRITINGS[RecordFormat.XML]
    (element,) = etree.fromstring(writing.head + record + writing.foot)
    element.set(SCHEMA_LOCATION, f"{NAMESPACE} {SCHEMA}")
    return element
