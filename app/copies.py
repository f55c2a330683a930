"""Copies of a store on SQLite: made while it runs, put back while it does not.

A copy is never put back file by file. What a killed store wrote last is in a second file beside its
database, the write-ahead log; left there, it would be applied to the restored database and damage
it. SQLite itself replaces the contents instead, in one transaction: it happens as a whole or, if
this process is killed, not at all.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url

from app.core.clock import now
from app.core.config import Settings
from app.core.job_engine import jobs_url

WAIT_SECONDS = 5.0
BESIDE = ("-wal", "-shm", "-journal")


class CopyError(Exception):
    """The copy was not made, or not put back; the message says why. Nothing was changed."""


def back_up(settings: Settings, target: Path) -> None:
    """Write a copy of the database to ``target``, which must not exist yet.

    Raises:
        CopyError: there is such a file, the database is not SQLite, or it is damaged.
    """
    path = _database_path(settings)
    if target.exists():
        msg = f"{target} already exists. Choose another name."
        raise CopyError(msg)
    if not path.exists():
        msg = f"Database {path} not found."
        raise CopyError(msg)
    unfinished = target.with_name(target.name + ".part")
    try:
        with _saying(f"{path} can't be copied"), closing(_open(path, "mode=rw")) as source:
            unfinished.unlink(missing_ok=True)
            with closing(sqlite3.connect(unfinished)) as copy:
                source.backup(copy)
                # One file, which can be moved about; the store turns the log on again.
                copy.execute("PRAGMA journal_mode = DELETE")
                _check(copy, "the copy")
        unfinished.rename(target)
    finally:
        for name in ("", *BESIDE):
            unfinished.with_name(unfinished.name + name).unlink(missing_ok=True)


def restore(settings: Settings, source: Path) -> Path | None:
    """Replace the store's database by the copy ``source``.

    What the job engine remembers is deleted: it is about rows that are not there any more, and what
    is due is written in the database itself. A database that is too damaged to be opened is moved
    aside; its new path is returned.

    Raises:
        CopyError: the copy is missing or damaged, the store still runs, or it is not on SQLite.
    """
    path = _database_path(settings)
    if not source.is_file():
        msg = f"File {source} not found."
        raise CopyError(msg)
    # A file alone is read as it is, from a place too that cannot be written to.
    mode = "mode=ro" if source.with_name(f"{source.name}-wal").exists() else "immutable=1"
    what = f"{source} can't be restored"
    with _saying(what), closing(_open(source, mode)) as copy:
        _check(copy, str(source))
        copy.execute("SELECT version_num FROM alembic_version").fetchone()
        aside = _put_back(copy, path)
    engine = make_url(jobs_url(settings))
    if engine.get_backend_name() == "sqlite" and engine.database:
        for name in ("", *BESIDE):
            Path(engine.database + name).unlink(missing_ok=True)
    return aside


def _put_back(copy: sqlite3.Connection, path: Path) -> Path | None:
    aside = None
    try:
        target = _open_alone(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            msg = f"{path} is in use. Stop the web processes and workers first."
            raise CopyError(msg) from error
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise
        aside = _move_aside(path)
        target = _open_alone(path)
    with closing(target):
        copy.backup(target)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _check(target, str(path))
    return aside


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=WAIT_SECONDS)


def _open_alone(path: Path) -> sqlite3.Connection:
    """Open a database that no other process has open, and apply what its log still holds."""
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _move_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{now():%Y%m%dT%H%M%S}")
    for name in ("", *BESIDE):
        found = path.with_name(path.name + name)
        if found.exists():
            found.rename(aside.with_name(aside.name + name))
    return aside


def _check(connection: sqlite3.Connection, name: str) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        msg = f"{name} is damaged: {found}"
        raise CopyError(msg)


def _database_path(settings: Settings) -> Path:
    url = make_url(settings.database_url.get_secret_value())
    if url.get_backend_name() != "sqlite" or not url.database:
        msg = "This command is for SQLite. For PostgreSQL, use pg_dump and pg_restore."
        raise CopyError(msg)
    return Path(url.database)


@contextlib.contextmanager
def _saying(what: str) -> Iterator[None]:
    """Turn what SQLite or the disk says into words."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        msg = f"{what}: {error}"
        raise CopyError(msg) from error
