"""The Files page: several files at once, each refusal beside its field, and every step with one."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.permissions import Role
from app.catalog.file_enums import FileState
from app.catalog.file_models import FilmFile
from tests.catalog.films import film
from tests.console.staff_browser import Page, StaffBrowser, log_in
from tests.due_jobs import run_due_once
from tests.media.file_factories import paper, picture

FILES = "/console/films/dusk/files"


@pytest.fixture(autouse=True)
def dusk(session: Session) -> None:
    film(session, "Dusk")
    session.commit()


def send(desk: StaffBrowser, files: dict[str, bytes], *, to: str = FILES, **fields: str) -> Page:
    """Send a form with files as a browser does: a field without one sends an empty one."""
    hidden = desk.see(FILES).hidden(to)
    answer = desk.client.post(
        to,
        data=hidden | fields,
        files={name: ("x.jpg" if data else "", data) for name, data in files.items()},
        headers={"Accept": "text/html"},
        follow_redirects=True,
    )
    return Page(answer.status_code, answer.text, str(answer.url.path))


def rows(session: Session) -> list[FilmFile]:
    found = session.scalars(
        select(FilmFile).order_by(FilmFile.id).execution_options(populate_existing=True)
    ).all()
    session.commit()
    return list(found)


def test_upload_keeps_valid_files_and_shows_errors(editor: StaffBrowser, session: Session) -> None:
    fields = {
        "kind-0": "still",
        "alt-0": "A river at dusk",
        "credit-0": "Photo: Ada Example",
        "kind-1": "still",
        "alt-1": "",
        "kind-2": "guide",
        "title-2": "Guide for teachers",
        "kind-3": "poster",
        "alt-3": "The poster",
        "title-3": "Kept as typed",
        "kind-4": "still",
    }
    files = {
        "file-0": picture(),
        "file-1": picture(400, 300),
        "file-2": paper(4),
        "file-3": b"<svg/>",
        "file-4": b"",
    }
    page = send(editor, files, **fields)
    assert page.status == 422
    assert "2 files were added. 2 files need correction." in page.words
    assert "Enter alt text that describes the image" in page.words
    assert "SVG files are not supported" in page.words
    # Each refusal leads to its field, where what was typed still stands.
    assert {"#alt-1", "#file-3"} <= set(page.tree.xpath("//*[@role='alert']//a/@href"))
    assert page.tree.xpath("//input[@name='title-3']/@value") == ["Kept as typed"]
    assert page.tree.xpath("//input[@name='alt-1']/@aria-invalid") == ["true"]
    assert page.tree.xpath("//input[@type='file'][not(@required)]/@name") == ["file-1", "file-3"]
    still, guide = rows(session)
    assert (still.alt, still.credit) == ("A river at dusk", "Photo: Ada Example")
    assert (guide.title, guide.pages, guide.state) == ("Guide for teachers", 4, FileState.READY)


def test_upload_without_file_is_refused_and_repeat_is_ignored(
    editor: StaffBrowser, session: Session
) -> None:
    page = send(editor, {"file-0": b""}, **{"kind-0": "still"})
    assert (page.status, "Choose a file" in page.words) == (422, True)
    fields = editor.see(FILES).hidden(FILES) | {"kind-0": "still", "alt-0": "A river at dusk"}
    for told in ("Images appear when they are processed", "This form was already submitted"):
        answer = editor.client.post(
            FILES, data=fields, files={"file-0": ("a.jpg", picture())}, follow_redirects=True
        )
        assert told in answer.text
    again = send(editor, {"file-0": picture()}, **{"kind-0": "still", "alt-0": "A river"})
    assert "This still is already added." in again.words
    assert len(rows(session)) == 1


def test_file_is_edited_moved_replaced_withdrawn_and_restored(
    editor: StaffBrowser, session: Session, client: TestClient
) -> None:
    for width in (400, 300):
        send(editor, {"file-0": picture(width)}, **{"kind-0": "still", "alt-0": f"Still {width}"})
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    first, second = rows(session)
    here = f"{FILES}/{second.ref}"
    assert editor.see(FILES).status == 200
    small = editor.client.get(f"{here}/small")
    assert (small.headers["content-type"], small.headers["cache-control"]) == (
        "image/jpeg",
        "private, no-store",
    )

    page = editor.force(here, step="save", alt="x", title="Typed")
    assert (page.status, "Enter a description of the image" in page.words) == (422, True)
    assert page.tree.xpath(f"//input[@id='title-{second.ref}']/@value") == ["Typed"]
    page = editor.post(here, editor.see(FILES).hidden(here) | {"step": "save", "alt": "A bridge"})
    assert "Details saved." in page.words
    editor.post(here, editor.see(FILES).hidden(here) | {"step": "up"})
    assert [(row.alt, row.position) for row in rows(session)] == [("Still 400", 1), ("A bridge", 0)]

    page = send(editor, {"file": b"no picture"}, to=f"{here}/replace")
    assert "not a JPEG, PNG, WebP, or AVIF" in page.words
    page = send(editor, {"file": picture(500)}, to=f"{here}/replace")
    assert "replaces the current file" in page.words
    assert "replaces" in editor.see(FILES).words
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    *_, third = rows(session)
    assert (third.alt, third.position, third.state) == ("A bridge", 0, FileState.READY)

    gone = f"{FILES}/{third.ref}"
    fields = {"step": "withdraw", "reason": "No longer licensed"}
    page = editor.post(gone, editor.see(FILES).hidden(gone) | fields)
    assert "File withdrawn." in page.words
    assert [row.is_withdrawn for row in rows(session)] == [False, True, True]
    page = editor.post(gone, editor.see(FILES).hidden(gone) | {"step": "restore"})
    assert "File restored." in page.words
    actions = [entry.action for entry in audit.entries_about(session, "film_files", "dusk")]
    assert [action.removeprefix("file.") for action in actions] == [
        *("added", "added", "changed", "ordered", "replaced"),
        *("withdrawn", "withdrawn", "restored"),
    ]
    assert "No longer licensed" in editor.see(FILES).words
    del first


def test_failed_image_is_listed_and_retried(
    editor: StaffBrowser, session: Session, client: TestClient
) -> None:
    send(editor, {"file-0": picture()}, **{"kind-0": "still", "alt-0": "A river"})
    (file,) = rows(session)
    file.state, file.last_error = FileState.FAILED, "OSError: disk full"
    session.commit()
    assert "Images that failed to process Dusk" in editor.see("/console/films").words
    assert "OSError: disk full" in editor.see(FILES).words
    here = f"{FILES}/{file.ref}"
    editor.post(here, editor.see(FILES).hidden(here) | {"step": "retry"})
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    assert rows(session)[0].state is FileState.READY
    assert "Images that failed" not in editor.see("/console/films").words


def test_upload_without_permission_is_refused(client: TestClient, session: Session) -> None:
    sales = log_in(client, Role.SALES)
    answer = sales.client.post(
        FILES,
        data={"once": "x", "kind-0": "still", "alt-0": "A river"},
        files={"file-0": ("a.jpg", picture())},
        headers={"Accept": "text/html"},
    )
    assert answer.status_code == 403
    editor = log_in(client, Role.CATALOG)
    fields = {"once": "x", "kind-0": "still", "alt-0": "A river"}
    forged = editor.client.post(
        FILES,
        data=fields,
        files={"file-0": ("a.jpg", picture())},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert (forged.status_code, forged.json()["type"]) == (403, "cross-site-request")
    assert rows(session) == []
