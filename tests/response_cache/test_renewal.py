"""Responses from before a change are sent until their second is over, while they are made again."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import time_machine
from starlette.types import Message, Receive, Scope, Send

from app.core.public_reads import PUBLIC_READ, PublicRead
from app.core.response_cache import PublicRevision, ResponseCache, ResponseCacheMiddleware
from app.core.response_cache.freshness import Freshness
from tests.run_in_thread import run_in_thread

pytestmark = pytest.mark.once
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG = b"word " * 200


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Let no day end meanwhile."""
    with time_machine.travel(NOON):
        yield


class Store:
    """A store of pages that show the number of the catalog, behind the cache.

    Its ticks go on when the test says so. A response is good for one of them.
    """

    def __init__(self, *, max_bytes: int = 1_000_000) -> None:
        self.tick = 0.0
        self.number = 1
        self.reads = 0
        self.rendered: list[str] = []
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.cache = ResponseCache(self._read, max_bytes=max_bytes, stale_seconds=1)
        self.freshness = self.cache.freshness = Freshness(
            self._read, seconds=1, tick=lambda: self.tick
        )
        self._app = ResponseCacheMiddleware(self._page, writers=(), stale_seconds=1, https=False)

    def _read(self) -> PublicRevision:
        self.reads += 1
        return PublicRevision(self.number, NOON)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        self.rendered.append(scope["path"])
        number = self.number
        await self.gate.wait()
        if self.fails:
            raise RuntimeError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"%d %b" % (number, LONG)})

    async def get(self, path: str = "/a", *headers: tuple[bytes, bytes]) -> int:
        """Return the number that the page shows."""
        heard: list[Message] = []

        async def send(message: Message) -> None:
            heard.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {
            "type": "http", "method": "GET", "path": path, "query_string": b"",
            "headers": list(headers), PUBLIC_READ: PublicRead(),
            "app": SimpleNamespace(state=SimpleNamespace(response_cache=self.cache)),
        }  # fmt: skip
        await self._app(scope, receive, send)
        return int(heard[1]["body"].split()[0])

    async def change(self, tick: float) -> None:
        """Let another process change the catalog, and this one learn of it without a request."""
        self.number, self.tick = self.number + 1, tick
        if self.freshness.current(NOON) is None:
            await self.freshness.refresh(join=True)
            return
        self.freshness.refresh_early()
        checking = self.freshness._checking  # noqa: SLF001
        assert checking is not None
        await checking


def test_stale_entry_is_sent_while_rendering() -> None:
    async def story() -> None:
        store = Store()
        assert await store.get() == 1
        await store.change(0.6)
        store.gate.clear()  # rendering takes long
        assert [await store.get() for _ in range(3)] == [1, 1, 1]
        store.gate.set()
        await store.cache.finish()
        assert [await store.get() for _ in range(3)] == [2, 2, 2]
        assert store.rendered == ["/a", "/a"]

    run_in_thread(story())


def test_nothing_is_sent_that_is_older_than_promised_however_long_rendering_takes() -> None:
    async def story() -> None:
        store = Store()
        await store.get()
        await store.change(0.6)
        store.gate.clear()
        store.tick = 0.99
        assert await store.get() == 1
        store.tick = 1.0
        waiting = [asyncio.create_task(store.get()) for _ in range(3)]
        await asyncio.sleep(0.01)
        store.gate.set()
        assert await asyncio.gather(*waiting) == [2, 2, 2]
        assert store.rendered == ["/a", "/a"]  # they waited for what was begun before

    run_in_thread(story())


def test_while_nothing_changes_no_request_waits_for_the_revision() -> None:
    async def story() -> None:
        store = Store()
        await store.get()
        for step in range(1, 9):
            store.tick = step * 0.6
            assert store.freshness.current(NOON) is not None
            await store.get()
            await asyncio.sleep(0.05)
        assert (store.rendered, store.reads) == (["/a"], 9)

    run_in_thread(story())


@pytest.mark.parametrize("header", [(b"cookie", b"rr_wrote=1"), (b"authorization", b"Bearer x")])
def test_writer_never_gets_the_stale_entry(header: tuple[bytes, bytes]) -> None:
    async def story() -> None:
        store = Store()
        await store.get()
        await store.change(0.6)
        assert await store.get("/a", header) == 2

    run_in_thread(story())


def test_stale_entry_is_not_sent_by_the_writing_worker() -> None:
    async def story() -> None:
        store = Store()
        await store.get()
        await store.change(0.6)
        store.freshness.expire()
        assert await store.get() == 2

    run_in_thread(story())


def test_what_is_two_changes_old_is_not_sent() -> None:
    async def story() -> None:
        store = Store()
        await store.get()
        await store.change(0.6)
        await store.change(1.2)  # nobody asked in between
        assert await store.get() == 3

    run_in_thread(story())


def test_render_failure_is_logged_and_raised_after_the_stale_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        store = Store()
        await store.get()
        await store.change(0.6)
        store.fails = True
        assert await store.get() == 1
        await store.cache.finish()
        store.tick = 1.0
        with pytest.raises(RuntimeError):
            await store.get()
        store.fails = False
        assert await store.get() == 2

    run_in_thread(story())
    assert [record.message for record in caplog.records] == ["response_cache.not_renewed"]


def test_stale_entry_counts_for_memory_and_is_evicted_first() -> None:
    async def story() -> None:
        store = Store(max_bytes=30_000)
        for number in range(8):
            await store.get(f"/{number}")
        before = store.cache.size
        await store.change(0.6)
        assert await store.get("/7") == 1
        await store.cache.finish()
        assert store.cache.size == before  # one in the place of its old one
        for number in range(10, 14):
            await store.get(f"/{number}")
            assert store.cache.size <= 30_000
        assert await store.get("/0") == 2  # the old one has gone
        assert await store.get("/7") == 2

    run_in_thread(story())
