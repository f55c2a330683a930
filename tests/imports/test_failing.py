"""Imports that fail: they say so with the reason at once, and tell what was written."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from time_machine import travel
from typer.testing import CliRunner

from app.catalog import film_service
from app.cli import cli
from app.core import clock
from app.core.config import get_settings
from app.core.db import is_conflict, make_engine
from app.imports import batch_writer, command_imports, jobs
from app.imports.lines import LineOutcome
from app.imports.models import FilmImport, ImportState
from tests.imports.files import Store, counts, film, json_lines
from tests.imports.test_jobs import Staff, slugs, staff

__all__ = ["staff"]


def full_disk(*_: object, **__: object) -> Any:  # noqa: ANN401 - it never returns
    statement = "INSERT"
    raise OperationalError(statement, None, sqlite3.OperationalError("database or disk is full"))


def broken(*_: object, **__: object) -> Any:  # noqa: ANN401 - it never returns
    key = "bo-new"
    raise KeyError(key)


@pytest.fixture
def store(sessions: sessionmaker[Session], tmp_path: Path) -> Store:
    return Store(sessions, tmp_path)


@pytest.mark.parametrize("step", [1, -1])
def test_people_known_and_new_in_one_batch(store: Store, step: int) -> None:
    head = b"slug,title,release_year,credits\n"
    assert store.apply(head + b"a,A,2000,director: Ana Ferrer\n") == counts(created=1)
    lines = [b"a,A,2001,director: Ana Ferrer\n", b"b,B,2002,director: Bo New\n"]
    more = b"".join(lines[::step])

    assert store.apply(head + more) == counts(created=1, changed=1)
    assert sorted(each["credits"][0]["name"] for each in store.films()) == ["Ana Ferrer", "Bo New"]


def test_new_people_of_many_films_beside_known_ones(store: Store) -> None:
    store.apply(json_lines(film("a"), film("b", credits=[{"name": "Bo New", "role": "editor"}])))
    three = [{"name": name, "role": "director"} for name in ("Ana Ferrer", "Bo New", "Cy Newer")]
    lines = json_lines(
        film("a", release_year=1999), film("b", credits=three[:2]), film("c", credits=three[1:])
    )
    assert store.apply(lines) == counts(created=1, changed=2)


def test_an_error_in_the_check_is_told_at_once(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = staff.send(json_lines(film("a")))["ref"]
    monkeypatch.setattr(jobs, "check", broken)

    assert staff.work() == 1

    found = staff.read(ref)
    assert found["state"] == "failed"
    assert found["problem"] == (
        "An error stopped the check: KeyError: 'bo-new'. Nothing was changed."
    )
    assert staff.apply(ref, status=409)["detail"] == found["problem"]
    assert staff.work() == 0


def test_an_error_while_applying_is_told_at_once_with_what_was_write_file(
    staff: Staff, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = staff.send(json_lines(*(film(f"film-{n}") for n in range(3))))["ref"]
    staff.work()
    staff.apply(ref)

    def half(*given: Any, **named: Any) -> Iterator[Any]:  # noqa: ANN401 - as it is given
        found = batch_writer.write_checked(*given, **named)
        yield next(found)
        broken()

    monkeypatch.setattr(batch_writer, "_accepted_batches", one_by_one)
    monkeypatch.setattr(batch_writer, "WRITER_THREADS", 1)
    monkeypatch.setattr(jobs, "write_checked", half)
    staff.work()

    found = staff.read(ref)
    assert found["state"] == "failed"
    assert "KeyError: 'bo-new'" in found["problem"]
    assert slugs(session) == ["film-0"]
    assert found["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "rejected": 2}
    lines = staff.read(ref, "/lines")["items"]
    assert [each["outcome"] for each in lines] == ["created", "rejected", "rejected"]
    assert "Import the file again" in lines[1]["problems"][0]["detail"]
    again = staff.send(json_lines(*(film(f"film-{n}") for n in range(3))))["ref"]
    monkeypatch.undo()
    staff.work()
    staff.apply(again)
    staff.work()
    assert staff.read(again)["counts"] == {
        "created": 2,
        "changed": 0,
        "unchanged": 1,
        "rejected": 0,
    }


def one_by_one(spool: Any, scratch: Any) -> Iterator[Any]:  # noqa: ANN401 - as it is given
    del scratch
    for batch in spool.batches():
        yield from ([each] for each in batch)


def test_what_a_full_disk_stops_is_tried_again_and_says_why_meanwhile(
    staff: Staff, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = staff.send(json_lines(film("a"), film("b")))["ref"]
    staff.work()
    staff.apply(ref)
    with monkeypatch.context() as patch:
        patch.setattr(batch_writer, "_write", full_disk)
        assert staff.work() == 1
    found = staff.read(ref)
    assert found["state"] == "applying"
    assert "OperationalError: database or disk is full" in found["problem"]
    assert slugs(session) == []

    with travel(clock.now() + timedelta(minutes=1)):
        assert staff.work() == 1
    done = staff.read(ref)
    assert (done["state"], done["problem"]) == ("applied", None)
    assert done["counts"]["created"] == 2


def test_a_disk_that_stays_full_ends_the_import(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = staff.send(json_lines(film("a")))["ref"]
    staff.work()
    staff.apply(ref)
    monkeypatch.setattr(batch_writer, "_write", full_disk)
    for hour in range(jobs.MAX_ATTEMPTS):
        with travel(clock.now() + timedelta(hours=hour)):
            staff.work()
    found = staff.read(ref)
    assert found["state"] == "failed"
    assert "disk is full" in found["problem"]
    assert found["counts"] == {"created": 0, "changed": 0, "unchanged": 0, "rejected": 1}


def test_a_batch_that_fails_is_written_line_by_line(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_writer, "_write", broken)
    real = film_service.create_film

    def create(session: Session, document: Any, **named: Any) -> Any:  # noqa: ANN401 - as given
        return broken() if document.slug == "b" else real(session, document, **named)

    monkeypatch.setattr(film_service, "create_film", create)
    assert store.apply(json_lines(film("a"), film("b"), film("c"))) == counts(created=2, rejected=1)
    assert [each["slug"] for each in store.films()] == ["a", "c"]


@pytest.mark.parametrize("error", [KeyError("bo-new"), KeyboardInterrupt()])
def test_a_command_that_fails_leaves_no_import_that_is_still_being_applied(
    store: Store, session: Session, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> Iterator[Any]:
        yield from ()
        raise error

    monkeypatch.setattr(command_imports, "write_checked", fail)
    with pytest.raises(type(error)):
        store.apply(json_lines(film("a"), film("b")))

    row = session.scalars(select(FilmImport)).one()
    assert (row.state, row.next_run_at) == (ImportState.FAILED, None)
    assert type(error).__name__ in (row.problem or "")
    assert row.counts == {**counts(), LineOutcome.REJECTED: 2}


def test_a_command_that_was_killed_is_told_of_by_the_worker(staff: Staff, store: Store) -> None:
    store.apply(json_lines(film("a")))
    with staff.state.sessions.begin() as session:
        row = session.scalars(select(FilmImport)).one()
        row.state, row.finished_at = ImportState.APPLYING, None
        row.actor_via, row.next_run_at = "cli", clock.now() + command_imports.COMMAND_LEASE
        ref = row.ref
    assert staff.work() == 0
    assert staff.read(ref)["state"] == "applying"
    with travel(clock.now() + timedelta(minutes=2)):
        assert staff.work() == 1
    found = staff.read(ref)
    assert (found["state"], found["problem"]) == ("failed", command_imports.COMMAND_STOPPED_TEXT)


def test_the_command_says_why_it_failed(
    tmp_path: Path, empty_store: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del empty_store
    file = tmp_path / "films.jsonl"
    file.write_bytes(json_lines(film("a")))
    monkeypatch.setattr(command_imports, "write_checked", broken)

    result = CliRunner().invoke(cli, ["catalog", "import", str(file)])

    assert result.exit_code == 1
    assert "An error stopped the import: KeyError: 'bo-new'." in result.output
    assert "0 created" in result.output


@pytest.fixture
def empty_store(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ANN401
    monkeypatch.setenv("REELRIGHT_DATABASE_URL", settings.database_url.get_secret_value())
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_a_file_given_up_says_which_films_are_missing(
    staff: Staff, session: Session, store: Store
) -> None:
    ref = staff.send(json_lines(film("a"), film("b")))["ref"]
    staff.work()
    staff.apply(ref)
    store.apply(json_lines(film("a")))
    row = session.scalars(select(FilmImport).where(FilmImport.ref == ref)).one()
    row.tries = jobs.MAX_ATTEMPTS  # as a worker leaves it that was killed five times
    session.commit()

    staff.work()
    found = staff.read(ref)
    assert (found["state"], found["problem"]) == ("failed", jobs.FAILED_TEXT)
    assert found["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "rejected": 1}


def test_the_engine_tells_conflicts_from_failures(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        with pytest.raises(OperationalError) as locked:
            connection.execute(text("INSERT INTO t VALUES (1)"))
    other.close()
    assert is_conflict(locked.value)
    with pytest.raises(OperationalError) as full:
        full_disk()
    assert not is_conflict(full.value)
    engine.dispose()


def test_a_command_that_was_killed_is_told_of_by_the_next_one(
    store: Store, session: Session
) -> None:
    store.apply(json_lines(film("a")))
    row = session.scalars(select(FilmImport)).one()
    row.state, row.finished_at, row.actor_via = ImportState.APPLYING, None, "cli"
    row.next_run_at = clock.now() - timedelta(seconds=1)
    session.commit()

    store.apply(json_lines(film("a"), film("b")))

    found = session.execute(select(FilmImport.state, FilmImport.problem).order_by(FilmImport.id))
    assert found.all() == [
        (ImportState.FAILED, command_imports.COMMAND_STOPPED_TEXT),
        (ImportState.APPLIED, None),
    ]
