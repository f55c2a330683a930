"""What is cached: in which codings, how much, for how long, and what counts as the same request."""

import asyncio
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.compression import COMPRESSORS, accepted_codings
from app.core.response_cache.cache import CacheKey, ResponseCache, sort_parameters
from app.core.response_cache.cached_response import CachedResponse
from app.core.response_cache.freshness import Freshness, Generation, PublicRevision
from app.core.response_cache.middleware import public_cache_control
from tests.run_in_thread import run_in_thread

pytestmark = pytest.mark.once
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HTML = [(b"content-type", b"text/html"), (b"content-length", b"3")]


def response(body: bytes, *, changed_at: datetime = NOW) -> CachedResponse:
    return CachedResponse(200, HTML, body, changed_at=changed_at)


def decompress(coding: str, data: bytes) -> bytes:
    """Decompress with an ordinary reader, which takes one stream and no second."""
    if coding == "br":
        return bytes(brotli.decompress(data))
    reader = (
        zlib.decompressobj(zlib.MAX_WBITS | 16)
        if coding == "gzip"
        else zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj()
    )
    plain = reader.decompress(data)
    assert reader.eof
    assert reader.unused_data == b""
    return plain


@pytest.mark.parametrize("coding", COMPRESSORS)
@settings(max_examples=30)
@given(st.text(min_size=600, max_size=9000).map(str.encode))
def test_compressed_bytes_are_the_plain_ones(coding: str, body: bytes) -> None:
    made = response(body)
    assert made.choose_coding(coding.encode()) == coding
    assert made.variants[""].body == body
    variant = made.compress(coding)
    assert decompress(coding, variant.body) == body
    assert made.variants[coding] is variant
    assert (b"content-encoding", coding.encode()) in variant.headers
    assert (b"content-length", b"%d" % len(variant.body)) in variant.headers
    assert variant.etag != made.variants[""].etag


def test_small_bodies_and_errors_are_sent_as_they_are() -> None:
    assert response(b"x" * 599).choose_coding(b"br") == ""
    error = CachedResponse(404, HTML, b"x" * 5000, changed_at=NOW)
    assert error.choose_coding(b"br") == ""
    assert error.variants[""].headers == [
        (b"content-type", b"text/html"),
        (b"content-length", b"5000"),
    ]


def test_tag_is_of_the_bytes() -> None:
    assert response(b"xy").variants[""].etag == response(b"xy").variants[""].etag
    assert response(b"xy").variants[""].etag != response(b"xz").variants[""].etag


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, b"public, no-cache"),
        (0.5, b"public, max-age=0, s-maxage=1, stale-while-revalidate=4"),
        (10, b"public, max-age=0, s-maxage=10, stale-while-revalidate=4"),
    ],
)
def test_caches_in_front_may_be_as_old_as_a_worker(seconds: float, told: bytes) -> None:
    assert public_cache_control(seconds) == told


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        (b"gzip, deflate, br, zstd", ("br", "zstd", "gzip")),
        (b"GZIP", ("gzip",)),
        (b"br, gzip;q=0.1", ("br", "gzip")),
        (b"gzip;q=0.9, br ; q=0.2,zstd;q=1.000", ("zstd", "gzip", "br")),
        (b"gzip;q=0", ()),
        (b"gzip; q=0.000", ()),
        (b"identity, gzip;q=0.5", ()),
        (b"", ()),
        (b"*", ("gzip",)),
        (b"gzip;q=0, *", ()),
        (b"br;q=2, gzip;q=many, zstd;level=3", ()),
    ],
)
def test_the_coding_sent_is_the_one_that_a_client_likes_best(
    accepted: bytes, taken: tuple[str, ...]
) -> None:
    assert accepted_codings(accepted) == taken


def test_the_second_of_a_change_has_no_date_yet() -> None:
    made = response(b"x", changed_at=NOW + timedelta(milliseconds=300))
    assert made.last_modified(NOW + timedelta(milliseconds=900)) is None
    assert made.last_modified(NOW + timedelta(seconds=1)) == b"Sun, 22 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "matches"),
    [
        ({}, False),
        ({b"if-none-match": b"*"}, True),
        ({b"if-none-match": b'"other", TAG'}, True),
        ({b"if-none-match": b'"other"'}, False),
        ({b"if-modified-since": b"Sun, 22 Nov 2026 09:00:00 GMT"}, True),
        ({b"if-modified-since": b"Sun, 22 Nov 2026 08:59:59 GMT"}, False),
        ({b"if-modified-since": b"nonsense"}, False),
        # The tag decides where there is one (RFC 9110, 13.2.2).
        (
            {b"if-none-match": b'"x"', b"if-modified-since": b"Sun, 22 Nov 2026 09:00:00 GMT"},
            False,
        ),
    ],
)
def test_client_copy_is_recognized(
    headers: dict[bytes, bytes],
    matches: bool,  # noqa: FBT001
) -> None:
    made = response(b"x")
    tag = made.variants[""].etag
    told = {name: value.replace(b"TAG", tag) for name, value in headers.items()}
    assert made.matches_client_copy(told, tag, NOW + timedelta(hours=1)) is matches


def test_query_is_one_in_any_order_but_values_of_one_name_keep_theirs() -> None:
    assert sort_parameters(b"b=2&a=1") == sort_parameters(b"a=1&b=2") == b"a=1&b=2"
    assert sort_parameters(b"a=2&b=0&a=1") == b"a=2&a=1&b=0"
    assert sort_parameters(b"") == b""


def run(cache: ResponseCache) -> Generation:
    return run_in_thread(cache.freshness.refresh(join=False))


def key(number: int) -> CacheKey:
    return CacheKey(f"/films/{number}", b"", (), wants_page=False)


def made(max_bytes: int, read: Callable[[], PublicRevision] | None = None) -> ResponseCache:
    return ResponseCache(
        read or (lambda: PublicRevision(1, NOW)), max_bytes=max_bytes, stale_seconds=60
    )


def test_cache_evicts_least_recently_requested() -> None:
    cache = made(100_000)
    generation = run(cache)
    cache.find(generation, key(0))
    for number in range(200):
        cache.put(generation, key(number), response(b"x" * 4000))
        assert cache.find(generation, key(0)) is not None  # asked for all the time
        assert cache.size <= 100_000
    assert len(cache) == 100_000 // response(b"x" * 4000).size == 16
    assert cache.find(generation, key(199)) is not None
    assert cache.find(generation, key(100)) is None


def test_one_answer_does_not_push_out_all_others() -> None:
    cache = made(100_000)
    generation = run(cache)
    cache.find(generation, key(0))
    cache.put(generation, key(0), response(b"x" * 50_000))
    assert (len(cache), cache.size) == (0, 0)


def test_response_rendered_before_a_change_is_not_cached_after_it() -> None:
    numbers = iter([1, 2])
    cache = made(100_000, lambda: PublicRevision(next(numbers), NOW))
    before = run(cache)
    cache.find(before, key(0))
    cache.put(before, key(0), response(b"old"))
    after = run(cache)
    assert cache.find(after, key(0)) is None
    cache.put(before, key(0), response(b"old"))  # its rendering took long
    assert cache.find(after, key(0)) is None


def test_generation_ends_with_its_day() -> None:
    freshness = Freshness(lambda: PublicRevision(1, NOW), seconds=60)
    assert freshness.current(NOW) is None
    generation = Generation.of(PublicRevision(1, NOW), NOW)
    assert generation.begins == datetime(2026, 11, 22, tzinfo=UTC)
    assert generation.ends == datetime(2026, 11, 23, tzinfo=UTC)


def test_revision_read_before_a_write_is_not_used_after_it() -> None:
    begun, go_on = threading.Event(), threading.Event()
    revisions = iter([1, 1, 2])

    def read() -> PublicRevision:
        number = next(revisions)
        begun.set()
        assert go_on.wait(30)
        return PublicRevision(number, NOW)

    async def story() -> list[int]:
        freshness = Freshness(read, seconds=60)
        go_on.set()
        found = [await freshness.refresh(join=False)]
        begun.clear()
        go_on.clear()
        reading = asyncio.create_task(freshness.refresh(join=False))
        await asyncio.to_thread(begun.wait, 30)
        freshness.expire()  # this process wrote while that was read
        go_on.set()
        found.append(await reading)
        assert freshness.current(found[-1].begins) is None
        found.append(await freshness.refresh(join=True))
        return [each.revision.number for each in found]

    assert run_in_thread(story()) == [1, 1, 2]


def test_entry_past_its_age_is_not_current() -> None:
    ticks = [0.0]
    freshness = Freshness(lambda: PublicRevision(1, NOW), seconds=1, tick=lambda: ticks[0])

    async def story() -> None:
        generation = await freshness.refresh(join=False)
        now = generation.begins
        ticks[0] = 0.99
        assert freshness.current(now) is generation
        ticks[0] = 1.0
        assert freshness.current(now) is None
        assert await freshness.refresh(join=True) is generation  # nothing has changed
        assert freshness.current(now) is generation

    run_in_thread(story())
