"""Two editors of one document: what each of them changed, put together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What both editors say together.

    ``values`` are the fields as they should be; of those in ``conflicts`` both changed the same
    one differently, and there it is the second editor's. ``kept`` are the first one's changes that
    go on.
    """

    values: Mapping[str, Any]
    conflicts: Sequence[str]
    kept: Sequence[str]


def merge_edits(
    then: Mapping[str, Any], now: Mapping[str, Any], wanted: Mapping[str, Any], names: Iterable[str]
) -> MergeResult:
    """Merge what an editor wants into what another has made of the document since.

    ``then`` is what the editor began with, ``now`` is the document at present.

    >>> theirs = {"a": 1, "b": 3, "c": 3}
    >>> merge_edits({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 2}, theirs, "abc")
    MergeResult(values={'a': 2, 'b': 3, 'c': 3}, conflicts=['c'], kept=['a'])
    """
    values, conflicts, kept = {}, [], []
    for name in names:
        was, present, mine = then[name], now[name], wanted[name]
        values[name] = present if mine == was else mine
        if present == was:
            continue
        if mine == was:
            kept.append(name)
        elif mine != present:
            conflicts.append(name)
    return MergeResult(values, conflicts, kept)
