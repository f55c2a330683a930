"""A part of the index that is read when it is first asked for, and then kept."""

from collections.abc import Callable, Collection
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class LazyPart(Generic[T]):
    """The part of one index: what it is, or what it was of an earlier one and what changed since.

    One thread reads it, and the others wait for that.
    """

    def __init__(self, before: T | None = None, film_ids: frozenset[int] = frozenset()) -> None:
        self._value: T | None = None
        self._before = before
        self._film_ids = film_ids
        self._reading = Lock()

    def after_change(self, film_ids: Collection[int]) -> "LazyPart[T]":
        """Return the part of an index in which these films are others."""
        with self._reading:
            if self._value is None:
                return LazyPart(self._before, self._film_ids.union(film_ids))
            made = LazyPart(self._value, frozenset(film_ids))
            if not film_ids:
                made._value = self._value
            return made

    def get(
        self,
        read: Callable[[T | None, Collection[int]], T],
        *,
        is_good: Callable[[T], bool],
        may_keep: Callable[[], bool],
    ) -> T:
        """Return it, if need be read of what it was before and of the films that changed since.

        ``may_keep`` says whether what was read is what others would read too.
        """
        with self._reading:
            if self._value is not None and is_good(self._value):
                return self._value
            found = read(self._before, self._film_ids)
            if may_keep():
                self._value, self._before, self._film_ids = found, None, frozenset()
            return found
