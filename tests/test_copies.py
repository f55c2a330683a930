"""A store on SQLite is copied while it runs, and put back after it was killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from app import copies
from app.cli import cli
from app.core.config import Settings, get_settings
from app.core.db import engine_of, make_sessions
from app.offers.models import LicenseText

pytestmark = pytest.mark.once
# Writes to the store as a process of it does, and waits to be killed.
WRITER = """
import sys, time
from app.core.config import get_settings
from app.core.db import engine_of, make_sessions
from app.offers.models import LicenseText
sessions = make_sessions(engine_of(get_settings()))
for number in range(40):
    with sessions.begin() as session:
        session.add(LicenseText.of(code=f"x{number}", version="1.0", title="T", body="x" * 5000))
print("written", flush=True)
time.sleep(60)
"""


@pytest.fixture
def store(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A store's own database in a folder of its own; its settings are the environment's."""
    path = tmp_path / "store" / "store.db"
    path.parent.mkdir()
    template = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REELRIGHT_DATABASE_URL", f"sqlite:///{path}")
    get_settings.cache_clear()
    yield path
    get_settings.cache_clear()


def texts(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {code for (code,) in connection.execute("SELECT code FROM license_texts")}


def add_text(settings: Settings, code: str) -> None:
    engine = engine_of(settings)
    with make_sessions(engine).begin() as session:
        session.add(LicenseText.of(code=code, version="1.0", title="T", body="B"))
    engine.dispose()


def kill_a_writer(path: Path) -> None:
    """Leave a database as a killed store does: what it wrote last is in its log alone."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER],
        env=os.environ | {"REELRIGHT_DATABASE_URL": f"sqlite:///{path}"},
        cwd=Path(copies.__file__).parent.parent,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        writer.send_signal(signal.SIGKILL)
    assert path.with_name(path.name + "-wal").stat().st_size > 0


def test_a_copy_is_put_back_over_a_killed_store(store: Path, tmp_path: Path) -> None:
    settings = Settings()
    add_text(settings, "before")
    copy = tmp_path / "copy.db"
    assert CliRunner().invoke(cli, ["backup", str(copy)]).exit_code == 0
    saved = texts(copy)
    kill_a_writer(store)

    restored = CliRunner().invoke(cli, ["restore", str(copy)])

    assert restored.exit_code == 0, restored.output
    assert "before" in saved
    assert texts(store) == saved
    assert sorted(path.name for path in store.parent.iterdir()) == ["store.db"]
    add_text(settings, "after")  # it can be written to again
    assert texts(store) == saved | {"after"}


def test_a_damaged_database_is_moved_aside(store: Path, tmp_path: Path) -> None:
    settings = Settings()
    copy = tmp_path / "copy.db"
    copies.back_up(settings, copy)
    kill_a_writer(store)
    store.write_bytes(b"no database at all" * 1000)

    aside = copies.restore(settings, copy)

    assert aside is not None
    assert aside.stat().st_size > 0
    assert texts(store) == texts(copy)


def test_what_the_job_engine_remembers_goes(store: Path, tmp_path: Path) -> None:
    settings = Settings()
    copy = tmp_path / "copy.db"
    copies.back_up(settings, copy)
    jobs = store.with_name("store-jobs.db")
    for name in ("", "-wal", "-shm"):
        jobs.with_name(jobs.name + name).write_bytes(b"x")

    copies.restore(settings, copy)

    assert [path for path in store.parent.iterdir() if "jobs" in path.name] == []


def test_a_store_that_runs_is_copied_and_not_overwritten(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "WAIT_SECONDS", 0.1)
    settings = Settings()
    copy = tmp_path / "copy.db"
    engine = engine_of(settings)
    with make_sessions(engine)() as session:
        session.get(LicenseText, 1)
        copies.back_up(settings, copy)
        before = store.read_bytes()
        refused = CliRunner().invoke(cli, ["restore", str(copy)])
    engine.dispose()

    assert refused.exit_code == 1
    assert "is in use. Stop the web processes and workers first." in " ".join(
        refused.output.split()
    )
    assert store.read_bytes() == before


def test_what_is_no_good_copy_changes_nothing(store: Path, tmp_path: Path) -> None:
    settings = Settings()
    good = tmp_path / "good.db"
    copies.back_up(settings, good)
    cut, other, empty = tmp_path / "cut.db", tmp_path / "other.db", tmp_path / "empty.db"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    other.write_text("not a database, but long enough to be read as one: " * 100)
    empty.touch()
    before = store.read_bytes()

    for source in (cut, other, empty, tmp_path / "none.db"):
        with pytest.raises(copies.CopyError, match=source.name):
            copies.restore(settings, source)
        assert store.read_bytes() == before


def test_a_copy_never_overwrites(store: Path, tmp_path: Path) -> None:
    del store
    (tmp_path / "copy.db").write_text("mine")

    with pytest.raises(copies.CopyError, match="exists"):
        copies.back_up(Settings(), tmp_path / "copy.db")


def test_postgresql_has_its_own_tools(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, database_url=SecretStr("postgresql://host/store"))

    with pytest.raises(copies.CopyError, match="pg_dump"):
        copies.back_up(settings, tmp_path / "copy.db")
