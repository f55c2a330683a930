"""What was typed: read from a form's names, filled in from values, rows added, moved, removed."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.catalog import countries_languages
from app.console.forms.field_types import Field, FieldType, Rows, Shape
from app.core.money import DECIMALS
from app.core.text import normalize
from app.offers.territories import WORLD

InputValues = dict[str, Any]
"""By the names of shapes: a text, a list of texts, a group as a dict, rows as a list of dicts."""

MAX_DEPTH = 8
PER_CENT = 100
MINUTE = 60
HOUR = 3600
STEP = re.compile(r"(add|remove|up|down):([a-z_/0-9]{1,200})")


def read(shapes: Sequence[Shape], pairs: Iterable[tuple[str, object]]) -> InputValues:
    """Return what was typed into the fields of ``shapes``; rows in which nothing is are left out.

    Other names are not read.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if not isinstance(value, str):
            continue
        *way, last = name.split("/")
        if len(way) > MAX_DEPTH:
            continue
        here = tree
        for part in way:
            inside = here.setdefault(part, {})
            here = inside if isinstance(inside, dict) else {}
        if not isinstance(here.get(last), dict):
            here.setdefault(last, []).append(value)
    return _read(shapes, tree)


def is_blank(row: InputValues) -> bool:
    """Whether nothing is typed in a row."""
    return not any(
        not is_blank(value)
        if isinstance(value, dict)
        else any(not is_blank(one) for one in value)
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
        for value in row.values()
    )


def typed_of(shapes: Sequence[Shape], values: Mapping[str, Any]) -> InputValues:
    """Return how ``values``, plain as JSON, are typed into these fields."""
    typed: InputValues = {}
    for shape in shapes:
        value = values.get(shape.name)
        if isinstance(shape, Rows):
            typed[shape.name] = [typed_of(shape.fields, row) for row in value or []]
        elif isinstance(shape, Field):
            typed[shape.name] = _written(shape.kind, value)
        else:
            typed[shape.name] = typed_of(shape.fields, value or {})
    return typed


def rearranged(shapes: Sequence[Shape], typed: InputValues, step: str) -> bool:
    """Add, remove or move a row as a button says: ``add:credits``, ``up:versions/0/captions/1``.

    Return whether ``step`` is such a button. A row that is not there is left alone.
    """
    asked = STEP.fullmatch(step)
    if asked is None:
        return False
    verb, path = asked.groups()
    *way, last = path.split("/")
    if verb == "add":
        rows, shape = _rows_at(shapes, typed, [*way, last])
        if shape is not None and len(rows) < shape.most:
            rows.append(typed_of(shape.fields, {}))
        return True
    rows, _ = _rows_at(shapes, typed, way)
    place = int(last) if last.isdigit() else len(rows)
    if place < len(rows):
        row = rows.pop(place)
        if verb != "remove":
            rows.insert(max(0, place - 1) if verb == "up" else place + 1, row)
    return True


def _rows_at(
    shapes: Sequence[Shape], typed: InputValues, way: Sequence[str]
) -> tuple[list[InputValues], Rows | None]:
    """Return the rows that a path such as ``versions/0/captions`` leads to."""
    inside, here = shapes, typed
    rows: list[InputValues] = []
    found: Rows | None = None
    for part in way:
        if part.isdigit():
            if found is None or int(part) >= len(rows):
                return [], None
            inside, here, found = found.fields, rows[int(part)], None
            continue
        shape = next((one for one in inside if one.name == part), None)
        if isinstance(shape, Rows):
            found, rows = shape, here[part]
        elif shape is not None and not isinstance(shape, Field):
            inside, here = shape.fields, here[part]
        else:
            return [], None
    return rows, found


def _read(shapes: Sequence[Shape], tree: Mapping[str, Any]) -> InputValues:
    typed: InputValues = {}
    for shape in shapes:
        found = tree.get(shape.name)
        if isinstance(shape, Field):
            texts = [_clean(text) for text in found] if isinstance(found, list) else []
            if shape.kind is FieldType.CHECKS:
                typed[shape.name] = texts
            else:
                typed[shape.name] = texts[-1] if texts else ""
            continue
        inside = found if isinstance(found, dict) else {}
        if isinstance(shape, Rows):
            rows = [
                _read(shape.fields, inside[place] if isinstance(inside[place], dict) else {})
                for place in sorted((one for one in inside if one.isdigit()), key=int)
            ]
            typed[shape.name] = [row for row in rows if not is_blank(row)]
        else:
            typed[shape.name] = _read(shape.fields, inside)
    return typed


def _clean(text: str) -> str:
    """Return a text without the control characters that no database takes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(
        letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc"
    )
    return normalize(text).strip()


def _written(kind: FieldType, value: Any) -> Any:  # noqa: ANN401 - any plain value, by its kind
    if kind is FieldType.CHECKS:
        return list(value or [])
    if value is None or value is False:
        return ""
    return WRITERS.get(kind, str)(value)


def _countries(codes: Sequence[str]) -> str:
    return ", ".join(countries_languages.country_label(code) for code in codes)


def _languages(codes: Sequence[str]) -> str:
    return ", ".join(countries_languages.language_label(code) for code in codes)


def _length(seconds: int) -> str:
    hours, rest = divmod(seconds, HOUR)
    minutes, last = divmod(rest, MINUTE)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"


def _amount(money: Mapping[str, Any]) -> str:
    decimals = DECIMALS[money["currency"]]
    return f"{money['amount'] / 10**decimals:.{decimals}f}"


WRITERS: Mapping[FieldType, Callable[[Any], str]] = {
    FieldType.CHECK: lambda _: "on",
    FieldType.LINES: "\n".join,
    FieldType.LANGUAGE: countries_languages.language_label,
    FieldType.LANGUAGES: _languages,
    FieldType.COUNTRIES: _countries,
    FieldType.TERRITORY: lambda codes: "Worldwide" if codes == [WORLD] else _countries(codes),
    FieldType.LENGTH: _length,
    FieldType.PERCENT: lambda hundredths: f"{hundredths / PER_CENT:g}",
    FieldType.MONEY: _amount,
}
