"""Files of films over the API: sent, looked at by the worker, applied once; and forgotten."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import travel

from app import orphan_cleanup
from app.accounts.keys import Scope, create_key
from app.catalog.models import Film
from app.core import clock
from app.imports import batch_writer, dry_run, jobs, uploads
from app.imports.dry_run import check
from app.imports.models import FilmImport, FilmImportLine
from tests import factories
from tests.due_jobs import run_due_once
from tests.imports.files import film, json_lines

IMPORTS = "/api/v1/admin/catalog/imports"


class Staff:
    """A program of staff's, and the worker beside it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.state: Any = client.app.state  # type: ignore[attr-defined]

    def send(self, data: bytes, *, key: str = "", status: int = 201) -> dict[str, Any]:
        """Send a file; return the answer."""
        answer = self.client.post(
            IMPORTS,
            files={"file": ("films\x00.jsonl", data)},
            headers={"Idempotency-Key": key} if key else {},
        )
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def read(self, ref: str, more: str = "", **query: object) -> dict[str, Any]:
        """Return what the API says of an import, or of its lines."""
        answer = self.client.get(f"{IMPORTS}/{ref}{more}", params=query)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def apply(self, ref: str, *, status: int = 200, **how: object) -> dict[str, Any]:
        """Ask for a file to be applied; return the answer."""
        answer = self.client.post(f"{IMPORTS}/{ref}/apply", json=how)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def work(self) -> int:
        """Let the worker do what is due; return how many jobs that were."""
        return run_due_once(self.state)


@pytest.fixture
def staff(client: TestClient, session: Session) -> Iterator[Staff]:
    key = create_key(session, label="test", scopes=[Scope.CATALOG_WRITE])
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    yield Staff(client)
    del client.headers["Authorization"]


def slugs(session: Session) -> list[str]:
    found = list(session.scalars(select(Film.slug).order_by(Film.id)))
    session.rollback()
    return found


def test_a_file_is_looked_at_and_then_applied_once(staff: Staff, session: Session) -> None:
    factories.film(session, slug="old", title="Old")
    session.commit()
    data = json_lines(
        film("a"), film("old"), film("bad", title="A\0bad one", release_year=1), film("b")
    )
    made, again = staff.send(data, key="one"), staff.send(data, key="one")

    assert again == made
    assert (made["state"], made["lines"], made["done"]) == ("checking", 4, 0)
    assert made["file"].isprintable()
    assert "still being checked" in staff.apply(made["ref"], status=409)["detail"]
    assert staff.work() == 1
    found = staff.read(made["ref"])
    assert (found["state"], found["lines"], found["done"]) == ("checked", 4, 4)
    assert found["counts"] == {"created": 2, "changed": 1, "unchanged": 0, "rejected": 1}
    first = staff.read(made["ref"], "/lines", limit=3)
    rest = staff.read(made["ref"], "/lines", limit=3, cursor=first["next"])
    lines = [*first["items"], *rest["items"]]
    assert [(each["number"], each["outcome"], each["slug"]) for each in lines] == [
        (1, "created", "a"),
        (2, "changed", "old"),
        (3, "rejected", "bad"),
        (4, "created", "b"),
    ]
    assert rest["next"] is None
    assert {"field": "release_year", "before": 2018, "after": 2020} in lines[1]["differences"]
    (refused,) = staff.read(made["ref"], "/lines", outcome="rejected")["items"]
    assert refused["title"] == "A bad one"
    assert [each["pointer"] for each in refused["problems"]] == ["#/title", "#/release_year"]

    assert "Rejected lines: 1." in staff.apply(made["ref"], status=409)["detail"]
    assert slugs(session) == ["old"]
    assert staff.apply(made["ref"], skip_rejected=True)["state"] == "applying"
    assert staff.apply(made["ref"], skip_rejected=True)["state"] == "applying"
    assert staff.work() == 1
    done = staff.apply(made["ref"], skip_rejected=True)
    assert (done["state"], done["counts"]) == ("applied", found["counts"])
    assert staff.work() == 0
    assert slugs(session) == ["old", "a", "b"]
    assert staff.state.storage.names() == []
    (row,) = staff.client.get(IMPORTS).json()["items"]
    assert row == done


def test_an_applying_that_is_killed_goes_on_and_tells_of_the_whole(
    staff: Staff, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "BATCH_SIZE", 2)
    monkeypatch.setattr(dry_run.batches, "__defaults__", (2,))
    ref = staff.send(json_lines(*(film(f"film-{n}") for n in range(5))))["ref"]
    staff.work()
    staff.apply(ref)
    write = batch_writer._write  # noqa: SLF001 - where the power goes

    written: list[int] = []

    def killed(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as it is given
        if len(written) == 1:
            raise SystemExit
        written.append(1)
        return write(*given, **named)

    monkeypatch.setattr(batch_writer, "_write", killed)
    with pytest.raises(SystemExit):
        staff.work()
    assert slugs(session) == ["film-0", "film-1"]
    assert (staff.read(ref)["state"], staff.work()) == ("applying", 0)
    monkeypatch.setattr(batch_writer, "_write", write)

    with travel(clock.now() + timedelta(hours=1)):
        assert staff.work() == 1
        found = staff.read(ref)
    assert found["state"] == "applied"
    assert found["counts"] == {"created": 5, "changed": 0, "unchanged": 0, "rejected": 0}
    assert slugs(session) == [f"film-{n}" for n in range(5)]


def test_what_kills_the_worker_each_time_is_given_up_and_says_so(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = staff.send(json_lines(film("a")))["ref"]

    def broken(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(jobs, "check", broken)
    for hour in range(jobs.MAX_ATTEMPTS):
        assert staff.read(ref)["state"] == "checking"
        with travel(clock.now() + timedelta(hours=hour)), pytest.raises(SystemExit):
            staff.work()
    with travel(clock.now() + timedelta(days=1)):
        staff.work()
    found = staff.read(ref)
    assert (found["state"], found["problem"]) == ("failed", jobs.FAILED_TEXT)


def test_what_is_refused_after_it_was_cut_short_says_that_some_is_done(
    staff: Staff, session: Session
) -> None:
    upc = {"kind": "upc", "value": "012345678905"}
    ref = staff.send(json_lines(film("a"), film("b", identifiers=[upc])))["ref"]
    staff.work()
    staff.apply(ref)
    session.scalars(select(FilmImport)).one().tries = 1  # as a worker that was killed leaves it
    factories.film(session, identifiers=[upc])
    session.commit()

    staff.work()
    found = staff.read(ref)
    assert (found["state"], found["problem"]) == ("checked", jobs.INTERRUPTED_TEXT)
    assert found["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "rejected": 1}

    staff.apply(ref, skip_rejected=True)
    assert staff.read(ref)["problem"] is None


def test_who_was_overtaken_writes_nothing_more(
    staff: Staff, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = staff.send(json_lines(film("a")))["ref"]

    def slow(*given: Any) -> Any:  # noqa: ANN401 - as it is given
        with staff.state.sessions.begin() as other:
            other.scalars(select(FilmImport)).one().tries += 1
        return check(*given)

    monkeypatch.setattr(jobs, "check", slow)
    assert staff.work() == 1
    assert staff.read(ref)["state"] == "checking"
    assert session.scalars(select(FilmImportLine)).all() == []


def test_what_is_not_applied_goes_after_seven_days_with_its_bytes(
    staff: Staff,
) -> None:
    kept, applied = (staff.send(json_lines(film(slug)))["ref"] for slug in ("kept", "applied"))
    staff.work()
    staff.apply(applied)
    staff.work()
    storage, readers = staff.state.storage, staff.state.readers

    def hourly() -> list[str]:
        with staff.state.sessions.begin() as own:
            uploads.delete_expired(own)
        orphan_cleanup.remove_orphans(readers, storage)
        return [row["ref"] for row in staff.client.get(IMPORTS).json()["items"]]

    with travel(clock.now() + timedelta(days=6)):
        assert hourly() == [applied, kept]
        assert len(storage.names()) == 1
    with travel(clock.now() + timedelta(days=8)):
        assert hourly() == [applied]
        assert staff.client.get(f"{IMPORTS}/{kept}").status_code == 404
        assert staff.read(applied, "/lines")["items"] == []
        orphan_cleanup.remove_orphans(readers, storage)
        assert storage.names() == []


@pytest.mark.once
def test_a_file_that_is_none_is_refused_by_its_field(staff: Staff) -> None:
    for files in ({"file": ("x", b"")}, {"film": ("x", b"{}")}):
        answer = staff.client.post(IMPORTS, files=files)
        assert answer.status_code == 422
        pointers = {each["pointer"] for each in answer.json()["errors"]}
        assert "#/file" in pointers
    del staff.client.headers["Authorization"]
    assert staff.client.post(IMPORTS, files={"file": ("x", b"{}")}).status_code == 401
    staff.client.headers["Authorization"] = "none"


@pytest.mark.once
@pytest.mark.parametrize(
    ("data", "films"),
    [
        (b'{"slug": "a"}\n{"slug": "b"}\n', 2),
        (b"slug\na\nb\n", 3),
        (b"00026nam a2200025 a 4500\x1e\x1d00026nam a2200025 a 4500\x1e\x1d", 2),
        (b"<collection><record><leader/></record></collection>", 1),
        (b"<marc:record><marc:leader>x</marc:leader></marc:record>", 1),
        (b"PK\x03\x04", 0),
    ],
)
def test_the_films_of_a_file_are_guessed_before_it_is_read(data: bytes, films: int) -> None:
    assert uploads.UploadedFile.of("films", data).estimated_lines == films


def test_the_result_is_what_the_check_said(staff: Staff, session: Session) -> None:
    table = (
        b"title,year,tagline\nGood One,1990,A\nTw In,1996,A\nTw In,1996,B\nTw In,2004,A\n"
        b"Tw In,2004,A\nBad,soon,A\n"
    )
    ref = staff.send(table)["ref"]
    staff.work()
    checked = staff.read(ref)
    assert checked["counts"] == {"created": 2, "changed": 0, "unchanged": 1, "rejected": 3}
    before = staff.read(ref, "/lines")["items"]

    staff.apply(ref, skip_rejected=True)
    staff.work()

    assert staff.read(ref)["counts"] == checked["counts"]
    assert staff.read(ref, "/lines")["items"] == before
    assert slugs(session) == ["good-one", "tw-in-2004"]


@pytest.mark.parametrize("size", [1, 500])
def test_a_line_that_a_later_one_refuses_stays_refused(
    staff: Staff, session: Session, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(dry_run.batches, "__defaults__", (size,))
    upc = {"kind": "upc", "value": "012345678905"}
    ref = staff.send(
        json_lines(
            film("a", identifiers=[upc]),
            film("b", related=[{"slug": "a"}]),
            film("c"),
            film("d", identifiers=[upc]),
        )
    )["ref"]
    staff.work()
    before = staff.read(ref, "/lines")["items"]
    assert [each["outcome"] for each in before] == ["rejected", "rejected", "created", "rejected"]
    staff.apply(ref, skip_rejected=True)
    staff.work()
    assert staff.read(ref, "/lines")["items"] == before
    assert slugs(session) == ["c"]


def test_columns_and_titles_are_settled_over_the_api(staff: Staff, session: Session) -> None:
    ref = staff.send(b"title,year,Regie von,Notes\nTRUE,1990,Ana Ferrer,x\n")["ref"]
    staff.work()
    found = staff.read(ref)
    assert found["state"] == "unmapped"
    assert found["problem"] == "Choose what these columns are: “Regie von”, “Notes”."
    assert found["columns"][2] == {
        "heading": "Regie von",
        "field": "",
        "examples": ["Ana Ferrer"],
    }
    assert "Choose" in staff.apply(ref, status=409)["detail"]

    def check(status: int = 200, **how: object) -> Any:  # noqa: ANN401 - JSON
        answer = staff.client.post(f"{IMPORTS}/{ref}/check", json=how)
        assert answer.status_code == status, answer.text
        return answer.json()

    wrong = check(422, columns={"Regie von": "boss", "Nothing": "title"})
    assert [each["pointer"] for each in wrong["errors"]] == ["#/columns/Regie von", "#/columns"]
    assert staff.read(ref)["state"] == "unmapped"
    assert check(columns={"regie von": "director", "Notes": "ignore"})["state"] == "checking"
    assert "only a checked file" in check(409)["detail"].lower()
    staff.work()
    found = staff.read(ref)
    assert (found["state"], found["doubts"], found["counts"]["rejected"]) == ("checked", 1, 1)
    check(confirm_titles=True)
    staff.work()
    assert staff.read(ref)["counts"]["created"] == 1
    staff.apply(ref)
    staff.work()
    assert slugs(session) == ["true"]
    check(409)
