"""A file from the upload to the reader: sent over the API, prepared by the worker, served."""

import json

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.catalog import film_service, public_revision, queries
from app.catalog.file_enums import FileKind
from app.catalog.file_models import FilmFile
from app.catalog.models import Film
from app.core.storage import Storage
from app.media import service, storage_names, uploads
from app.media.errors import FileTakenError
from app.media.file_metadata import FileMetadata
from tests.catalog.films import EDITOR
from tests.media.file_factories import again, keep, opened, paper, picture, prepared

ADMIN = "/api/v1/admin/films/dusk/files"


def send(client: TestClient, key: dict[str, str], data: bytes, **fields: str) -> Response:
    return client.post(
        ADMIN,
        headers=key,
        files={"file": ("../Königs-See.png", data, "text/html")},
        data={"kind": "still", "alt": "A lake between hills"} | fields,
    )


def test_a_still_goes_from_the_sender_to_the_reader(
    client: TestClient, key: dict[str, str], film: Film, storage: Storage, session: Session
) -> None:
    answer = send(client, key, picture(700, 350), credit="Photo: Ada Example")
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["state"] == "processing"
    assert (told["original_name"], told["width"]) == ("Königs-See.png", 700)
    # Nobody sees it before all its sizes are there.
    assert client.get(told["path"]).status_code == 404
    assert client.get("/api/v1/films/dusk").json()["images"] == []
    number = public_revision.current(session).number
    session.commit()

    prepared(client)

    assert public_revision.current(session).number == number + 1
    (image,) = client.get("/api/v1/films/dusk").json()["images"]
    assert image["url"] == f"http://127.0.0.1:8000{told['path']}"
    assert (image["width"], image["height"]) == (700, 350)
    assert (image["alt"], image["credit"]) == ("A lake between hills", "Photo: Ada Example")
    assert [(s["width"], s["height"]) for s in image["sizes"][::3]] == [
        (320, 160),
        (640, 320),
        (700, 350),
    ]
    for size in image["sizes"]:
        served = client.get(size["url"].removeprefix("http://127.0.0.1:8000"))
        assert served.headers["content-type"] == size["media_type"]
        assert opened(served.content).size == (size["width"], size["height"])
    assert min(storage.names()).startswith(told["sha256"][:2])
    (entry,) = audit.entries_about(session, "film_files", "dusk")
    assert (entry.action, entry.via) == ("file.added", "api")
    assert entry.after is not None
    assert entry.after["sha256"] == told["sha256"]
    del film


def test_a_served_file_is_kept_for_ever_and_runs_nothing(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    file = keep(session, storage, film, picture())
    prepared(client)
    first = client.get(file.path)
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert (
        first.headers["content-security-policy"]
        == "default-src 'none'; sandbox; frame-ancestors 'none'"
    )
    tag = first.headers["etag"]
    other = client.get(f"/files/{file.sha256}/320.avif").headers["etag"]
    assert other != tag
    for given in (tag, f'"x", W/{tag}', "*"):
        repeated = client.get(file.path, headers={"If-None-Match": given})
        assert (repeated.status_code, repeated.content) == (304, b"")
        assert repeated.headers["etag"] == tag
    assert client.get(file.path, headers={"If-None-Match": other}).status_code == 200
    head = client.head(file.path)
    assert (head.status_code, head.content) == (200, b"")


def test_no_other_address_of_a_picture_is_served(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    file = keep(session, storage, film, picture(400, 300))
    prepared(client)
    found = f"/files/{file.sha256}"
    assert client.get(f"{found}/400.avif").status_code == 200
    for name in ("321.avif", "640.avif", "320.gif", "320.svg", "press-kit.pdf"):
        assert client.get(f"{found}/{name}").status_code == 404, name
    for path in (f"{found}/kept", f"{found}/..%2fkept", "/files/ab/320.avif"):
        assert client.get(path).status_code in {404, 422}, path


def test_a_paper_is_saved_and_not_shown_in_the_page(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    data = paper(3)
    file = keep(session, storage, film, data, kind=FileKind.PRESS_KIT, alt="", title="The kit")
    answer = client.get(file.path)
    assert answer.content == data
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="dusk-press-kit.pdf"'
    assert answer.headers["content-length"] == str(len(data))
    (told,) = client.get("/api/v1/films/dusk").json()["documents"]
    assert (told["title"], told["pages"], told["size_bytes"]) == ("The kit", 3, len(data))


def test_a_film_that_nobody_sees_shows_no_file(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    file = keep(session, storage, film, picture())
    prepared(client)
    assert client.get(file.path).status_code == 200
    film_service.withdraw_film(session, "dusk", actor=EDITOR)
    session.commit()
    assert client.get(file.path).status_code == 404


def test_withdrawn_it_is_gone_and_stays_known(
    client: TestClient, key: dict[str, str], session: Session, storage: Storage, film: Film
) -> None:
    file = keep(session, storage, film, picture())
    prepared(client)
    number = public_revision.current(session).number
    session.commit()
    assert client.delete(f"{ADMIN}/{file.ref}", headers=key).status_code == 204
    assert client.delete(f"{ADMIN}/{file.ref}", headers=key).status_code == 204
    assert client.get(file.path).status_code == 404
    assert client.get("/api/v1/films/dusk").json()["images"] == []
    assert public_revision.current(session).number == number + 1
    session.commit()
    (told,) = client.get(ADMIN, headers=key).json()["items"]
    assert told["withdrawn_at"] is not None
    # Its bytes stay: it may come back.
    assert storage.exists(storage_names.kept(file.sha256))
    with client.app.state.sessions.begin() as own:  # type: ignore[attr-defined]
        present = queries.film_for_staff(own, "dusk")
        service.restore(own, present, service.file_of(own, present, file.ref), actor=EDITOR)
    assert client.get(file.path).status_code == 200


def test_a_replaced_picture_has_another_address_and_the_old_one_stays_until_then(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    old = keep(session, storage, film, picture())
    prepared(client)
    upload = uploads.inspect_upload(FileKind.STILL, picture(500, 300), "b.jpg")
    uploads.store_upload(storage, upload)
    words = FileMetadata(alt="Another river")
    new = service.add_file(session, film, FileKind.STILL, upload, words, actor=EDITOR, replaces=old)
    session.commit()
    assert new.path != old.path
    assert [client.get(p).status_code for p in (old.path, new.path)] == [200, 404]
    prepared(client)
    assert [client.get(p).status_code for p in (old.path, new.path)] == [404, 200]
    assert again(session, old).withdrawn_at is not None
    assert again(session, new).position == old.position


REFUSED = {
    "no key": ({}, "", 401, None),
    "no description": ({"alt": " "}, "", 422, "#/alt"),
    "a file's name for a description": ({"alt": "DSC_0042.JPG"}, "", 422, "#/alt"),
    "no such kind": ({"kind": "trailer"}, "", 422, "#/kind"),
    "no such language": ({"language": "xx"}, "", 422, "#/language"),
    "a field that is none": ({"caption": "x"}, "", 422, "#/caption"),
    "two lines": ({"credit": "a\nb"}, "", 422, "#/credit"),
    "a PDF without a title": ({"kind": "guide"}, "", 422, "#/title"),
    "no such film": ({}, "/api/v1/admin/films/dawn/files", 404, None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said_of_its_field_and_nothing_is_kept(
    client: TestClient, key: dict[str, str], session: Session, film: Film, case: str
) -> None:
    fields, path, status, pointer = REFUSED[case]
    answer = client.post(
        path or ADMIN,
        headers={} if case == "no key" else key,
        files={"file": ("a.jpg", picture())},
        data={"kind": "still", "alt": "A lake between hills"} | fields,
    )
    assert answer.status_code == status, answer.text
    assert [e["pointer"] for e in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert session.scalar(select(func.count(FilmFile.id))) == 0
    del film


def test_a_file_that_is_none_is_refused_by_its_field(
    client: TestClient, key: dict[str, str], film: Film, storage: Storage
) -> None:
    answer = send(client, key, b"<svg onload='x'>")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/file"
    assert "SVG" in answer.json()["errors"][0]["detail"]
    nothing = client.post(ADMIN, headers=key, files={"kind": (None, "still")})
    assert nothing.json()["errors"][0]["pointer"] == "#/file"
    assert client.post(ADMIN, headers=key, json={"kind": "still"}).status_code == 415
    assert client.post(ADMIN, headers=key, data={"kind": "still"}).status_code == 415
    assert storage.names() == []
    del film


def test_the_same_file_is_taken_once(client: TestClient, key: dict[str, str], film: Film) -> None:
    assert send(client, key, picture()).status_code == 201
    twin = send(client, key, picture())
    assert (twin.status_code, twin.json()["type"]) == (409, "file-taken")
    # As another kind it is another thing.
    assert send(client, key, picture(), kind="poster").status_code == 201
    del film


def test_the_same_request_twice_has_one_effect(
    client: TestClient, key: dict[str, str], film: Film, session: Session
) -> None:
    headers = key | {"Idempotency-Key": "once"}
    answers = [send(client, headers, picture()) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert session.scalar(select(func.count(FilmFile.id))) == 1
    session.commit()
    other = send(client, headers, picture(500, 500))
    assert other.json()["type"] == "idempotency-key-reused"
    del film


def test_a_large_body_goes_where_files_go_and_nowhere_else(
    client: TestClient, key: dict[str, str], film: Film
) -> None:
    large = b"x" * 1_000_001
    assert send(client, key, large).json()["errors"][0]["pointer"] == "#/file"
    assert client.post("/api/v1/admin/films", headers=key, content=large).status_code == 413
    # Nobody's files are read before it is known whose they are.
    assert send(client, {}, large).status_code == 401
    del film


def test_order_is_kept_among_files_of_a_kind(
    client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    files = [keep(session, storage, film, picture(300 + n, 300)) for n in range(3)]
    prepared(client)
    for file, up in ((files[2], True), (files[2], True), (files[2], True), (files[0], False)):
        service.move(session, film, service.file_of(session, film, file.ref), up=up, actor=EDITOR)
    session.commit()
    shown = client.get("/api/v1/films/dusk").json()["images"]
    assert [image["width"] for image in shown] == [302, 301, 300]


def test_a_file_that_is_there_is_not_added_again(
    session: Session, sessions: sessionmaker[Session], storage: Storage, film: Film
) -> None:
    keep(session, storage, film, picture())
    upload = uploads.inspect_upload(FileKind.STILL, picture(), "b.jpg")
    words = FileMetadata(alt="A river")
    with sessions.begin() as own:
        present = queries.film_for_staff(own, "dusk")
        with pytest.raises(FileTakenError):
            service.add_file(own, present, FileKind.STILL, upload, words, actor=EDITOR)
    assert session.scalar(select(func.count(FilmFile.id))) == 1
    told = json.dumps([e.after for e in audit.entries_about(session, "film_files", "dusk")])
    assert told.count('"kind": "still"') == 1
