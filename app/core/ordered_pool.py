"""Work that is begun beside the work before it, and ended after it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
WaitForPrevious = Callable[[], None]
"""Waits until all that was given before is done. Raises what that raised, or ``TimeoutError``."""

# A database cannot see that one of its transactions waits here for another, and might never end
# with it: then the later one is given up.
MAX_WAIT_SECONDS = 10


def map_ordered(
    given: Iterable[T], do: Callable[[T, WaitForPrevious], R], lanes: int
) -> Iterator[tuple[T, R]]:
    """Yield each of what is given and what ``do`` returned of it, in order; ``lanes`` at a time.

    ``do`` calls the turn that it is handed when it comes to what depends on those before. With one
    lane each is done in the caller's own thread before the next is asked for.

    Raises:
        Exception: whatever ``do`` raises; what was begun beside it is awaited.
    """
    if lanes == 1:
        for item in given:
            yield item, do(item, _no_wait)
        return
    with ThreadPoolExecutor(lanes, "lane") as threads:
        begun: deque[tuple[T, Future[R]]] = deque()
        for item in given:
            turn = _wait_for([before for _, before in begun])
            begun.append((item, threads.submit(do, item, turn)))
            if len(begun) > lanes:
                done, result = begun.popleft()
                yield done, result.result()
        while begun:
            done, result = begun.popleft()
            yield done, result.result()


def _no_wait() -> None:
    return


def _wait_for(begun: Sequence[Future[R]]) -> WaitForPrevious:
    def turn() -> None:
        for before in begun:
            before.result(MAX_WAIT_SECONDS)

    return turn
