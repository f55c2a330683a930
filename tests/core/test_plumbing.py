"""Money, numbers, cursors, logs."""

import base64
import io
import json
import logging
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.core.logging import BufferedHandler, JsonFormatter, TextFormatter
from app.core.money import DECIMALS, Money
from app.core.numbers import ALPHABET, new_number, new_token
from app.core.pagination import PageParams, encode_cursor, id_of, instant_of

pytestmark = pytest.mark.once
amounts = st.integers(min_value=-(10**12), max_value=10**12)
currencies = st.sampled_from(sorted(DECIMALS))


@given(amounts, amounts, currencies)
def test_money_adds_and_subtracts_exactly(one: int, two: int, currency: str) -> None:
    total = Money(one, currency) + Money(two, currency)
    assert total - Money(two, currency) == Money(one, currency)
    assert total.amount == one + two


def test_currencies_never_mix() -> None:
    with pytest.raises(ValueError, match="cannot mix EUR with USD"):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(ValueError, match="unsupported currency"):
        Money(1, "XXX")


@pytest.mark.parametrize(
    ("amount", "rate", "result"),
    [(1005, "50", 503), (-1005, "50", -503), (1004, "50", 502), (33333, "33.3", 11100)],
)
def test_halves_are_rounded_away_from_zero(amount: int, rate: str, result: int) -> None:
    assert Money(amount, "USD").percent(Decimal(rate)) == Money(result, "USD")


@pytest.mark.parametrize(
    ("money", "words"),
    [
        (Money(39800, "USD"), "$398.00"),
        (Money(123456789, "USD"), "$1,234,567.89"),
        (Money(1500, "JPY"), "¥1,500"),
        (Money(-5, "EUR"), "-€0.05"),
        (Money.zero("USD"), "$0.00"),
    ],
)
def test_money_reads_as_people_write_it(money: Money, words: str) -> None:
    assert money.words() == words


def test_numbers_are_random_and_readable() -> None:
    numbers = {new_number("RR") for _ in range(1000)}
    assert len(numbers) == 1000
    assert all(len(n) == 11 and set(n[3:]) <= set(ALPHABET) for n in numbers)
    assert len(new_token()) == 43


@given(st.lists(st.one_of(st.text(max_size=20), st.integers(-(2**60), 2**60)), max_size=4))
def test_cursors_come_back_as_they_went(keys: list[str | int]) -> None:
    if any(isinstance(key, str) and "\x00" in key for key in keys):
        return
    params = PageParams(limit=1, cursor=encode_cursor(*keys))
    assert params.keys(len(keys)) == keys


@pytest.mark.parametrize(
    "cursor", ["", "x", "ä", "bnVsbA==", encode_cursor("a"), encode_cursor(2**70, 1), "W1tdLDFd"]
)
def test_a_cursor_of_another_kind_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInputError):
        PageParams(limit=1, cursor=cursor).keys(2)


def test_logs_hold_facts_and_no_secrets() -> None:
    record = logging.makeLogRecord(
        {"msg": "order.placed", "levelname": "INFO", "order": "RR-1", "access_token": "hush"}
    )
    line = json.loads(JsonFormatter().format(record))
    assert line["event"] == "order.placed"
    assert line["order"] == "RR-1"
    assert "hush" not in json.dumps(line)


def test_what_a_caller_sends_cannot_pass_for_a_log_line_of_its_own() -> None:
    record = logging.makeLogRecord({"msg": "request.answered", "path": "/a\n12:00 order.paid"})
    assert TextFormatter().format(record).count("\n") == 0


def test_log_lines_are_written_together_and_a_warning_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BufferedHandler, "SECONDS", 3600)
    stream = io.StringIO()
    handler = BufferedHandler(stream)

    def log(message: str, level: int = logging.INFO) -> None:
        handler.handle(logging.makeLogRecord({"msg": message, "levelno": level}))

    log("one")
    log("two")
    assert stream.getvalue() == ""
    log("three", logging.WARNING)
    assert stream.getvalue() == "one\ntwo\nthree\n"
    log("four")
    handler.flush()
    assert stream.getvalue() == "one\ntwo\nthree\nfour\n"
    log("x" * BufferedHandler.MOST)
    assert stream.getvalue().endswith("x\n")


def test_a_log_that_nobody_can_read_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)  # no trace of it on standard error

    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    BufferedHandler(Closed()).handle(logging.makeLogRecord({"msg": "x", "levelno": logging.ERROR}))


@pytest.mark.parametrize("key", ["a\x00b", "\ud800", 2**63, True, None])
def test_a_cursor_with_a_key_that_no_database_takes_is_refused(key: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([key]).encode()).decode()

    with pytest.raises(InvalidInputError) as refused:
        PageParams(limit=1, cursor=cursor).keys(1)

    assert [problem.pointer for problem in refused.value.errors] == ["?/cursor"]


@pytest.mark.parametrize(
    "key",
    ["yesterday", "2026-11-22T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_a_cursor_whose_instant_is_none_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError):
        instant_of(key)


def test_a_cursor_says_its_instant_in_utc_whatever_its_zone() -> None:
    assert instant_of("2026-11-22T01:00:00+02:00") == datetime(2026, 11, 21, 23, tzinfo=UTC)


@pytest.mark.parametrize("key", [2**31, -(2**31), "1", 1.0])
def test_a_cursor_with_an_id_that_no_row_can_have_is_refused(key: str | float) -> None:
    with pytest.raises(InvalidInputError):
        id_of(key)
