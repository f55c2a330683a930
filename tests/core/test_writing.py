"""Ready means that the database takes what is written, and that its tables can be read."""

import sqlite3
import subprocess
import sys

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, text
from sqlalchemy.orm import Session, sessionmaker

from app.core.config import Settings
from app.core.db import engine_of
from app.core.health import WriteProbe
from app.core.sqlite import has_wal_fault, warn_of_sqlite


@pytest.mark.once
@pytest.mark.parametrize(
    ("version", "is_faulty"),
    [
        ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False), ((3, 45, 0), True),
        ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False),
        ((3, 52, 0), False), ((4, 0, 0), False),
    ],
)  # fmt: skip
def test_releases_that_may_lose_data_are_known(
    version: tuple[int, int, int], *, is_faulty: bool
) -> None:
    assert has_wal_fault(version) is is_faulty


@pytest.mark.once
@pytest.mark.parametrize(("version", "warnings"), [((3, 40, 1), 1), ((3, 51, 3), 0)])
def test_a_faulty_release_is_told_at_the_start(
    plain_settings: Settings,
    version: tuple[int, int, int],
    warnings: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    warn_of_sqlite(plain_settings)

    assert [record.getMessage()[:16] for record in caplog.records] == [
        "sqlite.wal_fault"
    ] * warnings


def test_a_store_that_can_write_is_ready(client: TestClient, session: Session) -> None:
    assert client.get("/health/ready").status_code == 200
    assert client.get("/health/ready").status_code == 200

    # A probe that worked a moment ago counts: one row, however often somebody asks.
    assert session.scalar(text("SELECT count(*) FROM throttle_counts")) == 1


def test_a_table_that_cannot_be_read_is_noticed(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    assert client.get("/health/ready").status_code == 200
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE orders RENAME TO orders_away"))
    try:
        assert client.get("/health/ready").status_code == 503
    finally:
        with sessions.begin() as session:
            session.execute(text("ALTER TABLE orders_away RENAME TO orders"))


@pytest.mark.once(on="postgresql")
def test_a_read_only_postgresql_is_told(app: FastAPI, client: TestClient) -> None:
    engine = engine_of(app.state.settings)

    @event.listens_for(engine, "connect")
    def _read_only(connection: object, _: object) -> None:
        connection.execute("SET default_transaction_read_only = on")  # type: ignore[attr-defined]
        connection.commit()  # type: ignore[attr-defined]

    app.state.write_probe = WriteProbe(engine)
    answer = client.get("/health/ready")
    engine.dispose()

    assert answer.status_code == 503
    assert answer.json()["detail"] == "the database is read-only"


@pytest.mark.once
def test_a_writer_of_its_own_does_not_make_a_store_unready(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.execute(text("SELECT 1"))  # holds the one lock that writers need
        assert client.get("/health/ready").status_code == 200


@pytest.mark.once
@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("database or disk is full", "the disk of the database is full"),
        ("attempt to write a readonly database", "the database is read-only"),
        ("disk I/O error", "the database cannot be written to"),
    ],
)
def test_what_sqlite_says_is_told_in_words(
    app: FastAPI, client: TestClient, error: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: WriteProbe) -> None:
        raise sqlite3.OperationalError(error)

    monkeypatch.setattr(WriteProbe, "_write_sqlite", fail)
    app.state.write_probe = WriteProbe(app.state.engine)

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["detail"] == words


# Stands for a full disk: this process may make no file larger than it is.
NO_ROOM = """
import resource, sys
from app.core.db import make_engine
from app.core.health import WriteProbe
engine = make_engine(sys.argv[1])
engine.connect().close()
resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
print(WriteProbe(engine).find_problem())
"""


@pytest.mark.once
def test_a_disk_that_takes_nothing_more_is_noticed(settings: Settings) -> None:
    url = settings.database_url.get_secret_value()
    told = subprocess.run(
        [sys.executable, "-c", NO_ROOM, url], check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "the database cannot be written to"
