"""Long answers are compressed, and not sent again while nothing has changed."""

import brotli
import pytest
import zstandard
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog import public_revision
from app.exports import kbart, ledger
from app.main import API

pytestmark = pytest.mark.seeded

OAI = "/oai?verb=ListRecords&metadataPrefix=oai_dc"
LONG = [f"{API}/records", f"{API}/records?format=xml", "/kbart.txt", OAI, "/api/openapi.json"]
LONG += [f"{API}/records?since=2026-01-01"]
ROWS = [{"title": "The Red Soul"}] * 30
ASKED = {"class": "college", "size": 4200, "rows": ROWS}


@pytest.mark.parametrize("address", LONG)
def test_what_has_not_changed_is_not_sent_again(client: TestClient, address: str) -> None:
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    head = client.head(address)

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"] == head.headers["etag"]
    assert first.headers["cache-control"] == "public, no-cache"


@pytest.mark.parametrize("address", [f"{API}/records", "/kbart.txt", OAI])
def test_a_change_of_the_catalog_is_sent(
    client: TestClient, session: Session, address: str
) -> None:
    tag = client.get(address).headers["etag"]
    public_revision.bump(session)
    session.commit()

    again = client.get(address, headers={"If-None-Match": tag})

    assert again.status_code == 200
    assert again.headers["etag"] != tag


def test_another_question_has_another_tag(client: TestClient) -> None:
    tags = {client.head(address).headers["etag"] for address in LONG}
    assert len(tags) == len(LONG)


@pytest.mark.parametrize("address", LONG)
@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_long_answers_are_compressed(client: TestClient, address: str, coding: str) -> None:
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", address, headers={"Accept-Encoding": coding}) as answer:
        sent = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == coding
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.headers["etag"].startswith("W/")
    if coding == "br":
        text = brotli.decompress(sent)
    elif coding == "zstd":
        text = zstandard.ZstdDecompressor().decompressobj().decompress(sent)
    else:
        text = client.get(address, headers={"Accept-Encoding": "gzip"}).content
    assert len(sent) < len(text)
    # Some tell the second in which they were made.
    assert len(text) == len(plain.content)
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_availability_is_compressed(client: TestClient, coding: str) -> None:
    answer = client.post(f"{API}/availability", json=ASKED, headers={"Accept-Encoding": coding})
    assert answer.headers["content-encoding"] == coding
    if coding == "gzip":
        assert len(answer.json()["rows"]) == len(ROWS)


def test_what_a_key_or_a_secret_opens_is_not_compressed(client: TestClient) -> None:
    accepted = {"Accept-Encoding": "gzip, br"}
    for address in ("/cart", "/console/login", f"{API}/admin/films", "/lookup"):
        assert "content-encoding" not in client.get(address, headers=accepted).headers


def test_head_makes_none_of_the_answer(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        msg = "made for nobody"
        raise AssertionError(msg)

    monkeypatch.setattr(ledger, "sync_records", fail)
    monkeypatch.setattr(kbart, "_by_title", fail)
    monkeypatch.setattr("app.exports.batches._encode_batch", fail)
    monkeypatch.setattr("app.discovery.routes.answer", fail)
    for address in (f"{API}/records", f"{API}/records?format=xml", "/kbart.txt", OAI):
        answer = client.head(address, headers={"Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (200, b"")
        assert "content-length" not in answer.headers
        assert answer.headers["etag"]
