"""What differs between two documents of a film, field by field and row by row, as people read it.

Pure: it reads plain JSON, of any age, and knows a part only by what tells its rows apart.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.catalog import countries_languages

MINUTE = 60
# Texts that share less (blanks count) are shown one after the other, not word by word.
ALIKE = 0.6
LONG_TEXTS = frozenset({"synopsis", "biography", "summary"})
# What tells the rows of a part apart: a row with the same values here is the same row, changed.
KEYS: Mapping[str, tuple[str, ...]] = {
    "alternative_titles": ("title",),
    "versions": ("label",),
    "credits": ("person", "role"),
    "accolades": ("event", "year", "kind", "name"),
    "press": ("kind", "title", "by", "outlet"),
    "related": ("slug", "title"),
    "identifiers": ("kind", "value"),
    "assets": ("kind", "url"),
    "watch_links": ("platform", "kind"),
    "partner_links": ("platform",),
}
# What a row is called; left out: all that is in it.
NAMES: Mapping[str, tuple[str, ...]] = {
    "versions": ("label",),
    "credits": ("name", "role"),
    "accolades": ("event", "year", "name"),
    "press": ("kind", "title", "by", "outlet"),
    "assets": ("kind", "title"),
    "watch_links": ("platform", "kind"),
    "partner_links": ("platform",),
}
LABELS = {
    "press": "Press and interviews",
    "watch_links": "Where to watch at home",
    "assets": "Files and pages",
    "related": "Related films",
    "by": "Name",
}


def _plain(value: object) -> str:
    return str(value).replace("_", " ")


def _length(value: object) -> str:
    minutes, seconds = divmod(int(str(value)), MINUTE)
    return f"{minutes}:{seconds:02}"


def _language(value: object) -> str:
    return countries_languages.language_name(str(value))


def _country(value: object) -> str:
    return countries_languages.country_name(str(value))


WORDS: Mapping[str, Callable[[object], str]] = {
    "length_seconds": _length,
    "language": _language,
    "spoken": _language,
    "subtitles": _language,
    "countries": _country,
    "territory": _country,
    **dict.fromkeys(("kind", "role", "color", "status", "source", "classes"), _plain),
}


class RowChange(StrEnum):
    """What happened to a row of a list."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One row of a list that is new, gone or different; ``details`` are its fields as words."""

    what: RowChange
    name: str
    details: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DiffRun:
    """A run of words of a long text: ``""`` where both have it, else ``ins`` or ``del``."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that differs, shown as rows, as marked words, or as two texts."""

    name: str
    label: str
    before: str = ""
    after: str = ""
    pieces: Sequence[DiffRun] = ()
    rows: Sequence[RowDifference] = field(default=())
    reordered: bool = False


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldDifference]:
    """Return the fields that differ, in the order of ``after``; a missing field counts as empty."""
    names = list(dict.fromkeys([*after, *before]))
    return [
        _difference(name, before.get(name), after.get(name))
        for name in names
        if (before.get(name) or None) != (after.get(name) or None)
    ]


def label_of(name: str) -> str:
    """Return a field's name as a heading says it."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def format_field(name: str, value: object) -> str:
    """Return a field's value as people read it: names for codes, commas between several."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(format_field(name, one) for one in value)
    if isinstance(value, dict):
        return " ".join(words for key, one in value.items() if (words := format_field(key, one)))
    return WORDS.get(name, str)(value)


def _difference(name: str, before: object, after: object) -> FieldDifference:
    label = label_of(name)
    if name in KEYS:
        was, now = _rows(before), _rows(after)
        rows, reordered = _row_differences(name, was, now)
        return FieldDifference(name, label, rows=rows, reordered=reordered)
    if name in LONG_TEXTS and before and after:
        return FieldDifference(name, label, pieces=diff_words(str(before), str(after)))
    return FieldDifference(name, label, format_field(name, before), format_field(name, after))


def diff_words(before: str, after: str) -> list[DiffRun]:
    """Return both texts in one, word by word, with what went and what came marked.

    Of texts that have little in common, all of the one comes before all of the other.

    >>> [(one.mark, one.text) for one in diff_words("a red soul", "a blue soul")]
    [('', 'a '), ('del', 'red'), ('ins', 'blue'), ('', ' soul')]
    """
    was, now = re.split(r"(\s+)", before), re.split(r"(\s+)", after)
    runs: list[DiffRun] = []
    matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [DiffRun("del", before), DiffRun("ins", after)]
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            runs.append(DiffRun("", "".join(was[a:b])))
            continue
        if b > a:
            runs.append(DiffRun("del", "".join(was[a:b])))
        if d > c:
            runs.append(DiffRun("ins", "".join(now[c:d])))
    return runs


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _row_differences(
    part: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> tuple[list[RowDifference], bool]:
    def key(row: dict[str, Any]) -> str:
        return repr([row.get(name) for name in KEYS[part]])

    was = {key(row): row for row in before}
    now = {key(row): row for row in after}
    places_was = {k: position for position, k in enumerate(was)}
    removed = {places_was[k]: k for k in was if k not in now}
    differences: list[RowDifference] = []
    for position, (k, row) in enumerate(now.items()):
        if k in was:
            old = was[k]
        elif position in removed:  # another row in the same place: the same one, corrected
            old = was[removed.pop(position)]
        else:
            differences.append(
                RowDifference(RowChange.ADDED, row_name(part, row), _details(part, row))
            )
            continue
        if old != row:
            differences.append(
                RowDifference(RowChange.CHANGED, row_name(part, old), _changes(old, row))
            )
    differences += [
        RowDifference(RowChange.REMOVED, row_name(part, was[k]), _details(part, was[k]))
        for k in removed.values()
    ]
    kept_was, kept_now = [k for k in was if k in now], [k for k in now if k in was]
    return differences, kept_was != kept_now


def row_name(part: str, row: Mapping[str, Any]) -> str:
    """Return what a row of a part is called: ``Jessica Gorter, director``."""
    shown = NAMES.get(part, tuple(row))
    return ", ".join(words for name in shown if (words := format_field(name, row.get(name))))


def _details(part: str, row: Mapping[str, Any]) -> list[str]:
    shown = NAMES.get(part, tuple(row))
    return [
        f"{label_of(name).lower()} {words}"
        for name, value in row.items()
        if name not in shown and value and (words := format_field(name, value))
    ]


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys([*after, *before])
    return [
        f"{label_of(name).lower()}: {_or_empty(name, before)} \N{RIGHTWARDS ARROW} "
        f"{_or_empty(name, after)}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def _or_empty(name: str, row: Mapping[str, Any]) -> str:
    return format_field(name, row.get(name)) or "(empty)"
