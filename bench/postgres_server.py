"""A PostgreSQL server with the sample catalog, for a while: that of the tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests import databases, postgres


@contextmanager
def on_postgresql() -> Iterator[str | None]:
    """Give the address of a new database; None where there is no server to start."""
    binaries = postgres.find_binaries()
    if binaries is None:
        yield None
        return
    server = postgres.start(binaries)
    try:
        server.run("CREATE DATABASE bench")
        url = server.url("bench").replace("postgresql://", "postgresql+psycopg://")
        databases.migrate(url)
        databases.seed(url)
        yield url
    finally:
        server.stop()
