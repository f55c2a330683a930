"""Whether the database takes what is written to it."""

import hashlib
import logging
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, insert
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.throttle import ThrottleCount

log = logging.getLogger(__name__)

# So long a probe that worked counts: everybody may ask /health/ready.
FRESH_SECONDS = 5.0
# Another process that writes just now shows that writing works.
PATIENCE_SECONDS = 0.2


class WriteProbe:
    """Writes a row that nobody reads, and says in words why it could not."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._worked_at = float("-inf")

    def find_problem(self) -> str:
        """Return why nothing can be written; "" if it can."""
        if time.monotonic() - self._worked_at < FRESH_SECONDS:
            return ""
        try:
            if self._engine.dialect.name == "sqlite":
                self._write_sqlite()
            else:
                self._write()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            log.warning("health.not_writable", exc_info=error)
            return _in_words(str(error))
        self._worked_at = time.monotonic()
        return ""

    def _write(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(ThrottleCount).values(**_row()))

    def _write_sqlite(self) -> None:
        # Past the pool, whose connections wait long for a writer.
        path = self._engine.url.database or ""
        uri = f"file:{quote(path)}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_SECONDS)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    return
                raise
            row = _row()
            connection.execute(
                "INSERT INTO throttle_counts (key, window_ends_at, count) VALUES (?, ?, ?)",
                (row["key"], row["window_ends_at"].strftime("%Y-%m-%d %H:%M:%S.%f"), 0),
            )
            connection.commit()


def _row() -> dict[str, Any]:
    """Return a row that the hourly job takes away."""
    now = clock.now()
    key = hashlib.sha256(f"ready\n{time.monotonic_ns()}".encode()).hexdigest()
    return {"key": key, "window_ends_at": now + timedelta(minutes=1), "count": 0}


def _in_words(error: str) -> str:
    told = error.lower()
    if "full" in told or "no space" in told or "too large" in told:
        return "the disk of the database is full"
    if "readonly" in told or "read-only" in told:
        return "the database is read-only"
    return "the database cannot be written to"
