"""The data file: Stripe's objects as documents, scheduled actions, deliveries, and fault switches.

SQLite in WAL mode. Only one process writes, so its threads wait for a lock in memory; ``BEGIN
IMMEDIATE`` still guards against a second process. All that one request causes (objects, events,
deliveries, the stored response of its idempotency key) is one transaction: a kill leaves all of it
or nothing.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

Document = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  created INTEGER NOT NULL, document TEXT NOT NULL, private TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_intent
  ON objects (kind, json_extract(document, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_charge ON objects (kind, json_extract(document, '$.charge'));
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, request_id TEXT NOT NULL,
  status INTEGER NOT NULL, body TEXT NOT NULL, created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS idempotency_created ON idempotency (created);
CREATE TABLE IF NOT EXISTS due (
  id INTEGER PRIMARY KEY, action TEXT NOT NULL, object TEXT NOT NULL, at REAL NOT NULL,
  UNIQUE (action, object)
);
CREATE INDEX IF NOT EXISTS due_at ON due (at);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL,
  state TEXT NOT NULL, due_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER, last_error TEXT, finished_at REAL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at);
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS faults (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Transaction:
    """One transaction. Documents that it returns are copies: save them to keep a change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.has_due_work = False

    def add(self, document: Document, *, private: Document | None = None) -> Document:
        """Add a new object, and return it."""
        self.connection.execute(
            "INSERT INTO objects (id, kind, created, document, private) VALUES (?, ?, ?, ?, ?)",
            (
                document["id"],
                document["object"],
                document["created"],
                json.dumps(document),
                json.dumps(private or {}),
            ),
        )
        return document

    def find(self, id_: str, kind: str | None = None) -> Document | None:
        """Return the object with this id and kind, or None."""
        row = self.connection.execute(
            "SELECT kind, document FROM objects WHERE id = ?", (id_,)
        ).fetchone()
        if row is None or (kind is not None and row[0] != kind):
            return None
        return _document(row[1])

    def get(self, id_: str) -> Document:
        """Return an object that must exist."""
        document = self.find(id_)
        if document is None:
            msg = f"{id_} is not stored"
            raise LookupError(msg)
        return document

    def save(self, document: Document) -> Document:
        """Save a changed object, and return it."""
        self.connection.execute(
            "UPDATE objects SET document = ? WHERE id = ?", (json.dumps(document), document["id"])
        )
        return document

    def delete(self, id_: str) -> None:
        """Delete an object."""
        self.connection.execute("DELETE FROM objects WHERE id = ?", (id_,))

    def private(self, id_: str) -> Document:
        """Return the data of an object that the API does not show."""
        row = self.connection.execute("SELECT private FROM objects WHERE id = ?", (id_,)).fetchone()
        return _document(row[0]) if row else {}

    def save_private(self, id_: str, private: Document) -> None:
        """Replace the data of an object that the API does not show."""
        self.connection.execute(
            "UPDATE objects SET private = ? WHERE id = ?", (json.dumps(private), id_)
        )

    def select(self, kind: str, **equal: object) -> list[Document]:
        """Return the objects of a kind whose fields have these values, oldest first."""
        where = "".join(f" AND json_extract(document, '$.{name}') = ?" for name in equal)
        rows = self.connection.execute(
            f"SELECT document FROM objects WHERE kind = ?{where} ORDER BY seq",  # noqa: S608 - names are ours
            (kind, *equal.values()),
        )
        return [_document(row[0]) for row in rows]

    def schedule(self, action: str, id_: str, *, at: float) -> None:
        """Schedule ``action`` on an object, or move it to another time."""
        self.connection.execute(
            "INSERT INTO due (action, object, at) VALUES (?, ?, ?)"
            " ON CONFLICT (action, object) DO UPDATE SET at = excluded.at",
            (action, id_, at),
        )
        self.has_due_work = True

    def unschedule(self, action: str, id_: str) -> bool:
        """Remove a scheduled action. Return whether there was one."""
        deleted = self.connection.execute(
            "DELETE FROM due WHERE action = ? AND object = ?", (action, id_)
        )
        return deleted.rowcount > 0


def _document(text: str) -> Document:
    loaded: Document = json.loads(text)
    return loaded


class Database:
    """The data file. ``work_added`` is set when a commit added an action or a delivery."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._write_lock = threading.Lock()
        self._closed = False
        self.work_added = threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a read-only transaction."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield Transaction(connection)
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a transaction; commit it if the block succeeds, else roll it back."""
        with self._connection() as connection:
            with self._write_lock:
                connection.execute("BEGIN IMMEDIATE")
                transaction = Transaction(connection)
                try:
                    yield transaction
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            if transaction.has_due_work:
                self.work_added.set()

    def close(self) -> None:
        """Close the idle connections now, and the others when their work ends."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            if self._closed:
                connection.close()
            else:
                self._idle.put(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=30, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing that was committed. Only a power cut could lose it.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection
