"""Fixtures that every test may use.

The suite runs on SQLite, or on PostgreSQL with ``REELRIGHT_TEST_DATABASE=postgresql``; ``make
test`` does both. A test marked ``seeded`` finds the sample catalog in its database.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import passwords
from app.core.config import Settings
from app.core.db import make_engine
from app.core.gc_thread import disable_until_started, start_collector_thread
from app.lookup import match_index
from app.main import attach, create_app
from app.search import index_cache
from tests import postgres
from tests.databases import PostgresDatabases, SqliteDatabases

pytest_plugins = ["tests.fixtures"]
DATABASE = os.environ.get("REELRIGHT_TEST_DATABASE", "sqlite")
SERVER = pytest.StashKey[postgres.Server]()
# The machine may be busy: how long an example takes is no claim of any test.
hypothesis.settings.register_profile("store", deadline=None)
hypothesis.settings.load_profile("store")
# Until all tests are collected (see below): what is loaded with them stays.
disable_until_started()


def pytest_configure(config: pytest.Config) -> None:
    """Start the database server once, before the workers start; they find it by a variable."""
    config.addinivalue_line("markers", "seeded: the database holds the sample catalog")
    if DATABASE != "postgresql" or "REELRIGHT_TEST_SERVER" in os.environ:
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.exit("no PostgreSQL server is to be found", returncode=3)
    server = postgres.start(binaries)
    config.stash[SERVER] = server
    os.environ["REELRIGHT_TEST_SERVER"] = f"{server.bin}{os.pathsep}{server.folder}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server that this process started."""
    server = config.stash.get(SERVER, None)
    if server is not None:
        del os.environ["REELRIGHT_TEST_SERVER"]
        server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what runs on the other database only. Begin with what is slow."""
    items[:] = [item for item in items if _runs_here(item)]
    # Else one process would still be at it when all others have ended.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _runs_here(item: pytest.Item) -> bool:
    once = item.get_closest_marker("once")
    return once is None or once.kwargs.get("on", "sqlite") == DATABASE


def pytest_collection_finish() -> None:
    """Collect garbage as the store's processes do (docs/decisions/0006)."""
    start_collector_thread()


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHash]:
    """Hash passwords in no time, the demo staff's too. How they are really hashed is what this is,
    and what the tests of passwords look at.
    """
    real = passwords._hasher  # noqa: SLF001
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHash((quick,)))
        yield real


@pytest.fixture(scope="session")
def databases(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[SqliteDatabases | PostgresDatabases]:
    """Where fresh databases come from."""
    if DATABASE == "sqlite":
        shared = tmp_path_factory.getbasetemp()
        if worker_id != "master":  # a worker's own folder lies in that of the whole run
            shared = shared.parent
        yield SqliteDatabases(tmp_path_factory.mktemp("db"), templates=shared)
        return
    binaries, folder = os.environ["REELRIGHT_TEST_SERVER"].split(os.pathsep)
    made = PostgresDatabases(postgres.Server(Path(binaries), Path(folder)), worker_id)
    yield made
    made.close()


@pytest.fixture
def database_url(
    databases: SqliteDatabases | PostgresDatabases, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A database of the test's own."""
    url = databases.fresh(seeded=request.node.get_closest_marker("seeded") is not None)
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def plain_settings() -> Settings:
    """Settings of a store that speaks to nobody, read and checked once for all tests."""
    return Settings(
        _env_file=None,
        environment="test",
        sandbox_port=9,  # discards: a test that wants the sandbox starts one
        cache_stale_seconds=0,  # tests write beside the application, and look at once
    )


@pytest.fixture
def settings(plain_settings: Settings, database_url: str, tmp_path: Path) -> Settings:
    """Settings of a store in its own folder."""
    own = {
        "database_url": SecretStr(database_url),
        "jobs_database_url": SecretStr(f"sqlite:///{tmp_path / 'jobs.db'}"),
        "sandbox_database": tmp_path / "sandbox.db",
        "files_url": str(tmp_path / "files"),
        "spool_folder": str(tmp_path / "spool"),
    }
    return plain_settings.model_copy(update=own)


@pytest.fixture(scope="session")
def built_apps() -> dict[str, FastAPI]:
    """The applications built so far, by the settings that their routes were built with."""
    return {}


@pytest.fixture(scope="session")
def engines(databases: SqliteDatabases | PostgresDatabases) -> Iterator[dict[str, Engine]]:
    """The engines made so far, by address: each keeps its statements compiled for the next test."""
    del databases  # which end after the connections to them
    made: dict[str, Engine] = {}
    yield made
    for engine in made.values():
        Engine.dispose(engine)


@pytest.fixture
def app(
    settings: Settings,
    built_apps: dict[str, FastAPI],
    engines: dict[str, Engine],
    databases: SqliteDatabases | PostgresDatabases,
) -> Iterator[FastAPI]:
    """The whole application over a database of the test's own. Its routes are shared: add none."""
    own = {
        *("database_url", "jobs_database_url", "sandbox_database", "sandbox_port"),
        "files_url",
    }
    key = settings.model_dump_json(exclude=own)
    app = built_apps.get(key)
    if app is None:
        app = built_apps[key] = create_app(settings)
        start_collector_thread()  # once more: it stays, and is large
    url = settings.database_url.get_secret_value()
    if url not in engines:
        engines[url] = make_engine(url)
        if databases.keeps(url):
            # The application lets go of its connections when it stops; the next test wants them.
            engines[url].dispose = lambda *_, **__: None  # type: ignore[method-assign]
    attach(app, settings, engines[url])
    yield app
    app.dependency_overrides.clear()
    app.state.engine.dispose()
    # What is kept in memory of a database is known by its connections and its revision, and both
    # come again in one that is emptied.
    match_index.match_index_cache.forget()
    index_cache.film_index_cache.forget()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def sessions(app: FastAPI) -> sessionmaker[Session]:
    """The application's own writing sessions."""
    made: sessionmaker[Session] = app.state.sessions
    return made


@pytest.fixture
def session(sessions: sessionmaker[Session], client: TestClient) -> Iterator[Session]:
    """A session beside the application's: commit what the application should see.

    It stands behind the client so that it is closed first: the application disposes of its pool
    when it stops, and a connection that comes back later would be left open.
    """
    del client
    with sessions() as session:
        yield session
