"""Work is begun beside the work before it, and ended after it."""

import threading
from collections.abc import Iterator

import pytest

from app.core import ordered_pool
from app.core.ordered_pool import WaitForPrevious, map_ordered

pytestmark = pytest.mark.once
LANES = (1, 2, 3)


@pytest.mark.parametrize("lanes", LANES)
def test_results_come_in_order_and_each_turn_after_those_before(lanes: int) -> None:
    ended: list[int] = []

    def do(number: int, turn: WaitForPrevious) -> int:
        turn()
        assert ended == list(range(number))
        ended.append(number)
        return number * number

    assert list(map_ordered(range(20), do, lanes)) == [(n, n * n) for n in range(20)]


def test_the_next_is_begun_meanwhile() -> None:
    begun = threading.Event()

    def do(number: int, turn: WaitForPrevious) -> bool:
        if number == 1:
            begun.set()
        found = begun.wait(30)
        turn()
        return found

    assert list(map_ordered(range(2), do, 2)) == [(0, True), (1, True)]


@pytest.mark.parametrize("lanes", LANES)
def test_no_more_is_asked_for_than_can_be_begun(lanes: int) -> None:
    asked: list[int] = []

    def given() -> Iterator[int]:
        for number in range(9):
            asked.append(number)
            yield number

    for number, _ in map_ordered(given(), lambda _, turn: turn(), lanes):
        assert asked[-1] <= number + lanes


@pytest.mark.parametrize("lanes", LANES)
def test_what_follows_a_failure_does_not_come_to_its_turn(lanes: int) -> None:
    came: list[int] = []

    def do(number: int, turn: WaitForPrevious) -> None:
        turn()
        if number == 1:
            raise RuntimeError
        came.append(number)

    with pytest.raises(RuntimeError):
        list(map_ordered(range(5), do, lanes))
    assert came == [0]


def test_nothing_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two transactions may wait for each other, one of them in the database and one here."""
    monkeypatch.setattr(ordered_pool, "MAX_WAIT_SECONDS", 0.05)
    given_up = threading.Event()

    def do(number: int, turn: WaitForPrevious) -> str:
        if number == 0:
            return "ended" if given_up.wait(30) else "stuck"
        try:
            turn()
        except TimeoutError:
            given_up.set()
            return "given up"
        return "its turn"

    assert [result for _, result in map_ordered(range(2), do, 2)] == ["ended", "given up"]
