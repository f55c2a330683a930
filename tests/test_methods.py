"""A wrong method is told every right one, at pages, files and the API."""

import pytest
from fastapi.testclient import TestClient

from app.discovery import preview_images
from app.main import API

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/checkout", "GET, HEAD, POST"),
        ("/lookup", "GET, HEAD, POST"),
        ("/cart", "GET, HEAD"),
        ("/oai", "GET, HEAD, OPTIONS, POST"),
        (f"{API}/availability", "OPTIONS, POST"),
        (f"{API}/films", "GET, HEAD, OPTIONS"),
        (f"{API}/admin/films", "GET, HEAD, POST"),
        (f"{API}/admin/films/the-red-soul", "DELETE, GET, HEAD, PATCH, PUT"),
        ("/static/store.css", "GET, HEAD, OPTIONS"),
        ("/films/the-red-soul/record.mrc", "GET, HEAD, OPTIONS"),
        ("/console/films", "GET, HEAD"),
    ],
)
def test_allow_names_what_an_address_takes(client: TestClient, address: str, allowed: str) -> None:
    answer = client.request("TRACE", address)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.seeded
def test_head_draws_no_picture(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []

    def draw(*facts: object) -> bytes:
        drawn.append(facts)
        return b"png"

    monkeypatch.setattr(preview_images, "card_png", draw)
    address = "/films/the-red-soul/card.png"

    head = client.head(address)
    assert (head.status_code, head.headers["content-type"], drawn) == (200, "image/png", [])
    assert client.get(address).content == b"png"
    assert len(drawn) == 1
