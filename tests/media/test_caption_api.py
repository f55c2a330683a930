"""Caption files over the API: sent, confirmed, withdrawn."""

from fastapi.testclient import TestClient

from app.catalog.models import Film
from tests.media.test_caption_parsing import SPOKEN, srt

CAPTIONS = "/api/v1/admin/films/dusk/captions"
FILE = {"file": ("dusk.srt", srt(*SPOKEN).encode(), "text/plain")}


def test_a_caption_file_is_sent_confirmed_and_withdrawn(
    client: TestClient, film: Film, key: dict[str, str]
) -> None:
    assert film.slug == "dusk"
    said = {"version": "Feature", "language": "de"}
    client.headers.update(key)

    made = client.post(CAPTIONS, data=said, files=FILE, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201
    ref = made.json()["ref"]
    assert (made.json()["language"], made.json()["confirmed_kind"]) == ("deu", None)
    again = client.post(CAPTIONS, data=said, files=FILE, headers={"Idempotency-Key": "k"})
    assert again.json() == made.json()
    twin = client.post(CAPTIONS, data=said, files=FILE)
    assert (twin.status_code, twin.json()["type"]) == (409, "file-taken")
    assert client.get("/api/v1/films/dusk").json()["versions"][0]["captions"] != []

    confirmed = client.post(f"{CAPTIONS}/{ref}/confirm", json={"kind": "sdh", "source": "human"})
    assert confirmed.json()["confirmed_kind"] == "sdh"
    captions = client.get("/api/v1/films/dusk").json()["versions"][0]["captions"]
    assert [one["kind"] for one in captions if one["language"]["code"] == "deu"] == ["sdh"]
    assert client.delete(f"{CAPTIONS}/{ref}").status_code == 204
    (kept,) = client.get(CAPTIONS).json()["items"]
    assert kept["withdrawn_at"] is not None
    late = client.post(f"{CAPTIONS}/{ref}/confirm", json={"kind": "sdh"})
    assert (late.status_code, late.json()["type"]) == (409, "conflict")


def test_a_caption_file_that_is_none_is_refused_by_its_field(
    client: TestClient, film: Film, key: dict[str, str]
) -> None:
    assert client.post(CAPTIONS, files=FILE).status_code == 401
    client.headers.update(key)

    def refused(said: dict[str, str], text: bytes) -> list[str]:
        answer = client.post(CAPTIONS, data=said, files={"file": ("a.srt", text)})
        assert answer.status_code == 422
        return [error["pointer"] for error in answer.json()["errors"]]

    good = {"version": "Feature", "language": "deu"}
    assert refused(good, b"no captions at all") == ["#/file"]
    wrong = {"version": "Another", "language": "zz", "kind": "cc"}
    assert refused(wrong, b"x") == ["#/kind"]
    assert refused(wrong | {"kind": ""}, b"x") == ["#/kind"]
    assert refused({"version": "Another", "language": "zz"}, b"") == [
        "#/version",
        "#/language",
        "#/file",
    ]
    assert client.get(CAPTIONS).json()["items"] == []
    assert film.slug == "dusk"
