"""Two visitors of the same kept page: each sees their own token, cart and price, and no other's."""

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
import zstandard
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient

from app.catalog import queries
from app.core.config import Settings
from app.core.rendered import HOLE
from app.main import attach
from tests.loops import run_in_thread
from tests.storefront.visitor import PERSON, Visitor

pytestmark = pytest.mark.seeded
FILM = "/films/the-red-soul"
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture
def other(app: FastAPI) -> Iterator[Visitor]:
    """A second browser in the same process."""
    with TestClient(app, follow_redirects=False) as client:
        yield Visitor(client)


def tokens(html: str) -> set[str]:
    return set(TOKEN.findall(html))


def test_each_visitor_gets_a_token_of_their_own_that_works(
    visitor: Visitor, other: Visitor, app: FastAPI
) -> None:
    mine, theirs = visitor.get(FILM), other.get(FILM)
    assert len(app.state.rendered) == 1
    assert len(tokens(mine.html)) == len(tokens(theirs.html)) == 1
    assert tokens(mine.html).isdisjoint(tokens(theirs.html))
    assert mine.html != theirs.html
    for page in (mine, theirs):
        assert HOLE not in page.html
    assert visitor.client.cookies["rr_visit"] != other.client.cookies["rr_visit"]
    # The kept page again: the same visitor has the same token, and needs no new cookie.
    again = visitor.get(FILM)
    assert again.html == mine.html
    assert "set-cookie" not in again.headers
    for who, page in ((visitor, mine), (other, theirs)):
        answered = who.send(
            page.form("/who"), **{"class": "college", "size": "4200", "country": "US"}
        )
        assert answered.status == 200
        assert "For a college or university, 4,200" in answered.text
    # Another's token is refused, so it was theirs alone.
    stolen = other.client.post(
        "/who", data={"csrf": tokens(mine.html).pop(), "class": "college"}, headers=PERSON
    )
    assert stolen.status_code == 403


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_packed_pages_hold_each_visitors_own_token(
    visitor: Visitor, other: Visitor, coding: str
) -> None:
    pages = [
        each.client.get(FILM, headers=PERSON | {"accept-encoding": coding})
        for each in (visitor, other)
    ]
    texts = []
    for page in pages:
        assert page.headers["content-encoding"] == coding
        # The client reads no zstd.
        reader = zstandard.ZstdDecompressor().decompressobj()
        texts.append(reader.decompress(page.content).decode() if coding == "zstd" else page.text)
        assert len(tokens(texts[-1])) == 1
    assert tokens(texts[0]).isdisjoint(tokens(texts[1]))
    assert len({page.headers["etag"] for page in pages}) == len(pages)


def test_one_visitors_tag_never_says_304_to_another(visitor: Visitor, other: Visitor) -> None:
    tag = visitor.get(FILM).headers["etag"]
    other.get(FILM)
    told = PERSON | {"if-none-match": tag}
    assert visitor.client.get(FILM, headers=told).status_code == 304
    assert other.client.get(FILM, headers=told).status_code == 200


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
        stranger.form("/who"), **{"class": "public_library", "size": "90000", "country": "US"}
    )
    assert "For a public library" in library.text
    # Both pages are kept now, side by side.
    assert "For a college or university, 4,200" in visitor.get(FILM).text
    assert "For a public library" in other.get(FILM).text


def test_two_colleges_of_one_size_share_a_page_and_not_a_token(
    visitor: Visitor, other: Visitor, app: FastAPI
) -> None:
    visitor.is_a_college("4200", next_path="/privacy")
    other.is_a_college("4200", next_path="/privacy")
    one = visitor.get(FILM)
    before = len(app.state.rendered)
    two = other.get(FILM)
    assert len(app.state.rendered) == before
    assert tokens(one.html).isdisjoint(tokens(two.html))
    cut = [TOKEN.sub("", page.html) for page in (one, two)]
    assert cut[0] == cut[1]


def test_forged_cookie_is_no_buyer_and_makes_no_page_of_its_own(
    visitor: Visitor, app: FastAPI
) -> None:
    visitor.get(FILM)
    before = len(app.state.rendered)
    for value in ("college:1:US", "Y29sbGVnZToxOlVT~00", "~", ""):
        visitor.client.cookies.set("rr_buyer", value)
        assert "Tell us once who you are" in visitor.get(FILM).text
    visitor.client.cookies.set("tracking", "x" * 200)
    visitor.get(FILM)
    assert len(app.state.rendered) == before


def test_many_who_miss_at_once_make_it_be_rendered_once(
    app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(app, settings.model_copy(update={"rendered_stale_seconds": 60}))
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
    assert len({next(iter(tokens(page))) for page in pages}) == 30
    assert app.state.rendered.flights == {}


def test_failure_of_the_one_who_renders_leaves_nobody_waiting(
    app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(app, settings.model_copy(update={"rendered_stale_seconds": 60}))
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
    assert app.state.rendered.flights == {}
