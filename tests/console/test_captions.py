"""Caption files at the console: refused with the reason, confirmed, told by the film."""

from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app import orphan_cleanup
from app.accounts import audit
from app.accounts.permissions import Role
from app.core import clock
from app.media.storage_names import digest, kept
from tests.catalog.films import film
from tests.console.staff_browser import Page, StaffBrowser, log_in

FILES = "/console/films/dusk/files"
CAPTIONS = "/console/films/dusk/captions"
SOUNDS = "".join(
    f"{n}\n00:{n:02}:01,000 --> 00:{n:02}:04,000\n[wind] We came at dawn, as we had said.\n\n"
    for n in range(1, 60)
).encode()


@pytest.fixture(autouse=True)
def dusk(session: Session) -> None:
    film(session, "Dusk")
    session.commit()


def send(desk: StaffBrowser, data: bytes, **fields: str) -> Page:
    answer = desk.client.post(
        CAPTIONS,
        data=desk.see(FILES).hidden(CAPTIONS) | {"version": "Feature", "language": "de"} | fields,
        files={"file": ("dusk.srt", data)},
        headers={"Accept": "text/html"},
        follow_redirects=True,
    )
    return Page(answer.status_code, answer.text, str(answer.url.path))


@pytest.mark.parametrize(
    ("data", "fields", "told"),
    [
        (b"", {}, "Choose a caption file"),
        (b"no captions", {}, "No captions found"),
        (SOUNDS, {"language": "xx"}, "xx"),
        (SOUNDS, {"version": "Director's cut"}, "Choose one of the film's versions."),
        (SOUNDS.replace(b"00:59", b"02:59"), {}, "after the end of the version"),
    ],
)
def test_captions_with_errors_are_refused_and_not_stored(
    editor: StaffBrowser, client: TestClient, data: bytes, fields: dict[str, str], told: str
) -> None:
    page = send(editor, data, **fields)
    assert (page.status, told in page.words) == (422, True)
    assert "No caption files yet." in page.words
    assert client.app.state.storage.names() == []  # type: ignore[attr-defined]


def test_confirmed_captions_appear_on_the_film(
    editor: StaffBrowser, client: TestClient, session: Session
) -> None:
    page = send(editor, SOUNDS)
    assert "Caption file added. Confirm its type." in page.words
    assert "German · Feature · Unconfirmed" in page.words
    assert "SRT, 59 captions, from 1:01 to 59:04; 59 captions describe sounds" in page.words
    # That it is here tells nobody anything yet.
    before = client.get("/api/v1/films/dusk").json()["versions"][0]["captions"]
    assert [caption["language"]["code"] for caption in before] == ["eng"]
    (here,) = {action for action in page.actions() if action.startswith(f"{CAPTIONS}/")}
    assert (
        page.tree.xpath(f"//form[@action='{here}']//select[@name='kind']/option[@selected]")[0].get(
            "value"
        )
        == "sdh"
    )

    fields = {"step": "confirm", "kind": "sdh", "source": "human"}
    page = editor.post(here, page.hidden(here) | fields)
    assert "Captions confirmed. The film's page lists them." in page.words
    after = client.get("/api/v1/films/dusk").json()["versions"][0]["captions"]
    assert [(c["language"]["code"], c["kind"], c["source"]) for c in after] == [
        ("eng", "cc", "human"),
        ("deu", "sdh", "human"),
    ]
    assert "German subtitles for the deaf and hard of hearing" in client.get("/films/dusk").text
    # Said otherwise, it is not there twice.
    fields |= {"kind": "cc", "source": "auto"}
    editor.post(here, editor.see(FILES).hidden(here) | fields)
    after = client.get("/api/v1/films/dusk").json()["versions"][0]["captions"]
    assert [(c["language"]["code"], c["kind"], c["source"]) for c in after][1:] == [
        ("deu", "cc", "auto")
    ]
    actions = [entry.action for entry in audit.entries_about(session, "film_files", "dusk")]
    assert actions == ["captions.added", "captions.confirmed", "captions.confirmed"]
    changes = [entry.action for entry in audit.entries_about(session, "film", "dusk")]
    assert changes == ["film.created", "film.changed", "film.changed"]


def test_caption_file_is_staff_only_and_survives_cleanup(
    editor: StaffBrowser, client: TestClient
) -> None:
    page = send(editor, SOUNDS)
    (here,) = {action for action in page.actions() if action.startswith(f"{CAPTIONS}/")}
    saved = editor.client.get(here)
    assert saved.content == SOUNDS
    assert saved.headers["content-disposition"].startswith('attachment; filename="dusk-deu-')
    assert log_in(client, Role.SALES).client.get(here).status_code == 403
    name = kept(digest(SOUNDS))
    for ending in ("srt", "kept", "guide.pdf"):
        assert client.get(f"/files/{digest(SOUNDS)}/{ending}").status_code in {404, 422}
    state = client.app.state  # type: ignore[attr-defined]
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        assert orphan_cleanup.remove_orphans(state.readers, state.storage) == 0
    assert state.storage.names() == [name]

    again = send(editor, SOUNDS)
    assert "This version already has this caption file." in again.words
    page = editor.post(here, editor.see(FILES).hidden(here) | {"step": "withdraw"})
    assert "Caption file withdrawn." in page.words
    refused = editor.force(here, step="confirm", kind="cc", source="human")
    assert (refused.status, "withdrawn" in refused.words) == (409, True)
    assert send(editor, SOUNDS).status == 200
