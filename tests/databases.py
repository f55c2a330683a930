"""Fresh databases for tests: made once by the real migrations, then copied for each test."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config

from app.core.db import make_engine, make_sessions
from tests.postgres import Server

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
# Since PostgreSQL 15 CREATE DATABASE can be told how to copy.
STRATEGIES = 15_00_00
_serial = count(1)


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest schema."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")


def seed(url: str) -> None:
    """Fill the database at ``url`` with the sample catalog, offers and demo staff."""
    from app.seeding import seed_everything  # noqa: PLC0415 - only seeded tests need the features

    engine = make_engine(url)
    with make_sessions(engine).begin() as session:
        seed_everything(session, SEEDS, demo_staff=True)
    engine.dispose()


@contextmanager
def made_once(mark: Path) -> Iterator[bool]:
    """Enter alone of all processes; say whether nobody has left ``mark`` here before, then do."""
    with mark.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_new = not mark.exists()
        yield is_new
        mark.touch()


class SqliteDatabases:
    """Databases that are files: a fresh one is a copy."""

    def __init__(self, folder: Path, *, templates: Path | None = None) -> None:
        """Keep databases in ``folder``; processes that share ``templates`` make them once."""
        self._folder = folder
        self._templates = templates or folder
        self._free: list[Path] = []

    def fresh(self, *, seeded: bool) -> str:
        """Return the address of a new database, empty or with the sample catalog.

        An address is used again once its database was dropped: see the fixture ``engines``.
        """
        template = self._template(seeded=seeded)
        path = self._free.pop() if self._free else self._folder / f"test-{next(_serial)}.db"
        shutil.copy(template, path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """Remove a database that a test is done with."""
        path = url.removeprefix("sqlite:///")
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)
        self._free.append(Path(path))

    def keeps(self, _url: str) -> bool:
        """Whether the next test may use connections to this database again: its file is new."""
        return False

    def _template(self, *, seeded: bool) -> Path:
        path = self._templates / ("seeded.db" if seeded else "empty.db")
        with made_once(path.with_suffix(".made")) as is_new:
            if is_new and seeded:
                shutil.copy(self._template(seeded=False), path)
                seed(f"sqlite:///{path}")
            elif is_new:
                migrate(f"sqlite:///{path}")
        return path


class ReusedDatabase:
    """A database that is emptied instead of dropped: a copy, and connections that have yet to learn
    what tables there are, take longer than most tests do.
    """

    def __init__(self, server: Server, name: str) -> None:
        self._connection = server.connect(name)
        # Rows of history refuse to be deleted, and other rows those that they point to.
        self._connection.execute("SET session_replication_role = replica; SET lock_timeout = '5s'")
        self._shape = self._fingerprint()
        tables = [
            name
            for (name,) in self._connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname <> 'alembic_version' "
                "AND relnamespace = 'public'::regnamespace"
            )
        ]
        parts = ", ".join(
            f'd{n} AS (DELETE FROM "{name}")'  # noqa: S608 - names of our own tables
            for n, name in enumerate(tables)
        )
        self._statement = f"WITH {parts} SELECT 1"

    def empty(self) -> bool:
        """Delete every row. False if that cannot be done, or a test changed the tables."""
        try:
            if self._fingerprint() != self._shape:
                return False
            self._connection.execute(self._statement, prepare=True)
            self._connection.execute(
                "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) "
                "FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
            )
        except psycopg.Error:  # a test left a transaction open
            return False
        return True

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _fingerprint(self) -> list[Any]:
        return self._connection.execute(
            "SELECT md5(string_agg(oid::text || relname, ',' ORDER BY oid)), "
            "(SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'D'), "
            "(SELECT max(version_num) FROM alembic_version) "
            "FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()


class PostgresDatabases:
    """Databases of one server: a fresh one is made from a template, or emptied."""

    def __init__(self, server: Server, worker: str) -> None:
        self._server = server
        self._worker = worker
        self._free: list[str] = []
        self._connection = server.connect()
        self._in_use: dict[str, ReusedDatabase] = {}
        self._done_with: dict[str, ReusedDatabase] = {}

    def fresh(self, *, seeded: bool) -> str:
        """Return the address of a new database, empty or with the sample catalog.

        An address is used again once its database was dropped: see the fixture ``engines``.
        """
        while not seeded and self._done_with:
            name, kept = self._done_with.popitem()
            if kept.empty():
                self._in_use[name] = kept
                return self._server.url(name)
            kept.close()
            self._drop(name)
        template = self._template(seeded=seeded)
        fallback = f"test_{self._worker}_{os.getpid()}_{next(_serial)}"
        name = self._free.pop() if seeded and self._free else fallback
        self._copy(template, name)
        if not seeded:
            self._in_use[name] = ReusedDatabase(self._server, name)
        return self._server.url(name)

    def drop(self, url: str) -> None:
        """Take back a database that a test is done with, even if something still holds it open."""
        name = _name(url)
        if name in self._in_use:
            self._done_with[name] = self._in_use.pop(name)
            return
        self._drop(name)
        self._free.append(name)

    def keeps(self, url: str) -> bool:
        """Whether the next test may use connections to this database again."""
        return _name(url) in self._in_use

    def close(self) -> None:
        """Let go of the server. The databases end with it."""
        for kept in (*self._in_use.values(), *self._done_with.values()):
            kept.close()
        self._connection.close()

    def _drop(self, name: str) -> None:
        self._connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _copy(self, template: str, name: str) -> None:
        # The files: since it has the choice PostgreSQL copies page by page, twice as slowly.
        how = "STRATEGY FILE_COPY" if self._connection.info.server_version >= STRATEGIES else ""
        self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {how}")

    def _template(self, *, seeded: bool) -> str:
        name = "seeded" if seeded else "empty"
        with made_once(self._server.folder / name) as is_new:
            if is_new:
                self._copy(self._template(seeded=False) if seeded else "template1", name)
                (seed if seeded else migrate)(self._server.url(name))
        return name


def _name(url: str) -> str:
    return url.split("/", maxsplit=3)[3].split("?", maxsplit=1)[0]
