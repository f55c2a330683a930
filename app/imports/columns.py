"""Columns of a table of films: what their cells say of a document, and how it is written in them.

One column a field. Plain fields are plain text; lists of words are parted by ``|``; parts that have
fields of their own are JSON, or one of the short forms that people type. Pure.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

from app.catalog.documents import FilmDocument
from app.catalog.enums import IdentifierKind
from app.core.errors import FieldProblem
from app.core.spreadsheets import is_error, made_of
from app.imports.everyday import (
    COMPANY_ROLES,
    PLACES,
    WRITTEN,
    names_of,
    number_of,
    plain_word,
)
from app.imports.headings import (
    COLUMNS,
    DATE_COLUMN,
    IGNORE,
    NUMBER_COLUMNS,
    ROLE_COLUMNS,
    VERSION_COLUMNS,
    Column,
)
from app.imports.lines import ImportLine, Json

# Where an empty cell can only mean that nothing is said.
NEVER_EMPTY = frozenset(("slug", "title", "release_year", DATE_COLUMN, "color", "genre", "status"))
BLANK = " \t\r\n"
PARTED = re.compile(r"\s*(?<!\\)((?:\\\\)*)[|;]\s*")
ESCAPED = re.compile(r"\\([\\|;])")


class Form(StrEnum):
    """How a column's cells are written."""

    TEXT = "text"
    NUMBER = "number"
    WORDS = "words"
    PARTS = "parts"
    NAMES = "names"


def _form(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Form:
    named = schema.get("$ref", "").rpartition("/")[2]
    if named:
        return _form(definitions[named], definitions)
    kinds = [_form(option, definitions) for option in schema.get("anyOf", ())]
    if kinds:
        return kinds[0]
    if schema.get("type") == "integer":
        return Form.NUMBER
    if schema.get("type") == "object":
        return Form.PARTS
    if schema.get("type") == "array":
        inner = _form(schema["items"], definitions)
        return Form.PARTS if inner is Form.PARTS else Form.WORDS
    return Form.TEXT


_schema = FilmDocument.model_json_schema()
FORMS = {name: _form(_schema["properties"][name], _schema["$defs"]) for name in COLUMNS}
FORMS |= {"runtime_minutes": Form.NUMBER, "spoken": Form.WORDS, "subtitles": Form.WORDS}
FORMS |= dict.fromkeys(ROLE_COLUMNS, Form.NAMES)


@dataclass(slots=True)
class _Said:
    """What the cells of a line say, so far."""

    values: Json = field(default_factory=dict)
    version: Json = field(default_factory=dict)
    numbers: list[tuple[IdentifierKind, str]] = field(default_factory=list)
    makers: dict[str, list[str]] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        """Add what the trimmed cell of a column says."""
        if is_error(text):
            detail = f"{text} is a spreadsheet error. Enter the value, or clear the cell."
            self.problems.append(FieldProblem(f"#/{name}", detail))
        elif name in NUMBER_COLUMNS:
            self.numbers += [(NUMBER_COLUMNS[name], number) for number in words_of(text)]
        elif name in ROLE_COLUMNS:
            if names := names_of(text, is_person=name not in COMPANY_ROLES):
                self.makers[name] = names
        elif text or (name not in NEVER_EMPTY and name != "runtime_minutes"):
            target = self.version if name in VERSION_COLUMNS else self.values
            own = "release_year" if name == DATE_COLUMN else name
            try:
                target[own] = value_of(name, text)
            except ValueError as error:
                self.problems.append(FieldProblem(f"#/{own}", str(error)))


def line_of(number: int, columns: Sequence[Column], cells: Sequence[str]) -> ImportLine:
    """Return what a line of a table says."""
    said = _Said()
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        detail = f"The line has {len(cells)} cells, but the table has {len(columns)} columns."
        said.problems.append(FieldProblem("#", detail))
    for column, cell in zip(columns, cells, strict=False):
        if column.field != IGNORE:
            said.add(column.field, cell.strip(BLANK))
    return ImportLine(
        number,
        said.values,
        version=said.version,
        numbers=tuple(said.numbers),
        makers=said.makers,
        problems=tuple(said.problems),
        doubts=doubts_of("title", str(said.values.get("title") or "")),
    )


def doubts_of(name: str, text: str) -> tuple[FieldProblem, ...]:
    """Return what must be asked about a text that a spreadsheet may have changed."""
    made = made_of(text)
    if not made:
        return ()
    detail = (
        f"{text!r} looks like {made} that a spreadsheet changed. Correct the cell, or confirm the "
        f"{name}."
    )
    return (FieldProblem(f"#/{name}", detail),)


def value_of(name: str, text: str) -> Any:  # noqa: ANN401, PLR0911 - JSON; a form each
    """Return what a trimmed cell says, as JSON; the document's own rules are not applied yet.

    >>> value_of("countries", "NL | RU"), value_of("release_year", "2018")
    (['NL', 'RU'], 2018)
    >>> value_of("credits", "director: Jessica Gorter")
    [{'role': 'director', 'name': 'Jessica Gorter'}]

    Raises:
        ValueError: a list of parts is neither JSON nor a short form; a number, a country or a
            language cannot be read.
    """
    form = FORMS.get(name, Form.NUMBER)
    if form is Form.NUMBER:
        return number_of(name, text)
    if form is Form.WORDS:
        return PLACES[name](text) if name in PLACES else words_of(text)
    if name in WRITTEN:
        return WRITTEN[name].get(plain_word(text), text)
    if form is Form.TEXT:
        return text or ("" if name == "synopsis" else None)
    if not text:
        return {} if name == "poster" else []
    if text[0] in "[{":
        return _json(text)
    return _short(name, words_of(text))


def cell_of(name: str, value: Any) -> str:  # noqa: ANN401 - JSON
    r"""Return a field of a document as the cell that ``value_of`` reads.

    >>> print(cell_of("subjects", ["History", "A|B"]))
    History | A\|B
    """
    form = FORMS[name]
    if form is Form.WORDS:
        return " | ".join(re.sub(r"([\\|;])", r"\\\1", word) for word in value)
    if form is Form.PARTS:
        return json.dumps(_without_empty(value), ensure_ascii=False) if value else ""
    return "" if value is None else str(value)


def words_of(text: str) -> list[str]:
    r"""Return the entries of a cell, parted by bars or semicolons.

    A bar that belongs to an entry is written ``\|``, and a semicolon ``\;``.

    >>> words_of(r"A \| B | C; D")
    ['A | B', 'C', 'D']
    """
    marked = PARTED.sub("\\1\x00", text)
    entries = (ESCAPED.sub(r"\1", entry) for entry in marked.split("\x00"))
    return [entry for entry in entries if entry]


def _short(name: str, entries: list[str]) -> list[Json]:
    if name == "related":
        return [{"slug": entry} for entry in entries]
    if name == "alternative_titles":
        return [{"title": entry} for entry in entries]
    pairs = {
        "credits": ("role", "name", "director: Jessica Gorter"),
        "identifiers": ("kind", "value", "isbn: 978-0-9771037-9-9"),
        "versions": ("label", "runtime_minutes", "Feature: 90"),
    }
    if name not in pairs:
        msg = "Enter a JSON list: [{...}, {...}]"
        raise ValueError(msg)
    first, second, example = pairs[name]
    found = []
    for entry in entries:
        before, colon, after = (part.strip() for part in entry.partition(":"))
        if not (before and colon and after):
            msg = f"Enter a value such as {example!r}, or a JSON list, not {entry[:80]!r}."
            raise ValueError(msg)
        if name == "versions":
            found.append({first: before, second: value_of("runtime_minutes", after)})
        else:
            found.append({first: before.lower().replace(" ", "_"), second: after})
    return found


def _json(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return from_json(text)
    except ValueError as error:
        msg = f"Enter valid JSON: {error}"
        raise ValueError(msg) from error


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out what a part does not say: its own defaults fill it in again."""
    if isinstance(value, list):
        return [_without_empty(each) for each in value]
    if isinstance(value, dict):
        return {
            name: _without_empty(each) for name, each in value.items() if each not in (None, [], "")
        }
    return value
