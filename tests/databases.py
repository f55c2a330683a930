"""Fresh databases for tests: made once by the real migrations, then copied for each test."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

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

    def _template(self, *, seeded: bool) -> Path:
        path = self._templates / ("seeded.db" if seeded else "empty.db")
        with made_once(path.with_suffix(".made")) as is_new:
            if is_new and seeded:
                shutil.copy(self._template(seeded=False), path)
                seed(f"sqlite:///{path}")
            elif is_new:
                migrate(f"sqlite:///{path}")
        return path


class PostgresDatabases:
    """Databases of one server: a fresh one is made from a template."""

    def __init__(self, server: Server, worker: str) -> None:
        self._server = server
        self._worker = worker
        self._free: list[str] = []
        self._connection = server.connect()

    def fresh(self, *, seeded: bool) -> str:
        """Return the address of a new database, empty or with the sample catalog.

        An address is used again once its database was dropped: see the fixture ``engines``.
        """
        template = self._template(seeded=seeded)
        fallback = f"test_{self._worker}_{os.getpid()}_{next(_serial)}"
        name = self._free.pop() if self._free else fallback
        self._copy(template, name)
        return self._server.url(name)

    def drop(self, url: str) -> None:
        """Remove a database that a test is done with, even if something still holds it open."""
        name = url.split("/", maxsplit=3)[3].split("?", maxsplit=1)[0]
        self._connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._free.append(name)

    def close(self) -> None:
        """Let go of the server. The databases end with it."""
        self._connection.close()

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
