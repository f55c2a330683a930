"""The database: base class, column types, engine, and one session per request."""

import enum
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Executable,
    MetaData,
    Table,
    cast,
    create_engine,
    event,
    func,
    inspect,
    literal,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeDecorator

from app.core import clock
from app.core.app_state import app_state
from app.core.config import JOB_POOL_SIZE, MAX_DEFAULT_POOL_SIZE, Settings

T = TypeVar("T")
Row = TypeVar("Row", bound="Base")
Column = InstrumentedAttribute[T] | ColumnElement[T]

# Of PostgreSQL: a serialization failure, a deadlock, a lock that was not to be had.
CONFLICTS = frozenset(("40001", "40P01", "55P03"))
MAX_REASON_LENGTH = 300
# Unanswered probes of a silent connection after which it is given up.
PROBES = 3


class UTCDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values on the way in; gives UTC on the way out, on SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Check and convert to UTC before the value is stored."""
        del dialect
        if value is not None and value.tzinfo is None:
            msg = "naive datetime; use app.core.clock.now()"
            raise ValueError(msg)
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Restore the zone that SQLite drops; PostgreSQL answers in its own session's zone."""
        del dialect
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


class Base(DeclarativeBase):
    """Base of every table. Constraint names are fixed so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declaration
        datetime: UTCDateTime,
        # Values, not names, in a VARCHAR with a CHECK: adding a member is a plain migration.
        enum.StrEnum: Enum(
            enum.StrEnum,
            native_enum=False,
            create_constraint=True,
            length=40,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


class Timestamped:
    """Columns for when a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """Limits of waiting, in seconds. 0: none."""

    connect_seconds: int = 5
    statement_seconds: int = 0
    lock_seconds: int = 0
    tcp_seconds: int = 15

    @classmethod
    def for_web(cls, settings: Settings) -> "DatabaseLimits":
        """Return the limits of a process that answers requests."""
        return cls(
            connect_seconds=settings.database_connect_seconds,
            statement_seconds=settings.database_statement_seconds,
            lock_seconds=settings.database_lock_seconds,
            tcp_seconds=settings.database_tcp_seconds,
        )

    @classmethod
    def for_jobs(cls, settings: Settings) -> "DatabaseLimits":
        """Return the limits of jobs and commands: their statements may take longer."""
        return cls(
            connect_seconds=settings.database_connect_seconds,
            statement_seconds=settings.database_job_statement_seconds,
            tcp_seconds=settings.database_tcp_seconds,
        )

    def arguments(self, *, session_options: bool) -> dict[str, Any]:
        """Return what libpq is told. A pooler may refuse the options of a session."""
        told: dict[str, Any] = {"connect_timeout": self.connect_seconds}
        if self.tcp_seconds:
            every = max(1, self.tcp_seconds // PROBES)
            told |= {
                "keepalives_idle": every,
                "keepalives_interval": every,
                "keepalives_count": PROBES,
                "tcp_user_timeout": self.tcp_seconds * 1000,
            }
        limits = {"statement_timeout": self.statement_seconds, "lock_timeout": self.lock_seconds}
        options = [f"-c {name}={seconds}s" for name, seconds in limits.items() if seconds]
        if session_options and options:
            told["options"] = " ".join(options)
        return told


def engine_of(settings: Settings) -> Engine:
    """Create the engine of a process that answers requests from the store's own database."""
    return make_engine(
        settings.database_url.get_secret_value(),
        prepares=settings.database_prepares,
        pool_size=settings.pool_size,
        limits=DatabaseLimits.for_web(settings),
    )


def engine_for_jobs(settings: Settings) -> Engine:
    """Create the engine of a process that runs jobs or a command."""
    return make_engine(
        settings.database_url.get_secret_value(),
        prepares=settings.database_prepares,
        pool_size=JOB_POOL_SIZE,
        limits=DatabaseLimits.for_jobs(settings),
    )


def make_engine(
    url: str,
    *,
    prepares: bool = True,
    pool_size: int = MAX_DEFAULT_POOL_SIZE,
    limits: DatabaseLimits | None = None,
) -> Engine:
    """Create an engine; SQLite is made to honor foreign keys and transactions.

    Unless it ``prepares``, PostgreSQL is sent each statement whole, every time, and is told no
    limits: an old pooler takes neither.
    """
    is_sqlite = url.startswith("sqlite")
    limits = limits or DatabaseLimits()
    arguments: dict[str, Any] = {}
    if not is_sqlite:
        has_options = "options" in make_url(url).query
        arguments = limits.arguments(session_options=prepares and not has_options)
        if not prepares:
            arguments["prepare_threshold"] = None
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=limits.connect_seconds,
        pool_pre_ping=not is_sqlite,
        connect_args=arguments,
        # Errors are logged, and among the parameters are secrets of orders and hashes of passwords.
        hide_parameters=True,
    )
    if not is_sqlite:
        from app.core.postgres import bound  # noqa: PLC0415 - a store on SQLite never loads it

        bound(engine, limits)
    if is_sqlite:

        @event.listens_for(engine, "connect")
        def _connect(connection: Any, _: Any) -> None:  # noqa: ANN401 - DBAPI objects are untyped
            connection.isolation_level = None
            # NORMAL loses nothing when the process is killed: the log is written before the commit
            # returns. A power cut may lose the last commits; docs/operations.md says so.
            for pragma in (
                "foreign_keys = ON",
                "busy_timeout = 15000",
                "journal_mode = WAL",
                "synchronous = NORMAL",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
            connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def make_sessions(engine: Engine, *, read_only: bool = False) -> sessionmaker[Session]:
    """Return a session factory. Objects stay readable after commit.

    On SQLite a writing transaction takes the write lock as it starts: one that took it half-way
    would fail with "database is locked" at once, whatever the timeout, if another had written
    in between. A read-only transaction sees one state of the database from its first statement to
    its last, so that no answer mixes old and new; on PostgreSQL it cannot write.
    """
    options: dict[str, Any] = {} if read_only else {"sqlite_begin": "IMMEDIATE"}
    if read_only and engine.dialect.name == "postgresql":
        options = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    return sessionmaker(engine.execution_options(**options), expire_on_commit=False)


def insert_ignore(
    session: Session,
    model: type[Base],
    values: Mapping[str, Any],
    *,
    index_elements: Sequence[str],
) -> bool:
    """Insert a row unless one with the same ``index_elements`` is there. Return whether it was new.

    Of two callers at the same moment just one inserts: the unique constraint decides. Column
    defaults of the model apply as with ``session.add``.
    """
    # As a query would: what the session has not written yet is written first.
    session.flush()
    statement = _insertion(session.get_bind().dialect.name, model, tuple(index_elements))
    return session.execute(statement, dict(values)).first() is not None


@cache
def _insertion(dialect: str, model: type[Base], index_elements: tuple[str, ...]) -> Executable:
    """Return the statement of ``insert_ignore``. Building one takes longer than running it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = inspect(model).local_table
    assert isinstance(table, Table)  # noqa: S101 - a class of rows, not of a query
    return (
        insert(table)
        .on_conflict_do_nothing(index_elements=list(index_elements))
        .returning(*table.primary_key)
    )


def insert_new(session: Session, model: type[Row], values: Mapping[str, Any]) -> Row | None:
    """Insert a row and return it as an object of the session; None if any unique value is taken.

    For the rest see ``insert_ignore``.
    """
    session.flush()
    statement = _insertion_of_new(session.get_bind().dialect.name, model)
    return session.scalars(statement, dict(values)).one_or_none()


@cache
def _insertion_of_new(dialect: str, model: type[Row]) -> ReturningInsert[Row]:
    """Return the statement of ``insert_new``."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(model).on_conflict_do_nothing().returning(model)


def insert_missing(
    session: Session,
    model: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    index_elements: Sequence[str],
) -> None:
    """Insert the rows that are not there yet; they name the same columns."""
    if not rows:
        return
    statement, given = _of_many(session, model, rows)
    session.execute(statement.on_conflict_do_nothing(index_elements=list(index_elements)), given)


def new_ids(session: Session, model: type[Base], count: int) -> list[int]:
    """Return ``count`` ids for rows that this transaction is going to insert."""
    if count == 0:
        return []
    table = table_of(model)
    if session.get_bind().dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, "id")
        numbered = func.generate_series(1, count).table_valued("n")
        drawn = session.scalars(select(func.nextval(sequence)).select_from(numbered))
        return list(drawn)
    # SQLite has one writer at a time.
    highest = session.scalar(select(func.max(table.c.id))) or 0
    return list(range(highest + 1, highest + 1 + count))


def is_one_of(session: Session, column: Column[T], values: Iterable[T]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of ``values``, of which there may be thousands.

    They are texts or whole numbers, and one parameter, JSON: with so many it costs more to put a
    statement together than to carry it out, and SQLite may take no more than 32,766. PostgreSQL
    joins them, for to ``= ANY`` of a parameter it may answer by comparing each row with each of
    them; and an array takes its driver longer to write than the server to look for what is in it.
    A range is asked for by its ends.
    """
    if isinstance(values, range):
        return column.between(values.start, values.stop - 1)
    listed = json.dumps(list(values))
    if session.get_bind().dialect.name != "postgresql":
        return column.in_(select(func.json_each(listed).table_valued("value").c.value))
    told = func.jsonb_array_elements_text(cast(literal(listed), postgresql.JSONB))
    return column.in_(select(cast(told, column.type)))


def upsert(
    session: Session,
    model: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    index_elements: Sequence[str],
) -> None:
    """Insert the rows, or change those that are there to what they say; same columns in each."""
    if not rows:
        return
    statement, given = _of_many(session, model, rows)
    told = {name: statement.excluded[name] for name in rows[0] if name not in index_elements}
    session.execute(
        statement.on_conflict_do_update(index_elements=list(index_elements), set_=told), given
    )


def _of_many(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]
) -> tuple[Any, list[dict[str, Any]] | None]:
    """Return the insertion of many rows, and its parameters, for this database.

    PostgreSQL takes a column as one array: a statement a row costs it more than the row does, and
    one with as many VALUES as rows takes longer to put together than to carry out.
    """
    table, names = table_of(model), list(rows[0])
    if session.get_bind().dialect.name != "postgresql":
        return sqlite.insert(table), [dict(row) for row in rows]
    given = (
        literal([row[name] for row in rows], postgresql.ARRAY(table.c[name].type, dimensions=1))
        for name in names
    )
    # Names of its own: PostgreSQL would call every one of them "unnest".
    told = func.unnest(*given).table_valued(*names, name="told").render_derived()
    return postgresql.insert(table).from_select(names, select(told)), None


def is_conflict(error: DBAPIError) -> bool:
    """Return whether another transaction stood in the way, so that trying again can help."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        # Extended codes hold the primary one in their last eight bits.
        return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return getattr(error.orig, "sqlstate", None) in CONFLICTS


def reason_of(error: BaseException) -> str:
    """Return on one line what an unexpected error says, without statements and parameters."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    return said if len(said) <= MAX_REASON_LENGTH else f"{said[:MAX_REASON_LENGTH]}..."


def table_of(model: type[Base]) -> Table:
    """Return the table of a model."""
    return model.metadata.tables[model.__tablename__]


def get_session(request: Request) -> Iterator[Session]:
    """One request, one transaction: commit if the endpoint returns, roll back if it raises."""
    with app_state(request).sessions.begin() as session:
        yield session


def get_read_session(request: Request) -> Iterator[Session]:
    """Read only: for GET, and for pages. Never waits for a writer."""
    with app_state(request).readers() as session:
        yield session


# scope="function" makes FastAPI finish the commit before it sends the response. With the default
# scope a failed commit would come after the client had been told 200.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
ReadSessionDep = Annotated[Session, Depends(get_read_session, scope="function")]
