"""Masters over the API: uploads in parts, objects of the storage, retry, and withdrawal."""

import hashlib
import os
from base64 import b64encode
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import create_key
from app.accounts.permissions import Scope
from app.catalog.models import Film
from app.core.config import Settings
from app.core.storage import Storage
from app.media.master_models import Master
from app.media.master_states import MasterState
from app.media.packaging_context import spool_folder
from tests.due_jobs import run_due_once
from tests.media.masters import film_file, short_version

TYPE = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def slug(sessions: sessionmaker[Session]) -> str:
    with sessions.begin() as session:
        short_version(session, "Small Film")
        return session.scalars(select(Film.slug)).one()


def metadata(**values: str) -> str:
    return ",".join(f"{name} {b64encode(text.encode()).decode()}" for name, text in values.items())


def begin(client: TestClient, key: dict[str, str], slug: str, size: int, **told: str) -> str:
    given = {"filename": "film.mp4", "version": "Feature"} | told
    headers = key | {"Upload-Length": str(size), "Upload-Metadata": metadata(**given)}
    answer = client.post(f"/api/v1/admin/films/{slug}/masters/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.headers["Location"]


def offset(client: TestClient, key: dict[str, str], url: str) -> int:
    answer = client.head(url, headers=key)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def test_an_upload_in_parts_arrives_whole_and_is_packaged(
    client: TestClient, key: dict[str, str], slug: str, settings: Settings, tmp_path: Path
) -> None:
    data = film_file(tmp_path / "film.mp4").read_bytes()
    url = begin(client, key, slug, len(data))
    cut = len(data) // 3
    for start, end in ((0, cut), (cut, 2 * cut), (2 * cut, len(data))):
        assert offset(client, key, url) == start
        headers = key | TYPE | {"Upload-Offset": str(start)}
        answer = client.patch(url, content=data[start:end], headers=headers)
        assert answer.status_code == 204, answer.text
        assert answer.headers["Upload-Offset"] == str(end)
    # The same again, as a client that did not get the answer sends it.
    again = client.patch(url, content=data[-10:], headers=key | TYPE | {"Upload-Offset": "0"})
    assert (again.status_code, again.json()["type"]) == (409, "upload-offset")
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    (item,) = client.get(f"/api/v1/admin/films/{slug}/masters", headers=key).json()["items"]
    assert item["sha256"] == hashlib.sha256(data).hexdigest()
    assert (item["state"], item["package"]["state"]) == ("accepted", "ready")
    assert item["package"]["percent"] == 100
    assert {file["label"] for file in item["package"]["files"]} == {
        "360p",
        "audio-rus",
        "thumbnails",
    }
    assert not [path for path in spool_folder(settings).iterdir() if path.is_file()]


def test_wrong_uploads_are_refused(
    client: TestClient, key: dict[str, str], slug: str, settings: Settings
) -> None:
    url = f"/api/v1/admin/films/{slug}/masters/uploads"
    good = {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a", version="Feature")}
    wrong: list[tuple[dict[str, str], str]] = [
        ({"Upload-Length": "60000000001"}, "60 GB"),
        ({"Upload-Length": "0"}, "Upload-Length"),
        ({"Upload-Metadata": metadata(filename="a", version="Other")}, "Feature"),
        ({"Upload-Metadata": "filename !"}, "Base64"),
        (
            {"Upload-Metadata": metadata(version="Feature", role="audio_description")},
            "language of the audio",
        ),
        ({"Upload-Metadata": metadata(version="Feature", role="x")}, "role"),
    ]
    for change, word in wrong:
        answer = client.post(url, headers=key | good | change)
        assert answer.status_code == 422, answer.text
        assert word.lower() in answer.text.lower()
    place = begin(client, key, slug, 10)
    more = client.patch(place, content=b"x" * 11, headers=key | TYPE | {"Upload-Offset": "0"})
    assert more.status_code == 422
    typed = client.patch(place, content=b"x", headers=key | {"Upload-Offset": "0"})
    assert typed.status_code == 415
    assert offset(client, key, place) == 0
    assert client.delete(place, headers=key).status_code == 204
    assert client.delete(place, headers=key).status_code == 204
    assert not [path for path in spool_folder(settings).iterdir() if path.is_file()]
    assert client.head(place.replace("upload", "nothing"), headers=key).status_code == 404


def test_strangers_and_other_keys_upload_nothing(
    client: TestClient, key: dict[str, str], slug: str, sessions: sessionmaker[Session]
) -> None:
    place = begin(client, key, slug, 10)
    with sessions.begin() as session:
        secret = create_key(session, label="other", scopes=[Scope.ORDERS_READ])
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {secret}"}, 403)):
        patch = client.patch(place, content=b"x", headers=headers | TYPE | {"Upload-Offset": "0"})
        assert patch.status_code == status
    assert offset(client, key, place) == 0


def test_an_object_of_the_storage_becomes_a_master_once(
    client: TestClient, key: dict[str, str], slug: str, storage: Storage, tmp_path: Path
) -> None:
    path = film_file(tmp_path / "film.mp4", seconds=4)
    storage.put(path, "incoming/film.mp4")
    url = f"/api/v1/admin/films/{slug}/masters"
    body = {"object": "incoming/film.mp4", "version": "Feature"}
    missing = client.post(url, json=body | {"object": "incoming/other.mp4"}, headers=key)
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "#/object")
    for name in ("masters/x", "incoming/../masters/x", "incoming//x"):
        answer = client.post(url, json=body | {"object": name}, headers=key)
        assert answer.status_code == 422
    once = key | {"Idempotency-Key": "one"}
    first = client.post(url, json=body, headers=once)
    assert first.status_code == 201
    assert client.post(url, json=body, headers=once).json() == first.json()
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    (item,) = client.get(url, headers=key).json()["items"]
    assert item["package"]["state"] == "ready"
    assert storage.exists("incoming/film.mp4")


def test_a_refused_master_is_tried_again_and_withdrawn(
    client: TestClient, key: dict[str, str], slug: str, sessions: sessionmaker[Session]
) -> None:
    place = begin(client, key, slug, 100)
    data = os.urandom(100)
    client.patch(place, content=data, headers=key | TYPE | {"Upload-Offset": "0"})
    run_due_once(client.app.state)  # type: ignore[attr-defined]
    (item,) = client.get(f"/api/v1/admin/films/{slug}/masters", headers=key).json()["items"]
    assert (item["state"], item["package"]["state"]) == ("refused", "failed")
    assert "cannot be read as a film" in item["problem"]
    again = client.post(f"/api/v1/admin/masters/{item['ref']}/retry", headers=key)
    assert (again.status_code, again.json()["state"]) == (200, "received")
    url = f"/api/v1/admin/masters/{item['ref']}"
    for _ in range(2):
        assert client.delete(url, headers=key).status_code == 204
    assert client.post(f"{url}/retry", headers=key).status_code == 409
    with sessions() as session:
        assert session.scalars(select(Master.state)).all() == [MasterState.WITHDRAWN]
