"""Copying many rows into a table at once, by the quickest way that the database has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.core.db import Base, table_of

_COPIES, _EXECUTOR = "db.copies", "db.line"


def copy_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows of the same columns, by the quickest way that the database has.

    No default of the model applies.

    Raises:
        IntegrityError: a constraint refuses a row.
        OperationalError: another transaction stands in the way.
    """
    if not rows:
        return
    table = table_of(model)
    if session.get_bind().dialect.name != "postgresql":
        session.execute(table.insert(), [dict(row) for row in rows])
        return
    names = list(rows[0])
    dialect = session.connection().dialect
    turn = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    copied = (
        [value if to is None else to(value) for to, value in zip(turn, row.values(), strict=True)]
        for row in rows
    )
    copy_values(session, table.name, names, copied)


def copy_values(
    session: Session, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows of plain values with PostgreSQL's COPY.

    Raises:
        As ``copy_rows`` does.
    """
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    statement = f"COPY {quote(table)} ({', '.join(map(quote, names))}) FROM STDIN"
    beside: list[Future[None]] | None = session.info.get(_COPIES)
    if beside is None:
        _copy(connection.connection, statement, rows)
    else:
        line: Executor = session.info[_EXECUTOR]
        beside.append(line.submit(_copy, connection.connection, statement, rows))


def _copy(connection: Any, statement: str, rows: Iterable[Sequence[Any]]) -> None:  # noqa: ANN401 - the driver's
    # Not loaded where the store is on SQLite.
    import psycopg  # noqa: PLC0415

    cursor = connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error
    except psycopg.OperationalError as error:
        raise OperationalError(statement, None, error) from error
    finally:
        cursor.close()


@contextmanager
def copy_in_background(session: Session) -> Iterator[None]:
    """Let copies within be sent by a thread, in their order, while the caller makes more ready.

    All are done when the block ends. Within it nothing else may be asked of ``session``. Makes no
    difference but on PostgreSQL.

    Raises:
        As ``copy_rows`` does, at the end of the block.
    """
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    session.connection()
    copies: list[Future[None]] = []
    with ThreadPoolExecutor(1, "copies") as line:
        session.info[_COPIES], session.info[_EXECUTOR] = copies, line
        try:
            yield
        finally:
            del session.info[_COPIES], session.info[_EXECUTOR]
    for copy in copies:
        copy.result()
