"""What a durable job is made of. Pure, so that features need not know the engine."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Steps(Protocol):
    """What a job calls to do one step: ``step("name", work)`` does ``work`` once it succeeds."""

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        """Return what ``work`` returned, now or before a crash; it must be plain data."""


# A job gets its steps and the key of what it is about, such as an email's id.
Job = Callable[[Steps, str], object]


def run_inline(name: str, work: Callable[[], T]) -> T:
    """Do a step without the engine: for tests, and for commands that an operator waits for."""
    del name
    return work()
