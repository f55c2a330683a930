"""The three-way merge of two editors' changes of one document. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The merged changes of two editors.

    ``conflicts`` are the fields that both changed differently; ``values`` has the second editor's
    value there. ``kept`` are the fields in which the first editor's change stays.
    """

    values: Mapping[str, Any]
    conflicts: Sequence[str]
    kept: Sequence[str]


def merge_edits(
    then: Mapping[str, Any], now: Mapping[str, Any], wanted: Mapping[str, Any], names: Iterable[str]
) -> MergeResult:
    """Merge the edit of a document with the changes that another editor has saved since.

    ``then`` is the document that the editor started with, ``now`` the present one.

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
