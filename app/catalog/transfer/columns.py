"""Columns of a table of films: what their cells say of a document, and how it is written in them.

One column a field. Plain fields are plain text; lists of words are parted by ``|``; parts that have
fields of their own are JSON, or one of the short forms that people type. Pure.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

from app.catalog.documents import FilmDocument
from app.catalog.kinds import IdentifierKind
from app.catalog.titles import folded
from app.catalog.transfer.lines import FileRefusedError, Json, Line
from app.core.errors import FieldProblem

COLUMNS = tuple(FilmDocument.model_fields)
# Of the main version, and identifiers by their kind: for those who type; an export has them in
# `versions` and `identifiers`.
VERSION_COLUMNS = ("runtime_minutes", "spoken", "subtitles")
NUMBER_COLUMNS = {kind.value: kind for kind in IdentifierKind}
ALIASES = {"year": "release_year", "runtime": "runtime_minutes", "language": "spoken"}
# Where an empty cell can only mean that nothing is said.
NEVER_EMPTY = frozenset(("slug", "title", "release_year", "color", "genre", "status"))
BLANK = " \t\r\n"
PARTED = re.compile(r"\s*(?<!\\)((?:\\\\)*)\|\s*")
ESCAPED = re.compile(r"\\([\\|])")


class Form(StrEnum):
    """How a column's cells are written."""

    TEXT = "text"
    NUMBER = "number"
    WORDS = "words"
    PARTS = "parts"


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


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file by their place; None where a column is to be passed over."""

    names: tuple[str | None, ...]

    @classmethod
    def of(cls, cells: Sequence[str]) -> "Header":
        """Read the first line of a table.

        Raises:
            FileRefusedError: a column is unknown, is there twice, or none says which film a line
                is about.
        """
        filled = max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)
        names = [_column(cell) for cell in cells[:filled]]
        given = [name for name in names if name is not None]
        unknown = [cell for cell, name in zip(cells, names, strict=False) if name == ""]
        if unknown:
            shown = ", ".join(repr(cell.strip()[:60]) for cell in unknown[:5])
            msg = (
                f"We do not know the column {shown}. Columns are {', '.join(_all())}. "
                "Put # before a name to pass a column over."
            )
            raise FileRefusedError(msg)
        twice = sorted({name for name in given if given.count(name) > 1})
        if twice:
            msg = f"The column {twice[0]} is there twice."
            raise FileRefusedError(msg)
        if not {"slug", "title", *NUMBER_COLUMNS, "identifiers"} & set(given):
            msg = (
                "No column says which film a line is about. The first line names the columns; "
                "one of them must be slug, title, or an identifier such as upc or isbn."
            )
            raise FileRefusedError(msg)
        return cls(tuple(names))

    def line(self, number: int, cells: Sequence[str]) -> Line:
        """Return what a line of the table says."""
        values: Json = {}
        version: Json = {}
        numbers: list[tuple[IdentifierKind, str]] = []
        problems: list[FieldProblem] = []
        if len(cells) > len(self.names) and any(cells[len(self.names) :]):
            detail = f"the line has {len(cells)} cells, and the table {len(self.names)} columns"
            problems.append(FieldProblem("#", detail))
        for name, cell in zip(self.names, cells, strict=False):
            if name is None:
                continue
            text = cell.strip(BLANK)
            if name in NUMBER_COLUMNS:
                numbers += [(NUMBER_COLUMNS[name], number) for number in words_of(text)]
            elif text or name not in NEVER_EMPTY:
                target = version if name in VERSION_COLUMNS else values
                try:
                    target[name] = value_of(name, text)
                except ValueError as error:
                    problems.append(FieldProblem(f"#/{name}", str(error)))
        if version.get("runtime_minutes", "") is None:
            del version["runtime_minutes"]
        return Line(
            number, values, version=version, numbers=tuple(numbers), problems=tuple(problems)
        )


def value_of(name: str, text: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a trimmed cell says, as JSON; the document's own rules are not applied yet.

    >>> value_of("countries", "NL | RU"), value_of("release_year", "2018")
    (['NL', 'RU'], 2018)
    >>> value_of("credits", "director: Jessica Gorter")
    [{'role': 'director', 'name': 'Jessica Gorter'}]

    Raises:
        ValueError: a list of parts is neither JSON nor a short form.
    """
    form = FORMS[name]
    if form is Form.NUMBER:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else text or None  # noqa: PLR2004 - more digits than any year or length has
    if form is Form.WORDS:
        return words_of(text)
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
        return " | ".join(re.sub(r"([\\|])", r"\\\1", word) for word in value)
    if form is Form.PARTS:
        return json.dumps(_without_empty(value), ensure_ascii=False) if value else ""
    return "" if value is None else str(value)


def words_of(text: str) -> list[str]:
    r"""Return the entries of a cell; a bar that belongs to one is written ``\|``.

    >>> words_of(r"A \| B | C")
    ['A | B', 'C']
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
        msg = "write a JSON list: [{...}, {...}]"
        raise ValueError(msg)
    first, second, example = pairs[name]
    found = []
    for entry in entries:
        before, colon, after = (part.strip() for part in entry.partition(":"))
        if not (before and colon and after):
            msg = f"write {example!r}, or a JSON list; {entry[:80]!r} is neither"
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
        msg = f"this is not JSON: {error}"
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


def _column(cell: str) -> str | None:
    """Return the name of a column; None for one to be passed over, empty if it is unknown."""
    text = cell.strip()
    if text.startswith("#"):
        return None
    name = "_".join(re.findall(r"[a-z0-9]+", folded(text)))
    name = ALIASES.get(name, name)
    return name if name in FORMS or name in NUMBER_COLUMNS else ""


def _all() -> list[str]:
    return [*COLUMNS, *VERSION_COLUMNS, *NUMBER_COLUMNS]
