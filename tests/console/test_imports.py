"""Films from files at the console: looked at first, then applied, wholly or the good lines."""

import csv

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import AuditEntry
from app.accounts.permissions import Role
from app.catalog.import_models import FilmImport
from app.catalog.models import Film
from tests import factories
from tests.console.desk import Desk, Page, log_in

TABLE = (
    "slug,title,release_year,tagline\n"
    "new,A New River,2020,\n"
    "old,Old River,2018,=HYPERLINK(1)\n"
    "same,Same River,2018,\n"
    "bad,,soon,\n"
)


def send(desk: Desk, data: bytes, *, csrf: str | None = None) -> Page:
    answer = desk.client.post(
        "/console/imports",
        data={"csrf": desk.csrf if csrf is None else csrf},
        files={"file": ("Our films.csv", data, "text/csv")},
        headers={"Accept": "text/html"},
    )
    return Page(answer.status_code, answer.text, "/console/imports")


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
def test_a_file_is_looked_at_line_by_line_and_nothing_changes(
    editor: Desk, session: Session
) -> None:
    seen = send(editor, TABLE.encode())

    assert seen.status == 200
    assert seen.rows() == [
        "5 Refused bad bad title : Field required release_year : Input should be a valid integer",
        "3 Changed Old River old Tagline empty → became =HYPERLINK(1)",
        "2 Created A New River new",
        "4 Left as it is Same River same",
    ]
    assert "Apply the 2 good lines" in seen.words
    assert films(session) == {"old": None, "same": None}
    assert session.scalars(select(FilmImport)).all() == []


@pytest.mark.usefixtures("rivers")
def test_the_good_lines_are_applied_once_and_recorded(editor: Desk, session: Session) -> None:
    seen = send(editor, TABLE.encode())
    (action,) = seen.actions()
    fields = {**seen.hidden(action), "step": "good"}
    done, twice = editor.post(action, fields), editor.post(action, fields)

    assert done.path == twice.path == "/console/imports"
    assert "The file is applied." in done.words
    assert films(session) == {"old": "=HYPERLINK(1)", "same": None, "new": None}
    (run,) = session.scalars(select(FilmImport)).all()
    assert (run.created, run.changed, run.left, run.refused) == (1, 1, 1, 1)
    assert (run.file_name, run.actor) == ("Our films.csv", "Catalog Person")
    assert "Our films.csv" in done.rows()[0]
    actors = session.execute(select(AuditEntry.action, AuditEntry.actor_ref)).all()
    assert ("film_import.finished", "catalog@example.org") in actors
    assert ("film.changed", "catalog@example.org") in actors
    assert "It was done once, and nothing changed now." in twice.words


@pytest.mark.usefixtures("rivers")
def test_all_of_a_file_is_refused_where_a_line_no_longer_fits(
    editor: Desk, session: Session
) -> None:
    seen = send(editor, b"title,release_year\nA River,2020\nB River,2020\n")
    (action,) = seen.actions()
    factories.film(session, slug="b-river", title="B River")
    session.commit()
    again = editor.fill(seen, action, step="all")

    assert "there is a film b-river" in again.words
    assert "Apply the 1 good line" in again.words
    assert "a-river" not in films(session)


@pytest.mark.usefixtures("rivers")
def test_the_report_has_every_line_and_no_formula(editor: Desk) -> None:
    seen = send(editor, TABLE.encode())
    (link,) = [link for link in seen.links() if "report.csv" in link]
    answer = editor.client.get(link)
    rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert rows[1:] == [
        ["2", "created", "new", "A New River", "", "", "", ""],
        ["3", "changed", "old", "Old River", "tagline", "nothing", "'=HYPERLINK(1)", ""],
        ["4", "left", "same", "Same River", "", "", "", ""],
        ["5", "refused", "bad", "", "title", "", "", "Field required"],
        ["5", "refused", "bad", "", "release_year", "", "", "Input should be a valid integer"],
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Choose a file that is not empty"),
        (b"title,year\nCaf\xe9,2020\n", "Line 2 is not in UTF-8: byte 4 of the line"),
        (b"PK\x03\x04", "The workbook cannot be read."),
        (b"x" * 20_000_001, "It is larger than 20 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_field(
    editor: Desk, data: bytes, words: str
) -> None:
    refused = send(editor, data)
    assert refused.status == 422
    assert words in refused.words


def test_only_those_who_edit_films_send_files_and_only_by_their_own_form(
    client: TestClient,
) -> None:
    assert send(log_in(client, Role.FULFILLMENT), TABLE.encode()).status == 403
    editor = log_in(client, Role.CATALOG)
    assert send(editor, TABLE.encode(), csrf="another").status == 403
    assert editor.force(f"/console/imports/{'0' * 64}", step="all").status == 422
