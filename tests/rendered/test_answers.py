"""The bytes themselves: packing with holes, how much is kept, what counts as the same request."""

import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.rendered import packing
from app.core.rendered.answers import Answer, Secret
from app.core.rendered.freshness import Freshness, Generation, Mark
from app.core.rendered.keeping import Key, Rendered, in_one_order
from tests.loops import run_in_thread

pytestmark = pytest.mark.once
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HTML = [(b"content-type", b"text/html"), (b"content-length", b"3")]


def answer(*pieces: bytes, changed_at: datetime = NOW) -> Answer:
    return Answer(200, HTML, pieces, changed_at=changed_at)


@pytest.mark.parametrize("coding", packing.PACKERS)
@settings(max_examples=30)
@given(
    st.lists(st.text(min_size=2, max_size=3000).map(str.encode), min_size=1, max_size=6),
    st.binary(min_size=64, max_size=64),
)
def test_packed_bytes_unpack_to_the_plain_ones_whatever_the_secret(
    coding: str, pieces: list[bytes], value: bytes
) -> None:
    made, secret = answer(b"x" * 600, *pieces), Secret(value)
    made.pack(coding, Secret(b"another, of the same length".ljust(64)))
    plain = value.join([b"x" * 600, *pieces])
    assert made.body(secret) == plain
    if made.coding(coding.encode(), secret):  # a packer may choose to mix up what it packs
        assert unpacked(coding, made.body(secret, coding)) == plain


@pytest.mark.parametrize(("failures", "tries", "is_packed"), [(4, 5, True), (5, 5, False)])
def test_what_does_not_come_out_whole_is_packed_again_a_few_times(
    monkeypatch: pytest.MonkeyPatch, failures: int, tries: int, *, is_packed: bool
) -> None:
    real, asked = packing.PACKERS["br"], []

    def unlucky(pieces: Sequence[bytes], length: int) -> list[bytes]:
        asked.append(length)
        return [b"", b""] if len(asked) <= failures else real(pieces, length)

    monkeypatch.setitem(packing.PACKERS, "br", unlucky)
    made = packing.pack("br", (b"before", b"after"), b"secret")
    assert (made is not None) is is_packed
    assert len(asked) == tries


@pytest.mark.parametrize("coding", packing.PACKERS)
def test_a_page_of_forms_is_packed_in_every_coding_to_one_length(coding: str) -> None:
    made = answer(*(f"<form>{n}</form>".encode() * 50 for n in range(4)))
    for value in (b"a" * 64, b"0f" * 32):
        made.pack(coding, Secret(value))
        assert made.coding(coding.encode(), Secret(value)) == coding
    lengths = {len(made.body(Secret(value), coding)) for value in (b"a" * 64, b"0f" * 32)}
    assert len(lengths) == 1
    assert lengths.pop() < 900
    assert made.coding(coding.encode(), Secret(b"shorter")) == ""


def unpacked(coding: str, data: bytes) -> bytes:
    """Unpack with an ordinary reader, which takes one stream and no second."""
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


def test_tag_differs_by_secret_where_there_are_holes_and_only_there() -> None:
    one, other = Secret(b"a" * 64), Secret(b"b" * 64)
    assert answer(b"x", b"y").tag(one) != answer(b"x", b"y").tag(other)
    assert answer(b"xy").tag(one) == answer(b"xy").tag(other)
    assert answer(b"xy").tag(one) != answer(b"xz").tag(one)


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
    assert packing.codings(accepted) == taken


def test_the_second_of_a_change_has_no_date_yet() -> None:
    made = answer(b"x", changed_at=NOW + timedelta(milliseconds=300))
    assert made.last_modified(NOW + timedelta(milliseconds=900)) is None
    assert made.last_modified(NOW + timedelta(seconds=1)) == b"Sun, 22 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "is_in_hand"),
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
def test_what_a_client_has_in_hand(
    headers: dict[bytes, bytes],
    is_in_hand: bool,  # noqa: FBT001
) -> None:
    made = answer(b"x")
    tag = made.tag(Secret(b""))
    told = {name: value.replace(b"TAG", tag) for name, value in headers.items()}
    assert made.is_in_hand(told, tag, NOW + timedelta(hours=1)) is is_in_hand


def test_query_is_one_in_any_order_but_values_of_one_name_keep_theirs() -> None:
    assert in_one_order(b"b=2&a=1") == in_one_order(b"a=1&b=2") == b"a=1&b=2"
    assert in_one_order(b"a=2&b=0&a=1") == b"a=2&a=1&b=0"
    assert in_one_order(b"") == b""


def run(rendered: Rendered) -> Generation:
    return run_in_thread(rendered.freshness.ask(join=False))


def key(number: int) -> Key:
    return Key(f"/films/{number}", b"", (), wants_page=False)


def made(max_bytes: int, read: Callable[[], Mark] | None = None) -> Rendered:
    return Rendered(read or (lambda: Mark(1, NOW)), max_bytes=max_bytes, seconds=60)


def test_memory_is_bounded_and_what_was_asked_for_longest_ago_goes_first() -> None:
    rendered = made(100_000)
    generation = run(rendered)
    rendered.find(generation, key(0))
    for number in range(200):
        rendered.keep(generation, key(number), answer(b"x" * 4000))
        assert rendered.find(generation, key(0)) is not None  # asked for all the time
        assert rendered.size <= 100_000
    assert len(rendered) == 100_000 // answer(b"x" * 4000).size == 16
    assert rendered.find(generation, key(199)) is not None
    assert rendered.find(generation, key(100)) is None


def test_one_answer_does_not_push_out_all_others() -> None:
    rendered = made(100_000)
    generation = run(rendered)
    rendered.find(generation, key(0))
    rendered.keep(generation, key(0), answer(b"x" * 50_000))
    assert (len(rendered), rendered.size) == (0, 0)


def test_what_was_rendered_before_a_change_is_not_kept_after_it() -> None:
    numbers = iter([1, 2])
    rendered = made(100_000, lambda: Mark(next(numbers), NOW))
    before = run(rendered)
    rendered.find(before, key(0))
    rendered.keep(before, key(0), answer(b"old"))
    after = run(rendered)
    assert rendered.find(after, key(0)) is None
    rendered.keep(before, key(0), answer(b"old"))  # its rendering took long
    assert rendered.find(after, key(0)) is None


def test_generation_ends_with_its_day() -> None:
    freshness = Freshness(lambda: Mark(1, NOW), seconds=60)
    assert freshness.known(NOW) is None
    generation = Generation.of(Mark(1, NOW), NOW)
    assert generation.begins == datetime(2026, 11, 22, tzinfo=UTC)
    assert generation.ends == datetime(2026, 11, 23, tzinfo=UTC)
