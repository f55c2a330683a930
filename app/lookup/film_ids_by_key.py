"""Which films have something: their ids by it, ascending. Pure; made anew with each change."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Having = Iterable[tuple[int, Collection[K]]]
"""Films by their ids, each with all that it has."""


class FilmIdsByKey(Generic[K]):
    """The films that have each key. It never changes: ``changed`` gives another."""

    def __init__(self) -> None:
        self._found: dict[K, list[int]] = {}

    def with_changes(self, gone: Having[K], new: Having[K]) -> "FilmIdsByKey[K]":
        """Return it without films that were in it, and with films that were not.

        It is equal to one made of all films at once. Takes as long as their keys have films.
        """
        left: dict[K, set[int]] = {}
        for film_id, keys in gone:
            for key in keys:
                left.setdefault(key, set()).add(film_id)
        came: dict[K, list[int]] = {}
        for film_id, keys in new:
            for key in keys:
                came.setdefault(key, []).append(film_id)
        made: FilmIdsByKey[K] = FilmIdsByKey()
        made._found = dict(self._found)
        for key in left.keys() | came.keys():
            without = left.get(key, ())
            held = [each for each in self._found.get(key, ()) if each not in without]
            held += came.get(key, ())
            if held:
                made._found[key] = sorted(held)
            else:
                made._found.pop(key, None)
        return made

    def __iter__(self) -> Iterator[K]:
        return iter(self._found)

    def __contains__(self, key: K) -> bool:
        return key in self._found

    def __getitem__(self, key: K) -> Sequence[int]:
        """Return the films that have ``key``; none if nobody has it."""
        return self._found.get(key, ())
