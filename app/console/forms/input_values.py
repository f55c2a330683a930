"""Form input: reading it, filling it from values, and changing its rows."""

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
ROW_STEP = re.compile(r"(add|remove|up|down):([a-z_/0-9]{1,200})")


def read_inputs(shapes: Sequence[Shape], pairs: Iterable[tuple[str, object]]) -> InputValues:
    """Return the input for the fields of ``shapes``, without blank rows and unknown names."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if not isinstance(value, str):
            continue
        *parents, last = name.split("/")
        if len(parents) > MAX_DEPTH:
            continue
        here = tree
        for part in parents:
            inside = here.setdefault(part, {})
            here = inside if isinstance(inside, dict) else {}
        if not isinstance(here.get(last), dict):
            here.setdefault(last, []).append(value)
    return _read_tree(shapes, tree)


def is_blank(row: InputValues) -> bool:
    """Return whether a row is empty."""
    return not any(
        not is_blank(value)
        if isinstance(value, dict)
        else any(not is_blank(item) for item in value)
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
        for value in row.values()
    )


def format_inputs(shapes: Sequence[Shape], values: Mapping[str, Any]) -> InputValues:
    """Return the input that stands for ``values``, which are plain JSON."""
    typed: InputValues = {}
    for shape in shapes:
        value = values.get(shape.name)
        if isinstance(shape, Rows):
            typed[shape.name] = [format_inputs(shape.fields, row) for row in value or []]
        elif isinstance(shape, Field):
            typed[shape.name] = _format_value(shape.kind, value)
        else:
            typed[shape.name] = format_inputs(shape.fields, value or {})
    return typed


def apply_row_step(shapes: Sequence[Shape], typed: InputValues, step: str) -> bool:
    """Add, remove, or move a row, such as ``add:credits`` or ``up:versions/0/captions/1``.

    Return whether ``step`` is such a button. A missing row is ignored.
    """
    match = ROW_STEP.fullmatch(step)
    if match is None:
        return False
    verb, path = match.groups()
    *parents, last = path.split("/")
    if verb == "add":
        rows, shape = _rows_at(shapes, typed, [*parents, last])
        if shape is not None and len(rows) < shape.max_rows:
            rows.append(format_inputs(shape.fields, {}))
        return True
    rows, _ = _rows_at(shapes, typed, parents)
    position = int(last) if last.isdigit() else len(rows)
    if position < len(rows):
        row = rows.pop(position)
        if verb != "remove":
            rows.insert(max(0, position - 1) if verb == "up" else position + 1, row)
    return True


def _rows_at(
    shapes: Sequence[Shape], typed: InputValues, parents: Sequence[str]
) -> tuple[list[InputValues], Rows | None]:
    """Return the rows at a path such as ``versions/0/captions``, and their definition."""
    inside, here = shapes, typed
    rows: list[InputValues] = []
    rows_shape: Rows | None = None
    for part in parents:
        if part.isdigit():
            if rows_shape is None or int(part) >= len(rows):
                return [], None
            inside, here, rows_shape = rows_shape.fields, rows[int(part)], None
            continue
        shape = next((item for item in inside if item.name == part), None)
        if isinstance(shape, Rows):
            rows_shape, rows = shape, here[part]
        elif shape is not None and not isinstance(shape, Field):
            inside, here = shape.fields, here[part]
        else:
            return [], None
    return rows, rows_shape


def _read_tree(shapes: Sequence[Shape], tree: Mapping[str, Any]) -> InputValues:
    typed: InputValues = {}
    for shape in shapes:
        entry = tree.get(shape.name)
        if isinstance(shape, Field):
            texts = [_clean(text) for text in entry] if isinstance(entry, list) else []
            if shape.kind is FieldType.CHECKS:
                typed[shape.name] = texts
            else:
                typed[shape.name] = texts[-1] if texts else ""
            continue
        inside = entry if isinstance(entry, dict) else {}
        if isinstance(shape, Rows):
            rows = [
                _read_tree(
                    shape.fields, inside[position] if isinstance(inside[position], dict) else {}
                )
                for position in sorted((key for key in inside if key.isdigit()), key=int)
            ]
            typed[shape.name] = [row for row in rows if not is_blank(row)]
        else:
            typed[shape.name] = _read_tree(shape.fields, inside)
    return typed


def _clean(text: str) -> str:
    """Return the text without control characters, which databases refuse."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) != "Cc"
    )
    return normalize(text).strip()


def _format_value(kind: FieldType, value: Any) -> Any:  # noqa: ANN401 - any plain value, by its kind
    if kind is FieldType.CHECKS:
        return list(value or [])
    if value is None or value is False:
        return ""
    return WRITERS.get(kind, str)(value)


def _format_countries(codes: Sequence[str]) -> str:
    return ", ".join(countries_languages.country_label(code) for code in codes)


def _format_languages(codes: Sequence[str]) -> str:
    return ", ".join(countries_languages.language_label(code) for code in codes)


def _format_length(seconds: int) -> str:
    hours, rest = divmod(seconds, HOUR)
    minutes, last = divmod(rest, MINUTE)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"


def _format_amount(money: Mapping[str, Any]) -> str:
    decimals = DECIMALS[money["currency"]]
    return f"{money['amount'] / 10**decimals:.{decimals}f}"


WRITERS: Mapping[FieldType, Callable[[Any], str]] = {
    FieldType.CHECK: lambda _: "on",
    FieldType.LINES: "\n".join,
    FieldType.LANGUAGE: countries_languages.language_label,
    FieldType.LANGUAGES: _format_languages,
    FieldType.COUNTRIES: _format_countries,
    FieldType.TERRITORY: lambda codes: (
        "Worldwide" if codes == [WORLD] else _format_countries(codes)
    ),
    FieldType.LENGTH: _format_length,
    FieldType.PERCENT: lambda hundredths: f"{hundredths / PER_CENT:g}",
    FieldType.MONEY: _format_amount,
}
