"""Two visitors of one kept page: the same bytes for both, and a cart and price of their own."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient

from app.catalog import queries
from app.core.config import Settings
from app.main import attach
from tests.run_in_thread import run_in_thread
from tests.storefront.visitor import PERSON, Visitor

pytestmark = pytest.mark.seeded
FILM = "/films/the-red-soul"


@pytest.fixture
def other(app: FastAPI) -> Iterator[Visitor]:
    """A second browser in the same process."""
    with TestClient(app, follow_redirects=False) as client:
        yield Visitor(client)


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("path", ["/", "/films", FILM, "/compare?film=the-red-soul", "/privacy"])
def test_a_page_is_the_same_bytes_for_everyone(
    visitor: Visitor, other: Visitor, app: FastAPI, path: str, coding: str
) -> None:
    headers = PERSON | {"accept-encoding": coding}
    pages = [each.client.get(path, headers=headers) for each in (visitor, other)]
    assert len(app.state.response_cache) == 1
    for page in pages:
        assert page.headers.get("content-encoding", "identity") == coding
        assert "set-cookie" not in page.headers
    assert pages[0].content == pages[1].content
    told = headers | {"if-none-match": pages[0].headers["etag"]}
    assert other.client.get(path, headers=told).status_code == 304


def test_a_form_of_that_page_works_for_each(visitor: Visitor, other: Visitor) -> None:
    for who in (visitor, other):
        form = who.get(FILM).form("/buyer")
        answered = who.send(form, **{"class": "college", "size": "4200", "country": "US"})
        assert answered.status == 200
        assert "For a college or university, 4,200" in answered.text


def test_class_size_and_cart_of_one_are_not_shown_to_the_other(
    visitor: Visitor, other: Visitor
) -> None:
    page = visitor.is_a_college("4200", next_path=FILM)
    assert "For a college or university, 4,200" in page.text
    sku = page.document.xpath("//input[@name='offer']/@value")[0]
    visitor.add("the-red-soul", sku)
    assert visitor.get(FILM).all("//*[@class='cart-count']") == ["1 license"]
    assert visitor.get("/films").all("//*[@class='cart-count']") == ["1 license"]

    stranger = other.get(FILM)
    assert "college or university, 4,200" not in stranger.text
    assert stranger.all("//*[@class='cart-count']") == []
    assert other.get("/films").all("//*[@class='cart-count']") == []
    library = other.send(
        stranger.form("/buyer"), **{"class": "public_library", "size": "90000", "country": "US"}
    )
    assert "For a public library" in library.text
    # Both pages are kept now, side by side.
    assert "For a college or university, 4,200" in visitor.get(FILM).text
    assert "For a public library" in other.get(FILM).text


def test_two_colleges_of_one_size_share_a_page(
    visitor: Visitor, other: Visitor, app: FastAPI
) -> None:
    visitor.is_a_college("4200", next_path="/privacy")
    other.is_a_college("4200", next_path="/privacy")
    one = visitor.get(FILM)
    before = len(app.state.response_cache)
    two = other.get(FILM)
    assert len(app.state.response_cache) == before
    assert one.html == two.html


def test_forged_cookie_is_no_buyer_and_makes_no_page_of_its_own(
    visitor: Visitor, app: FastAPI
) -> None:
    visitor.get(FILM)
    before = len(app.state.response_cache)
    for value in ("college:1:US", "Y29sbGVnZToxOlVT~00", "~", ""):
        visitor.client.cookies.set("rr_buyer", value)
        assert "Tell us about your institution" in visitor.get(FILM).text
    visitor.client.cookies.set("tracking", "x" * 200)
    visitor.get(FILM)
    assert len(app.state.response_cache) == before


def test_concurrent_misses_render_once(
    app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(app, settings.model_copy(update={"cache_stale_seconds": 60}))
    loaded: list[str] = []
    arrived, go_on = threading.Event(), threading.Event()
    original = queries.film_by_slug

    def slow(session: object, slug: str) -> object:
        loaded.append(slug)
        arrived.set()
        assert go_on.wait(30)
        return original(session, slug)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "film_by_slug", slow)

    async def storm() -> list[str]:
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://store") as client:
            asked = [asyncio.create_task(client.get(FILM)) for _ in range(30)]
            await asyncio.to_thread(arrived.wait, 30)
            for _ in range(50):
                await asyncio.sleep(0)  # let all of them come as far as they can
            go_on.set()
            return [(await each).text for each in asked]

    pages = run_in_thread(storm())
    assert loaded == ["the-red-soul"]
    assert len(pages) == 30
    assert len(set(pages)) == 1
    assert app.state.response_cache.flights == {}


def test_render_failure_does_not_block_waiting_requests(
    app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(app, settings.model_copy(update={"cache_stale_seconds": 60}))
    calls: list[str] = []
    original = queries.film_by_slug

    def broken_once(session: object, slug: str) -> object:
        calls.append(slug)
        if len(calls) == 1:
            msg = "broken"
            raise RuntimeError(msg)
        return original(session, slug)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "film_by_slug", broken_once)

    async def storm() -> list[int]:
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://store") as client:
            asked = [asyncio.create_task(client.get(FILM)) for _ in range(5)]
            return sorted([(await each).status_code for each in asked])

    assert run_in_thread(storm()) == [200, 200, 200, 200, 500]
    assert app.state.response_cache.flights == {}
