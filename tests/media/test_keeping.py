"""What is kept, whoever dies: sizes made twice, orphans swept, nothing lost."""

from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app import orphan_cleanup
from app.catalog.file_enums import FileKind, FileState
from app.catalog.models import Film
from app.core import clock
from app.core.errors import UnavailableError
from app.core.storage import FileMissingError, Storage
from app.media import image_sizes, images, service, storage_names, uploads
from app.media.file_metadata import FileMetadata
from tests.catalog.films import EDITOR
from tests.media.file_factories import again, keep, opened, picture, prepared


def test_a_failure_is_tried_again_then_shown_to_staff(
    client: TestClient,
    session: Session,
    storage: Storage,
    film: Film,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = keep(session, storage, film, picture())
    with monkeypatch.context() as patched:
        patched.setattr(images, "sizes", lambda _: 1 / 0)
        moment = clock.now()
        for minutes in (0, 2, 8, 40):
            with time_machine.travel(moment + timedelta(minutes=minutes), tick=False):
                prepared(client)
            assert again(session, file).last_error == "ZeroDivisionError: division by zero"
    failed = again(session, file)
    assert (failed.state, failed.attempts, failed.next_attempt_at) == (FileState.FAILED, 4, None)
    assert service.films_with_failed_pictures(session) == [("dusk", "Dusk")]
    assert service.retry(session, film, failed, actor=EDITOR)
    session.commit()
    prepared(client)
    assert again(session, file).state is FileState.READY
    assert service.films_with_failed_pictures(session) == []


def test_a_job_that_dies_half_way_begins_again(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    """Whatever of the sizes is there, another run makes all of them, and the same."""
    file = keep(session, storage, film, picture())
    storage.write(storage_names.sized(file.sha256, 320, "avif"), b"half of a fi")
    state = client.app.state  # type: ignore[attr-defined]
    for _ in range(2):
        image_sizes.make_sizes(state.sessions, state.readers, storage, file_id=file.id)
    assert opened(client.get(f"/files/{file.sha256}/320.avif").content).size == (320, 180)


def test_a_death_between_file_and_row_leaves_an_orphan_that_is_swept(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    readers = client.app.state.readers  # type: ignore[attr-defined]
    kept = keep(session, storage, film, picture())
    orphan = uploads.inspect_upload(FileKind.STILL, picture(300, 300), "b.jpg")
    uploads.store_upload(storage, orphan)  # and here the process dies
    storage.write("torn.part", b"x")
    orphans = sorted([storage_names.kept(orphan.sha256), "torn.part"])
    # Young ones are left alone: their rows may be on the way.
    assert orphan_cleanup.remove_orphans(readers, storage) == 0
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        assert orphan_cleanup.remove_orphans(readers, storage) == 2
        assert storage.names() == sorted(
            [*(f"aside/{o}" for o in orphans), storage_names.kept(kept.sha256)]
        )
        assert orphan_cleanup.remove_orphans(readers, storage) == 2
    assert storage.names() == [storage_names.kept(kept.sha256)]
    assert storage.read(storage_names.kept(kept.sha256))


def test_a_row_that_comes_while_a_sweep_is_under_way_loses_nothing(
    client: TestClient,
    session: Session,
    storage: Storage,
    film: Film,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readers = client.app.state.readers  # type: ignore[attr-defined]
    upload = uploads.inspect_upload(FileKind.STILL, picture(), "a.jpg")
    uploads.store_upload(storage, upload)
    name = storage_names.kept(upload.sha256)
    move = Storage.move
    add = [
        lambda: service.add_file(
            session, film, FileKind.STILL, upload, FileMetadata(alt="A river"), actor=EDITOR
        )
    ]

    def moved(self: Storage, old: str, to: str) -> None:
        move(self, old, to)
        while add:
            add.pop()()
            session.commit()

    # The row comes just after the bytes were moved: the sweep itself puts them back.
    monkeypatch.setattr(Storage, "move", moved)
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        assert orphan_cleanup.remove_orphans(readers, storage) == 0
    assert storage.names() == [name]
    # A sweep that died before it looked again: the next one puts them back.
    storage.move(name, to=f"aside/{name}")
    orphan_cleanup.remove_orphans(readers, storage)
    assert storage.names() == [name]
    # Or the sender, who looks last.
    storage.move(name, to=f"aside/{name}")
    uploads.ensure_stored(storage, upload)
    orphan_cleanup.remove_orphans(readers, storage)
    assert storage.names() == [name]


@pytest.mark.once
def test_a_bucket_is_as_good_as_a_folder() -> None:
    """What fsspec can reach will do; its memory stands for a bucket here."""
    storage = Storage("memory://shelf/films")
    storage.write("ab/x", b"1")
    storage.write("ab/x", b"22")
    storage.write("cd/y", b"3" * 600_000)
    assert storage.names() == ["ab/x", "cd/y"]
    assert storage.read("ab/x") == b"22"
    assert b"".join(storage.chunks("cd/y")) == b"3" * 600_000
    assert (storage.exists("ab/x"), storage.exists("ab/z")) == (True, False)
    assert clock.now() - storage.written_at("ab/x") < timedelta(minutes=1)
    storage.move("ab/x", to="aside/ab/x")
    assert storage.names() == ["aside/ab/x", "cd/y"]
    storage.remove("cd/y")
    for gone in (storage.read, storage.chunks, storage.written_at, storage.remove):
        with pytest.raises(FileMissingError):
            gone("cd/y")
    with pytest.raises(UnavailableError):
        Storage("nowhere://shelf").names()


def test_bytes_that_are_gone_are_said_to_be_and_nothing_breaks(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    file = keep(session, storage, film, picture())
    prepared(client)
    storage.remove(storage_names.sized(file.sha256, 480, "jpg"))
    answer = client.get(file.path)
    assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
    assert "immutable" not in answer.headers.get("cache-control", "")
