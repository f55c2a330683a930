"""What is asked for is rendered again before its time is up; nothing is sent that is too old."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from fastapi import Request
from starlette.types import Message, Receive, Scope, Send

from app.core import clock
from app.core.rates import FREE, charge
from app.core.rendered import Kind, Mark, Rendered, RenderedPath
from app.core.rendered.answers import NOTHING
from app.core.rendered.freshness import Freshness, Generation
from app.core.rendered.keeping import MOST_AHEAD, Key
from app.core.requests import TOLD
from tests.loops import run_in_thread

pytestmark = pytest.mark.once
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG = b"word " * 200


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Let no day end meanwhile."""
    with time_machine.travel(NOON):
        yield


class Store:
    """A store of pages that tell the number of the catalog, behind the path that keeps them.

    Its ticks go on when the test says so. An answer is good for ``seconds`` of them.
    """

    def __init__(self, seconds: float = 1) -> None:
        self.tick = 0.0
        self.number = 1
        self.reads = 0
        self.rendered = Rendered(self._read, max_bytes=1_000_000, seconds=1)
        self.freshness = self.rendered.freshness = Freshness(
            self._read, seconds=seconds, tick=lambda: self.tick
        )
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.asked: list[Scope] = []
        self.fails = False
        kind = Kind(paths=re.compile("/.*"))
        self._path = RenderedPath(self._page, kinds=[kind], writers=(), https=False)

    def _read(self) -> Mark:
        self.reads += 1
        return Mark(self.number, NOON)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        self.asked.append(scope)
        self.begun.set()
        number = self.number
        await self.gate.wait()
        if self.fails:
            raise RuntimeError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"%d %b" % (number, LONG)})

    async def get(self, path: str = "/a") -> int:
        """Return the number that the page tells."""
        heard: list[Message] = []

        async def send(message: Message) -> None:
            heard.append(message)

        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": [], "client": ("192.0.2.1", 1), TOLD: {},
            "app": SimpleNamespace(state=SimpleNamespace(rendered=self.rendered)),
        }  # fmt: skip
        await self._path(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]
        return int(heard[1]["body"].split()[0])

    @property
    def paths(self) -> list[str]:
        """What was rendered, in order."""
        return [scope["path"] for scope in self.asked]


def test_new_bytes_are_made_while_the_old_are_sent() -> None:
    async def story(store: Store) -> None:
        assert await store.get() == 1
        store.number, store.tick = 2, 0.6
        store.gate.clear()  # rendering takes long
        assert [await store.get() for _ in range(3)] == [1, 1, 1]
        store.gate.set()
        await store.rendered.finish()
        assert [await store.get() for _ in range(3)] == [2, 2, 2]
        assert store.paths == ["/a", "/a"]
        # The new ones are good for one tick from when the number was read, and no longer.
        store.number, store.tick = 3, 1.5
        store.gate.clear()
        assert await store.get() == 2
        store.gate.set()
        store.tick = 1.6
        assert await store.get() == 3

    run_in_thread(story(Store()))


def test_nothing_is_sent_that_is_older_than_promised_however_long_rendering_takes() -> None:
    async def story(store: Store) -> None:
        await store.get()
        store.number, store.tick = 2, 0.6
        store.gate.clear()
        store.begun.clear()
        assert await store.get() == 1
        await store.begun.wait()
        store.tick = 0.99
        assert await store.get() == 1
        store.tick = 1.0
        waiting = [asyncio.create_task(store.get()) for _ in range(3)]
        store.gate.set()
        assert await asyncio.gather(*waiting) == [2, 2, 2]
        assert store.paths == ["/a", "/a"]  # they waited for what was begun ahead
        assert store.reads == 2

    run_in_thread(story(Store()))


def test_a_catalog_that_does_not_change_is_looked_at_beside_the_answers() -> None:
    async def story(store: Store) -> None:
        await store.get()
        for tick in range(1, 9):
            store.tick = tick * 0.6
            await store.get()
            await store.rendered.finish()
        assert store.paths == ["/a"]
        assert store.reads == 9

    run_in_thread(story(Store()))


def test_where_nothing_may_be_old_nothing_is_looked_at_ahead() -> None:
    async def story(store: Store) -> None:
        for number in (1, 2, 3):
            store.number = number
            assert await store.get() == number
        assert not store.rendered.renewals
        assert store.reads == 3

    run_in_thread(story(Store(seconds=0)))


def test_only_what_was_asked_for_since_is_rendered_ahead() -> None:
    async def story(store: Store) -> None:
        pages = [f"/{number}" for number in range(MOST_AHEAD + 2)]
        for page in pages:
            await store.get(page)
        store.number, store.tick = 2, 0.6
        await store.get(pages[0])
        await store.rendered.finish()
        latest = [pages[0], *reversed(pages[3:])]
        assert store.paths[len(pages) :] == latest
        assert len(latest) == MOST_AHEAD
        assert await store.get(pages[5]) == await store.get(pages[2]) == 2
        store.asked.clear()
        store.number, store.tick = 3, 1.55
        await store.get(pages[5])
        await store.rendered.finish()
        assert store.paths == [pages[5], pages[2]]

    run_in_thread(story(Store()))


def test_what_is_rendered_ahead_is_asked_by_nobody_and_costs_nobody() -> None:
    async def story(store: Store) -> None:
        await store.get()
        store.number, store.tick = 2, 0.6
        await store.get()
        await store.rendered.finish()
        scope = store.asked[-1]
        assert (scope["client"], FREE in scope, TOLD in scope) == (None, True, False)
        charge(Request(scope), 1)  # or it would ask for the counts, which this store has not

    run_in_thread(story(Store()))


def test_failure_ahead_is_told_and_met_by_who_asks_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(store: Store) -> None:
        await store.get()
        store.number, store.tick, store.fails = 2, 0.6, True
        assert await store.get() == await store.get() == 1
        await store.rendered.finish()
        assert len(store.asked) == 2
        store.tick = 1.0
        with pytest.raises(RuntimeError):
            await store.get()
        store.fails = False
        assert await store.get() == 2

    run_in_thread(story(Store()))
    assert [record.message for record in caplog.records] == ["rendered.not_ahead"]


def test_packed_as_the_old_one_was() -> None:
    async def story(store: Store) -> None:
        await store.get()
        generation = await store.freshness.ask(join=False)
        key = Key("/a", b"", (), wants_page=False)
        old = store.rendered.find(generation, key)
        assert old is not None
        old.pack("br", NOTHING)
        store.number, store.tick = 2, 0.6
        await store.get()
        await store.rendered.finish()
        assert store.freshness.generation is not None
        new = store.rendered.find(store.freshness.generation, key)
        assert new is not None
        assert (new.is_packed("br"), new.is_packed("gzip")) == (True, False)

    run_in_thread(story(Store()))


def test_what_was_looked_at_before_a_write_is_not_believed_after_it() -> None:
    async def story(store: Store) -> None:
        await store.get()
        store.number, store.tick = 2, 0.6
        await store.get()
        await store.rendered.finish()
        store.tick = 1.3
        looking = asyncio.create_task(store.freshness.look())
        await asyncio.sleep(0)  # it has begun
        store.tick, store.number = 1.4, 3
        store.freshness.expire()
        assert await looking is None
        assert await store.get() == 3

    run_in_thread(story(Store()))


def test_who_asks_at_once_finds_what_is_being_made_ready_if_it_is_the_same() -> None:
    async def story(store: Store) -> None:
        first = await store.freshness.ask(join=False)
        store.number, store.tick = 2, 0.6
        coming = await store.freshness.look()
        assert coming is not None
        assert store.freshness.known(NOON) is first
        assert await store.freshness.ask(join=False) is coming
        assert store.freshness.known(NOON) is coming
        store.tick = 0.7
        later = await store.freshness.look()
        assert later is None  # nothing is another
        store.number, store.tick = 3, 1.2
        overtaken = await store.freshness.look()
        assert overtaken is not None
        store.number = 4
        found = await store.freshness.ask(join=False)
        assert found is not overtaken
        assert (found.mark.number, store.freshness.is_wanted(overtaken)) == (4, False)

    run_in_thread(story(Store()))


def test_what_comes_belongs_to_its_day() -> None:
    async def story(store: Store) -> None:
        await store.freshness.ask(join=False)
        store.number, store.tick = 2, 0.6
        coming = await store.freshness.look()
        assert coming == Generation.of(Mark(2, NOON), clock.now())
        store.tick = 1.0
        assert store.freshness.known(NOON + timedelta(days=1)) is None

    run_in_thread(story(Store()))


@pytest.mark.parametrize(
    ("took", "begins_at"), [(0.01, 0.44), (0.19, 0.43), (0.2, 0.4), (0.25, 0.25), (0.35, 0.1)]
)
def test_a_look_begins_thrice_as_early_as_rendering_took(took: float, begins_at: float) -> None:
    async def story(store: Store) -> None:
        await store.freshness.ask(join=False)
        store.number, store.tick = 2, 0.6
        assert store.freshness.begins_look()
        coming = await store.freshness.look()
        assert coming is not None
        store.tick += took
        assert store.freshness.known(NOON)
        store.freshness.turn(coming)
        store.tick = 0.6 + begins_at - 0.01
        assert not store.freshness.begins_look()
        store.tick = 0.6 + begins_at + 0.01
        assert store.freshness.begins_look()
        assert not store.freshness.begins_look()

    run_in_thread(story(Store()))


def test_a_look_begins_later_and_later_while_rendering_is_quick() -> None:
    async def story(store: Store) -> None:
        await store.freshness.ask(join=False)
        begun = []
        for number in range(2, 12):
            store.number = number
            looked = store.tick
            while not store.freshness.begins_look():
                store.tick += 0.01
            begun.append(store.tick - looked)
            coming = await store.freshness.look()
            assert coming is not None
            store.freshness.turn(coming)
        assert [begun[0], max(begun)] == pytest.approx([0.3, 0.6], abs=0.02)

    run_in_thread(story(Store()))
