"""Fresh databases for tests: made once by the real migrations, then copied for each test."""

import os
import shutil
from itertools import count
from pathlib import Path

from alembic import command
from alembic.config import Config

from app.core.db import make_engine, make_sessions
from tests.postgres import Server

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
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


class SqliteDatabases:
    """Databases that are files: a fresh one is a copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
        path = self._folder / ("seeded.db" if seeded else "empty.db")
        if not path.exists():
            if seeded:
                shutil.copy(self._template(seeded=False), path)
                seed(f"sqlite:///{path}")
            else:
                migrate(f"sqlite:///{path}")
        return path


class PostgresDatabases:
    """Databases of one server: a fresh one is made from a template."""

    def __init__(self, server: Server, worker: str) -> None:
        self._server = server
        self._worker = worker
        self._made: set[str] = set()
        self._free: list[str] = []

    def fresh(self, *, seeded: bool) -> str:
        """Return the address of a new database, empty or with the sample catalog.

        An address is used again once its database was dropped: see the fixture ``engines``.
        """
        template = self._template(seeded=seeded)
        fallback = f"test_{self._worker}_{os.getpid()}_{next(_serial)}"
        name = self._free.pop() if self._free else fallback
        self._server.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._server.url(name)

    def drop(self, url: str) -> None:
        """Remove a database that a test is done with, even if something still holds it open."""
        name = url.split("/", maxsplit=3)[3].split("?", maxsplit=1)[0]
        self._server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._free.append(name)

    def _template(self, *, seeded: bool) -> str:
        name = f"{'seeded' if seeded else 'empty'}_{self._worker}"
        if name not in self._made:
            base = self._template(seeded=False) if seeded else "template1"
            self._server.run(f"CREATE DATABASE {name} TEMPLATE {base}")
            if seeded:
                seed(self._server.url(name))
            else:
                migrate(self._server.url(name))
            self._made.add(name)
        return name
