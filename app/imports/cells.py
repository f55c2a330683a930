"""Cells of tables of films: parsed as people write them, and formatted for exports. Pure.

A column is a field. Lists of words are separated by ``|``; parts that have several fields are JSON,
or one of the short forms that people type.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

from app.catalog import countries_languages
from app.catalog.documents import FilmDocument
from app.catalog.enums import CreditRole, IdentifierKind
from app.catalog.titles import PARTICLES, folded
from app.core.errors import FieldProblem
from app.core.spreadsheets import is_error, made_of
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

COMPANY_ROLES = frozenset((CreditRole.PRODUCTION_COMPANY, CreditRole.DISTRIBUTOR))
MAX_DIGITS = 9
WHOLE_NUMBER = re.compile(r"(\d{1,9})(?:[.,]0+)?")
MINUTES = re.compile(
    r"(\d{1,4})(?:[.,](\d)\d*)?\s*(?:min(?:ute)?s?\.?|m|'|\N{PRIME})", re.IGNORECASE
)
HOURS = re.compile(
    r"(\d{1,2})\s*(?:h(?:ou)?rs?|h|std)\.?\s*(?:(?:and\s+)?(\d{1,2})\s*(?:m(?:in(?:ute)?s?)?\.?)?)?",
    re.IGNORECASE,
)
CLOCK_TIME = re.compile(r"(\d{1,3}):(\d\d)(?::(\d\d))?")
# No film is longer than nine hours and fifty-nine minutes and written h:mm.
MAX_HOURS = 9
HALF_MINUTE = 30
YEARS = re.compile(r"(?<!\d)(?:18|19|20|21)\d\d(?!\d)")
DECORATED_YEAR = re.compile(
    r"[\[(]?\s*(?:c(?:a|irca)?\.?|©|copyright)?\s*(\d{4})\.?\s*[\])]?", re.IGNORECASE
)
# A spreadsheet that takes the years 1888 to 2100 for days writes days of 1905.
MISREAD_YEAR = re.compile(r"1905-0[3-9]-\d\d|\d{1,2}[/.]\d{1,2}[/.]1905")
LIST_SEPARATOR = re.compile(r"\s*[|;,/]\s*")
AND = re.compile(r"\s+(?:and|&)\s+", re.IGNORECASE)
SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d)\.?", re.IGNORECASE)
COUNTRIES = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "ussr": "SU",
    "u.s.s.r.": "SU",
    "holland": "NL",
    "korea": "KR",
    "burma": "MM",
    "west germany": "DE",
    "federal republic of germany": "DE",
    "uae": "AE",
}
LANGUAGES = {
    "mandarin": "cmn",
    "cantonese": "yue",
    "farsi": "fas",
    "flemish": "nld",
    "castilian": "spa",
    "silent": "zxx",
    "none": "zxx",
    "no dialog": "zxx",
    "american sign language": "ase",
}
_COLORS = {
    "color": "color",
    "colour": "color",
    "c": "color",
    "bw": "bw",
    "blackandwhite": "bw",
    "blackwhite": "bw",
    "monochrome": "bw",
    "mixed": "mixed",
    "colorandbw": "mixed",
    "colourandbw": "mixed",
    "colorbw": "mixed",
    "bwcolor": "mixed",
    "bwandcolor": "mixed",
    "colorandblackandwhite": "mixed",
}
_STATES = {"draft": "draft", "published": "published", "withdrawn": "withdrawn"}
# Values of fields by the normalized words that people write.
VALUE_ALIASES: Mapping[str, Mapping[str, str]] = {"color": _COLORS, "status": _STATES}


def normalize_word(text: str) -> str:
    """Return the letters and digits of a word in lower case.

    >>> normalize_word("B&W"), normalize_word("Black & White")
    ('bw', 'blackwhite')
    """
    return "".join(re.findall(r"[a-z0-9]+", folded(text)))


def parse_number(name: str, text: str) -> int | str | None:
    """Return the number in a cell, such as a running time in minutes or the year of a date.

    >>> parse_number("runtime_minutes", "1h 30m"), parse_number("runtime_minutes", "1:30:00")
    (90, 90)
    >>> parse_number("release_year", "(1999)"), parse_number("release_date", "Jun 12 1998")
    (1999, 1998)

    Raises:
        ValueError: it is no number, or a spreadsheet has changed it.
    """
    if not text:
        return None
    if match := WHOLE_NUMBER.fullmatch(text):
        return int(match[1])
    if name == "runtime_minutes":
        minutes = _parse_minutes(text)
        if minutes is None:
            msg = f"Enter minutes, such as 90 or 1:30:00, not {text[:40]!r}."
            raise ValueError(msg)
        return minutes
    if match := DECORATED_YEAR.fullmatch(text):
        return int(match[1])
    if name == "release_date" and not MISREAD_YEAR.match(text):
        years = set(YEARS.findall(text))
        if len(years) == 1:
            return int(years.pop())
    artifact = made_of(text)
    if artifact:
        msg = (
            f"{text[:40]!r} is {artifact}, which a spreadsheet may have made from a year. Enter "
            "the year."
        )
        raise ValueError(msg)
    if name == "release_date":
        msg = f"Enter a date such as 1999-05-31 or a year, not {text[:40]!r}."
        raise ValueError(msg)
    return text


def parse_names(text: str, *, is_person: bool = True) -> list[str]:
    """Return the names in a cell, separated by bars, semicolons, or commas and "and".

    >>> parse_names("Ana Ferrer, Bo New and Cy Newer")
    ['Ana Ferrer', 'Bo New', 'Cy Newer']
    >>> parse_names("Gorter, Jessica; van Zoelen, Kaj")
    ['Jessica Gorter', 'Kaj van Zoelen']
    """
    entries = [entry.strip() for entry in re.split(r"[|;\n]", text) if entry.strip()]
    if is_person:
        entries = [name for entry in entries for name in _parse_people(entry)]
    return list(dict.fromkeys(" ".join(entry.split()) for entry in entries))


def parse_countries(text: str) -> list[str]:
    """Return the codes of the countries in a cell, named by code or by name.

    >>> parse_countries("USA, France"), parse_countries("Trinidad and Tobago")
    (['US', 'FR'], ['TT'])

    Raises:
        ValueError: a name is unknown.
    """
    return _parse_codes(
        text, lambda word: COUNTRIES.get(word.lower()) or countries_languages.parse_country(word)
    )


def parse_languages(text: str) -> list[str]:
    """Return the codes of the languages in a cell, named by code or by name.

    >>> parse_languages("English, Dutch and Russian"), parse_languages("eng")
    (['eng', 'nld', 'rus'], ['eng'])

    Raises:
        ValueError: a name is unknown.
    """
    return _parse_codes(
        text, lambda word: LANGUAGES.get(word.lower()) or countries_languages.parse_language(word)
    )


CODE_PARSERS: Mapping[str, Callable[[str], list[str]]] = {
    "countries": parse_countries,
    "spoken": parse_languages,
    "subtitles": parse_languages,
}


def _parse_minutes(text: str) -> int | None:
    if match := MINUTES.fullmatch(text):
        return int(match[1]) + (int(match[2] or 0) >= 5)  # noqa: PLR2004 - half a minute and more
    if match := HOURS.fullmatch(text):
        return 60 * int(match[1]) + int(match[2] or 0)
    if match := CLOCK_TIME.fullmatch(text):
        first, second, third = int(match[1]), int(match[2]), match[3]
        if third is not None:
            return 60 * first + second + (int(third) >= HALF_MINUTE)
        is_hours = first <= MAX_HOURS
        return 60 * first + second if is_hours else first + (second >= HALF_MINUTE)
    return None


def _parse_codes(text: str, code_of: Callable[[str], str]) -> list[str]:
    """Return the codes in a cell; a name may contain separators."""
    if not text:
        return []
    try:
        return [code_of(text)]
    except ValueError:
        pass
    codes: list[str] = []
    for entry in filter(None, LIST_SEPARATOR.split(text)):
        try:
            codes.append(code_of(entry))
        except ValueError:
            if not AND.search(entry):
                raise
            codes += [code_of(part) for part in AND.split(entry) if part]
    return list(dict.fromkeys(codes))


def _parse_people(entry: str) -> list[str]:
    """Return the people in a cell without bars; one may be written family name first."""
    parts = [part for part in re.split(r"\s*,\s*", entry) if part]
    if len(parts) == len("fg") and _is_inverted(*parts):
        family, first_names = parts
        return [f"{first_names} {family}"]
    people: list[str] = []
    for part in parts:
        if people and SUFFIX.fullmatch(part):
            people[-1] += f", {part}"
            continue
        names = [name for name in AND.split(part.removeprefix("and ")) if name]
        # "Joel and Ethan Coen" are not a man called Joel and another.
        is_split = all(" " in name for name in names) or len(parts) > 1
        people += names if is_split else [part]
    return people


def _is_inverted(family: str, first_names: str) -> bool:
    first = (folded(family).split() or [""])[0]
    if SUFFIX.fullmatch(first_names) or AND.search(first_names):
        return False
    return " " not in family or (first in PARTICLES and " " not in first_names)


# An empty cell in these columns leaves the field as it is.
NEVER_EMPTY = frozenset(("slug", "title", "release_year", DATE_COLUMN, "color", "genre", "status"))
BLANK = " \t\r\n"
ENTRY_SEPARATOR = re.compile(r"\s*(?<!\\)((?:\\\\)*)[|;]\s*")
ESCAPED_SIGN = re.compile(r"\\([\\|;])")


class CellForm(StrEnum):
    """The form of a column's cells."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "words"
    PARTS = "parts"
    NAMES = "names"


def _cell_form(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> CellForm:
    named = schema.get("$ref", "").rpartition("/")[2]
    if named:
        return _cell_form(definitions[named], definitions)
    kinds = [_cell_form(option, definitions) for option in schema.get("anyOf", ())]
    if kinds:
        return kinds[0]
    if schema.get("type") == "integer":
        return CellForm.NUMBER
    if schema.get("type") == "object":
        return CellForm.PARTS
    if schema.get("type") == "array":
        inner = _cell_form(schema["items"], definitions)
        return CellForm.PARTS if inner is CellForm.PARTS else CellForm.LIST
    return CellForm.TEXT


_schema = FilmDocument.model_json_schema()
FORMS = {name: _cell_form(_schema["properties"][name], _schema["$defs"]) for name in COLUMNS}
FORMS |= {"runtime_minutes": CellForm.NUMBER, "spoken": CellForm.LIST, "subtitles": CellForm.LIST}
FORMS |= dict.fromkeys(ROLE_COLUMNS, CellForm.NAMES)


@dataclass(slots=True)
class _RowValues:
    """The values of a row's cells so far."""

    values: Json = field(default_factory=dict)
    version: Json = field(default_factory=dict)
    numbers: list[tuple[IdentifierKind, str]] = field(default_factory=list)
    people: dict[str, list[str]] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        """Add the value of a trimmed cell."""
        if is_error(text):
            detail = f"{text} is a spreadsheet error. Enter the value, or clear the cell."
            self.problems.append(FieldProblem(f"#/{name}", detail))
        elif name in NUMBER_COLUMNS:
            self.numbers += [(NUMBER_COLUMNS[name], number) for number in split_cell(text)]
        elif name in ROLE_COLUMNS:
            if names := parse_names(text, is_person=name not in COMPANY_ROLES):
                self.people[name] = names
        elif text or (name not in NEVER_EMPTY and name != "runtime_minutes"):
            target = self.version if name in VERSION_COLUMNS else self.values
            own = "release_year" if name == DATE_COLUMN else name
            try:
                target[own] = parse_cell(name, text)
            except ValueError as error:
                self.problems.append(FieldProblem(f"#/{own}", str(error)))


def parse_row(number: int, columns: Sequence[Column], cells: Sequence[str]) -> ImportLine:
    """Return the line of a table's row."""
    row = _RowValues()
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        detail = f"The line has {len(cells)} cells, but the table has {len(columns)} columns."
        row.problems.append(FieldProblem("#", detail))
    for column, cell in zip(columns, cells, strict=False):
        if column.field != IGNORE:
            row.add(column.field, cell.strip(BLANK))
    return ImportLine(
        number,
        row.values,
        main_version=row.version,
        identifiers=tuple(row.numbers),
        people=row.people,
        problems=tuple(row.problems),
        doubts=find_doubts("title", str(row.values.get("title") or "")),
    )


def find_doubts(name: str, text: str) -> tuple[FieldProblem, ...]:
    """Return the doubt about a text that a spreadsheet may have changed, if any."""
    artifact = made_of(text)
    if not artifact:
        return ()
    detail = (
        f"{text!r} looks like {artifact} that a spreadsheet changed. Correct the cell, or confirm "
        f"the {name}."
    )
    return (FieldProblem(f"#/{name}", detail),)


def parse_cell(name: str, text: str) -> Any:  # noqa: ANN401, PLR0911 - JSON; a form each
    """Return the value of a trimmed cell in JSON types, not validated yet.

    >>> parse_cell("countries", "NL | RU"), parse_cell("release_year", "2018")
    (['NL', 'RU'], 2018)
    >>> parse_cell("credits", "director: Jessica Gorter")
    [{'role': 'director', 'name': 'Jessica Gorter'}]

    Raises:
        ValueError: parts are neither JSON nor a short form, or a number, country or language is
            invalid.
    """
    form = FORMS.get(name, CellForm.NUMBER)
    if form is CellForm.NUMBER:
        return parse_number(name, text)
    if form is CellForm.LIST:
        return CODE_PARSERS[name](text) if name in CODE_PARSERS else split_cell(text)
    if name in VALUE_ALIASES:
        return VALUE_ALIASES[name].get(normalize_word(text), text)
    if form is CellForm.TEXT:
        return text or ("" if name == "synopsis" else None)
    if not text:
        return {} if name == "poster" else []
    if text[0] in "[{":
        return _parse_json(text)
    return _parse_short_form(name, split_cell(text))


def format_cell(name: str, value: Any) -> str:  # noqa: ANN401 - JSON
    r"""Return a field of a document as the cell that ``parse_cell`` reads.

    >>> print(format_cell("subjects", ["History", "A|B"]))
    History | A\|B
    """
    form = FORMS[name]
    if form is CellForm.LIST:
        return " | ".join(re.sub(r"([\\|;])", r"\\\1", word) for word in value)
    if form is CellForm.PARTS:
        return json.dumps(_without_empty(value), ensure_ascii=False) if value else ""
    return "" if value is None else str(value)


def split_cell(text: str) -> list[str]:
    r"""Return the entries of a cell, separated by bars or semicolons.

    A bar that belongs to an entry is written ``\|``, and a semicolon ``\;``.

    >>> split_cell(r"A \| B | C; D")
    ['A | B', 'C', 'D']
    """
    marked = ENTRY_SEPARATOR.sub("\\1\x00", text)
    entries = (ESCAPED_SIGN.sub(r"\1", entry) for entry in marked.split("\x00"))
    return [entry for entry in entries if entry]


def _parse_short_form(name: str, entries: list[str]) -> list[Json]:
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
    parts = []
    for entry in entries:
        before, colon, after = (part.strip() for part in entry.partition(":"))
        if not (before and colon and after):
            msg = f"Enter a value such as {example!r}, or a JSON list, not {entry[:80]!r}."
            raise ValueError(msg)
        if name == "versions":
            parts.append({first: before, second: parse_cell("runtime_minutes", after)})
        else:
            parts.append({first: before.lower().replace(" ", "_"), second: after})
    return parts


def _parse_json(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return from_json(text)
    except ValueError as error:
        msg = f"Enter valid JSON: {error}"
        raise ValueError(msg) from error


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out empty fields of parts, which their defaults fill in again."""
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _without_empty(item) for name, item in value.items() if item not in (None, [], "")
        }
    return value
