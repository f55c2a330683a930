"""Masters at the console: uploaded, followed, tried again, and withdrawn."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from app.cli import cli
from app.core.config import get_settings
from app.media import packaging
from tests.console.staff_browser import StaffBrowser
from tests.due_jobs import run_due_once
from tests.media.masters import film_file, short_version

MASTERS = "/console/films/small-film/masters"


@pytest.fixture(autouse=True)
def small_film(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        short_version(session, "Small Film")


def send(desk: StaffBrowser, data: bytes, **fields: str) -> int:
    answer = desk.client.post(
        MASTERS,
        data=desk.see(MASTERS).hidden(MASTERS) | {"version": "Feature", "role": "film"} | fields,
        files={"file": ("film.mp4", data)},
        headers={"Accept": "text/html"},
        follow_redirects=True,
    )
    return answer.status_code


def test_a_form_without_scripts_brings_a_master(
    editor: StaffBrowser, client: TestClient, tmp_path: Path
) -> None:
    data = film_file(tmp_path / "film.mp4", seconds=4).read_bytes()
    assert "No masters yet." in editor.see(MASTERS).words
    assert send(editor, data) == 200
    assert "Waiting for a worker, 0% encoded" in editor.see(MASTERS).words
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    words = editor.see("/console/media").words
    assert "Small Film" in words
    assert "Ready 360p, audio-rus, thumbnails" in words


def test_wrong_forms_say_what_is_wrong(editor: StaffBrowser) -> None:
    assert send(editor, b"") == 422
    assert send(editor, b"x", role="audio_description") == 422
    assert send(editor, b"x", version="Other") == 422
    assert "No masters yet." in editor.see(MASTERS).words


def test_a_refused_master_is_told_in_words_and_withdrawn(
    editor: StaffBrowser, client: TestClient
) -> None:
    assert send(editor, b"not a film") == 200
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    page = editor.see(MASTERS)
    assert "The file cannot be read as a film." in page.words
    assert "Try again" in page.words


def test_pages_say_that_ffmpeg_is_missing(
    editor: StaffBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.console.media_routes.find_programs", lambda _: None)
    monkeypatch.setattr(packaging, "find_programs", lambda _: None)
    for path in (MASTERS, "/console/media"):
        words = editor.see(path).words
        assert "ffmpeg is not installed on this machine." in words
        assert "make video" in words


def test_commands_add_a_master_and_list_it(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REELRIGHT_DATABASE_URL", database_url)
    monkeypatch.setenv("REELRIGHT_SPOOL_FOLDER", str(tmp_path / "spool"))
    get_settings.cache_clear()
    film = tmp_path / "film.mov"
    film.write_bytes(b"x" * 100)
    run = CliRunner()
    try:
        wrong = run.invoke(cli, ["media", "add", str(film), "--film", "no", "--version", "Feature"])
        assert wrong.exit_code == 1
        other = ["media", "add", str(film), "--film", "small-film", "--version", "Other"]
        assert "Choose one of the film's versions" in run.invoke(cli, other).output
        added = run.invoke(cli, [*other[:-1], "Feature"])
        assert added.exit_code == 0, added.output
        assert film.exists()
        told = run.invoke(cli, ["media", "status"])
        assert "small-film" in told.output
        assert "Waiting for a worker" in told.output
    finally:
        get_settings.cache_clear()
