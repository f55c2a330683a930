"""Connections to PostgreSQL with time limits: see docs/operations.md, "The database".

The server ends statements and waits for locks that take too long. A server that is frozen ends
nothing, and its machine still confirms what it is sent; so the client has a limit of its own too.
"""

import logging
import time
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from app.core.config import JOB_CONNECTIONS, Settings
from app.core.db import DatabaseLimits

log = logging.getLogger(__name__)

# How much longer than the server's own limit the client waits for the server to apply it.
GRACE_SECONDS = 2.0
# After a connection attempt that got no answer, other attempts fail at once for this long.
PAUSE_SECONDS = 2.0


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer in time."""

    answer_seconds: float | None = None
    ping_seconds: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ANN401 - the library's generators are untyped here
        """Wait for the server, but only so long."""
        # Only the question whether a connection still works is asked outside a transaction.
        limit = timeout or (self.ping_seconds if self.autocommit else self.answer_seconds)
        if not limit:
            return super().wait(gen, interval)
        started = time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            is_late = time.monotonic() - started >= limit
            if not is_late or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            # What the server may still answer belongs to nobody: the connection is of no more use.
            self.pgconn.finish()
            msg = f"the database did not answer within {limit:g} seconds"
            raise psycopg.OperationalError(msg) from error


def bound(engine: Engine, limits: DatabaseLimits) -> None:
    """Make every new connection of ``engine`` a bounded one, and fail fast while none succeeds."""
    failed_at = float("-inf")

    @event.listens_for(engine, "do_connect")
    def _connect(_: Any, __: Any, arguments: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's own shape
        nonlocal failed_at
        if time.monotonic() - failed_at < PAUSE_SECONDS:
            msg = "the database did not answer a moment ago"
            raise psycopg.OperationalError(msg)
        try:
            connection = BoundedConnection.connect(*arguments, **options)
        except psycopg.errors.ConnectionTimeout:
            failed_at = time.monotonic()
            raise
        statement_seconds = limits.statement_seconds
        connection.answer_seconds = statement_seconds + GRACE_SECONDS if statement_seconds else None
        connection.ping_seconds = float(limits.connect_seconds)
        return connection


def warn_if_too_many(engine: Engine, settings: Settings) -> None:
    """Log a warning if this store's processes may need more connections than PostgreSQL has."""
    if engine.dialect.name != "postgresql":
        return
    reserved = "current_setting('superuser_reserved_connections')::int"
    try:
        with engine.connect() as connection:
            most = connection.scalar(
                text(f"SELECT current_setting('max_connections')::int - {reserved}")
            )
    except SQLAlchemyError:
        return  # /health/ready says that the database does not answer
    needed = settings.web_workers * settings.pool_size + JOB_CONNECTIONS
    if most is not None and needed > most:
        log.warning(
            "database.too_few_connections: %d web workers with %d connections each and one worker "
            "for jobs with %d need %d, but PostgreSQL allows %d. Lower "
            "REELRIGHT_DATABASE_POOL_SIZE, raise max_connections, or use pgbouncer "
            "(docs/operations.md).",
            settings.web_workers, settings.pool_size, JOB_CONNECTIONS, needed, most,
        )  # fmt: skip
