"""Import films at the console: looked at first, then applied, wholly or the good lines."""

import csv

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import AuditEntry
from app.accounts.permissions import Role
from app.catalog.models import Film
from app.imports import jobs, uploads
from app.imports.models import FilmImport
from tests import factories
from tests.console.staff_browser import Page, StaffBrowser, log_in
from tests.due_jobs import run_due_once

TABLE = (
    "slug,title,release_year,tagline\n"
    "new,A New River,2020,\n"
    "old,Old River,2018,=HYPERLINK(1)\n"
    "same,Same River,2018,\n"
    "bad,,soon,\n"
)


def send(desk: StaffBrowser, data: bytes, *, site: str = "same-origin") -> Page:
    """Send a file, and follow to the page that tells of it."""
    answer = desk.client.post(
        "/console/imports",
        files={"file": ("Our films.csv", data, "text/csv")},
        headers={"Accept": "text/html", "Sec-Fetch-Site": site},
        follow_redirects=True,
    )
    return Page(answer.status_code, answer.text, answer.url.path)


def upload_and_check(desk: StaffBrowser, data: bytes) -> Page:
    """Send a file, and see it again when the worker has looked at it."""
    uploads = send(desk, data)
    assert uploads.status == 200, uploads.words
    work(desk)
    return desk.see(uploads.path)


def work(desk: StaffBrowser) -> int:
    """Let the worker do what is due; return how many jobs that were."""
    return run_due_once(desk.client.app.state)  # type: ignore[attr-defined]


def films(session: Session) -> dict[str, str | None]:
    found: dict[str, str | None] = dict(session.execute(select(Film.slug, Film.tagline)).all())
    session.rollback()
    return found


@pytest.fixture
def rivers(session: Session) -> None:
    for slug in ("old", "same"):
        factories.film(session, slug=slug, title=f"{slug.title()} River")
    session.commit()


@pytest.mark.usefixtures("rivers")
def test_import_check_lists_lines_and_changes_nothing(
    editor: StaffBrowser, session: Session
) -> None:
    waiting = send(editor, TABLE.encode())
    assert waiting.title == "Checking the file"
    assert "0 of about 5 lines: 0%." in waiting.words
    assert waiting.links() >= {waiting.path}
    assert waiting.actions() == set()

    assert work(editor) == 1
    seen = editor.see(waiting.path)

    assert seen.title == "Import preview"
    assert seen.rows() == [
        "5 Rejected bad bad title : Enter a value. release_year : Enter a whole number.",
        "3 Changed Old River old Tagline empty → became =HYPERLINK(1)",
        "2 Created A New River new",
        "4 Unchanged Same River same",
    ]
    assert "Apply 2 valid lines" in seen.words
    assert films(session) == {"old": None, "same": None}
    assert "Not applied" in editor.see("/console/imports").rows()[0]


@pytest.mark.usefixtures("rivers")
def test_valid_lines_are_applied_once(editor: StaffBrowser, session: Session) -> None:
    seen = upload_and_check(editor, TABLE.encode())
    (action,) = seen.actions()
    fields = {**seen.hidden(action), "step": "good"}
    applying, twice = editor.post(action, fields), editor.post(action, fields)

    assert applying.path == twice.path == seen.path
    assert "0 of 2 lines: 0%." in applying.words
    assert "Nothing changed." in twice.words
    assert work(editor) == 1
    done = editor.see(seen.path)
    assert done.title == "Import results"
    assert done.rows() == seen.rows()
    assert "Apply" not in done.words
    assert films(session) == {"old": "=HYPERLINK(1)", "same": None, "new": None}
    (run,) = session.scalars(select(FilmImport)).all()
    assert (run.created, run.changed, run.unchanged, run.rejected) == (1, 1, 1, 1)
    assert (run.file_name, run.actor, run.state) == ("Our films.csv", "Catalog Person", "applied")
    listed = editor.see("/console/imports")
    assert listed.tree.xpath("//nav//a[@aria-current]/text()")[:2] == ["Catalog", "Films"]
    first = listed.rows()[0]
    assert first.startswith(f"Our films.csv {run.ref},")
    assert first.endswith("Applied 1 1 1 1")
    actors = session.execute(select(AuditEntry.action, AuditEntry.actor_ref)).all()
    assert ("film_import.finished", "catalog@example.org") in actors
    assert ("film.changed", "catalog@example.org") in actors
    reasons = session.scalars(select(AuditEntry.reason).where(AuditEntry.object_ref == "new")).all()
    assert reasons == [f"import {run.ref} of Our films.csv"]


@pytest.mark.usefixtures("rivers")
def test_import_with_outdated_line_is_refused(editor: StaffBrowser, session: Session) -> None:
    seen = upload_and_check(editor, b"title,release_year\nA River,2020\nB River,2020\n")
    (action,) = seen.actions()
    for slug in ("b-river", "another"):
        factories.film(session, slug=slug, title="B River", release_year=2020)
    session.commit()
    editor.fill(seen, action, step="all")
    work(editor)
    again = editor.see(seen.path)

    assert "Several films have this title and year: b-river (2020), another" in again.words
    assert "Apply 1 valid line" in again.words
    assert "a-river" not in films(session)
    assert "Rejected lines: 1. Fix them" in editor.fill(again, action, step="all").words


@pytest.mark.usefixtures("rivers")
def test_import_report_lists_lines_and_escapes_formulas(editor: StaffBrowser) -> None:
    seen = upload_and_check(editor, TABLE.encode())
    (link,) = [link for link in seen.links() if "report.csv" in link]
    pool = editor.client.app.state.readers.kw["bind"].pool  # type: ignore[attr-defined]
    held = pool.checkedout()
    answer = editor.client.get(link)
    assert pool.checkedout() == held
    rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert rows[1:] == [
        ["2", "created", "new", "A New River", "", "", "", ""],
        ["3", "changed", "old", "Old River", "tagline", "nothing", "'=HYPERLINK(1)", ""],
        ["4", "unchanged", "same", "Same River", "", "", "", ""],
        ["5", "rejected", "bad", "", "title", "", "", "Enter a value."],
        ["5", "rejected", "bad", "", "release_year", "", "", "Enter a whole number."],
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"\xd0\xcf\x11\xe0", "This file is in an old Excel format."),
        (b"x" * 10_001, "The file is larger than 0 MB. Use reelright catalog import."),
    ],
)
def test_missing_import_file_shows_field_error(
    editor: StaffBrowser, data: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 10_000)
    refused = send(editor, data)
    assert refused.status == 422
    assert words in refused.words


@pytest.mark.parametrize(
    ("data", "waiting", "words"),
    [
        (
            b"title,year\nCaf\xe9,2020\n",
            "0 of about 2 lines: 0%.",
            "Line 2 is not in UTF-8: byte 4 of the line",
        ),
        (b"PK\x03\x04", "0 rows so far.", "The workbook can't be read."),
    ],
)
def test_unreadable_import_file_shows_location(
    editor: StaffBrowser, data: bytes, waiting: str, words: str
) -> None:
    uploads = send(editor, data)
    assert waiting in uploads.words
    work(editor)
    seen = editor.see(uploads.path)
    assert seen.title == "This file can't be imported"
    assert words in seen.words
    assert seen.actions() == set()
    assert editor.client.app.state.storage.names() == []  # type: ignore[attr-defined]


def test_import_needs_permission_and_own_form(
    client: TestClient,
) -> None:
    assert send(log_in(client, Role.FULFILLMENT), TABLE.encode()).status == 403
    editor = log_in(client, Role.CATALOG)
    assert send(editor, TABLE.encode(), site="cross-site").status == 403
    assert editor.force("/console/imports/FI-00000000", step="all").status == 404


FOREIGN = b"title,Jahrgang,Regie von,Notes\nGood One,1990,Ana Ferrer,first\nNext One,1991,Bo New,\n"


def choose(desk: StaffBrowser, seen: Page, **chosen: str) -> Page:
    """Choose what columns are, by their place, and see the file again when it was checked."""
    form = editor_form(desk, seen)
    (action,) = form.actions()
    fields = {f"column-{place.removeprefix('c')}": field for place, field in chosen.items()}
    desk.post(action, {**form.hidden(action), **fields})
    work(desk)
    return desk.see(seen.path)


def editor_form(desk: StaffBrowser, seen: Page) -> Page:
    """Return the page on which the columns of a file are chosen."""
    return desk.see(f"{seen.path}/columns")


def test_unknown_columns_are_mapped_and_remembered(editor: StaffBrowser, session: Session) -> None:
    asked = upload_and_check(editor, FOREIGN)
    assert asked.title == "Match columns"
    assert "Choose what these columns are: “Jahrgang”, “Regie von”, “Notes”." in asked.words
    assert "Ana Ferrer · Bo New" in asked.words
    assert {each.rpartition("/")[2] for each in asked.actions()} == {"columns"}

    again = choose(editor, asked, c0="title", c1="release_year", c2="director")
    assert again.title == "Match columns"
    assert "Choose what this column is: “Notes”." in again.words
    # What was chosen is not lost.
    assert "director" in again.tree.xpath("//select[@name='column-2']//option[@selected]/@value")

    checked = choose(editor, again, c0="title", c1="release_year", c2="director", c3="ignore")
    assert checked.title == "Import preview"
    assert "2 Created Good One good-one" in checked.rows()
    assert "1 column ignored: Notes." in checked.words
    (apply,) = checked.actions()
    editor.fill(checked, apply, step="all")
    work(editor)
    assert sorted(films(session)) == ["good-one", "next-one"]

    later = upload_and_check(editor, FOREIGN.replace(b"Good One", b"Third One"))
    assert later.title == "Import preview"
    assert "1 column ignored: Notes." in later.words
    # A column can be chosen otherwise after the check, too.
    other = choose(editor, later, c3="tagline")
    assert "ignored" not in other.words
    assert "tagline" in editor_form(editor, other).tree.xpath("//option[@selected]/@value")


def test_changed_titles_are_confirmed(editor: StaffBrowser, session: Session) -> None:
    seen = upload_and_check(editor, b"title,year\nTRUE,2004\n11-Sep,2004\nPlain,2004\n")
    assert "“TRUE”" not in seen.words
    assert "2 lines: a spreadsheet may have changed the title" in seen.words
    assert "Apply 1 valid line" in seen.words
    (action,) = [each for each in seen.actions() if each.endswith("/titles")]
    editor.post(action, seen.hidden(action))
    work(editor)
    again = editor.see(seen.path)
    assert "Apply 3 lines" in again.words
    (apply,) = [each for each in again.actions() if each.count("/") == 3]
    editor.fill(again, apply, step="all")
    work(editor)
    assert len(films(session)) == 3
    late = editor.post(action, seen.hidden(action))
    assert "Only a checked file that is not applied can be checked again." in late.words


def test_failed_import_shows_reason(editor: StaffBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("bo-new")  # noqa: EM101 - as it was

    monkeypatch.setattr(jobs, "check", broken)
    seen = upload_and_check(editor, TABLE.encode())
    assert seen.title == "Import failed"
    assert "KeyError: 'bo-new'. Nothing was changed." in seen.words
    assert "Failed" in editor.see("/console/imports").rows()[0]
