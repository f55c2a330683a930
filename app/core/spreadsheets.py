"""Spreadsheets that others made, read without trust; and cells that no spreadsheet runs.

Nothing in a workbook is carried out, and none may unpack to more than its reader allows: a bomb is
small until then.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, BinaryIO

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
ZIPPED = b"PK\x03\x04"
MAX_PARTS = 300
# Names of characters that multiply when they are read have no place in a workbook, nor has an
# encoding in which they would not be found.
DEFINITIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)|\x00", re.IGNORECASE)
MAX_MARK_LENGTH = len(b"<!DOCTYPE")
PIECE = 1 << 20
# What a spreadsheet takes for the beginning of a formula. The apostrophe makes text of it, so one
# that stands before such a beginning is itself kept by another.
RISKY = re.compile(r"'*[=+\-@\t\r]")
GUARDED = re.compile(r"'+[=+\-@\t\r]")
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
LIKE_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")


# What a cell shows where a formula failed: never data.
ERROR = re.compile(
    r"#(?:N/A|NV|REF|VALUE|NAME|DIV/0|NULL|NUM|SPILL|CALC|FIELD|BLOCKED|CONNECT|UNKNOWN|BUSY"
    r"|GETTING_DATA|ERROR)[!?]?|Err:5\d\d",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
# How spreadsheets write what they made of a text that was typed: "9/11" becomes "11-Sep". What is
# written as people write it ("9/11", "24:00", "True") was made by nobody.
MADE = {
    "a yes/no value": re.compile(r"TRUE|FALSE|WAHR|FALSCH|VRAI|FAUX|VERDADERO|FALSO|VERO"),
    "a date": re.compile(
        rf"\d{{4}}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.0+)?)?Z?)?"
        rf"|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{4}}(?: \d{{1,2}}:\d\d(?::\d\d)?)?"
        rf"|\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{1,4}}",
        re.IGNORECASE,
    ),
    "a time": re.compile(r"\d{1,3}:\d\d:\d\d(?: ?[AP]M)?|\d{1,2}:\d\d ?[AP]M", re.IGNORECASE),
    "a shortened number": re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE),
    "a number with decimals": re.compile(r"\d+[.,]0+"),
}
SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
DELIMITERS = (",", ";", "\t", "|")
UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class SheetRefusedError(ValueError):
    """The workbook cannot be read; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """How large a workbook may be: rows and columns of its first sheet, and what it unpacks to."""

    rows: int
    columns: int
    unpacked_bytes: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as a sheet has it: its address, such as ``B7``, what is in it, if it is a formula."""

    address: str
    value: object
    is_formula: bool


def escape_formula(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula.

    >>> escape_formula("=1+1"), escape_formula("The Red Soul"), escape_formula("'=1")
    ("'=1+1", 'The Red Soul', "''=1")
    """
    return f"'{text}" if RISKY.match(text) else text


def unescape_formula(text: str) -> str:
    """Return what ``escape_formula`` was given.

    >>> unescape_formula("'=1+1"), unescape_formula("'Twas the night")
    ('=1+1', "'Twas the night")
    """
    return text[1:] if GUARDED.match(text) else text


def is_error(text: str) -> bool:
    """Return whether a cell holds nothing but the error of a formula.

    >>> is_error("#N/A"), is_error("#REF!"), is_error("#1 Dad")
    (True, True, False)
    """
    return ERROR.fullmatch(text.strip()) is not None


def made_of(value: object) -> str:
    """Return what a spreadsheet seems to have made of a text that was typed; empty if nothing.

    >>> made_of("11-Sep"), made_of("TRUE"), made_of("9/11"), made_of("1984")
    ('a date', 'a yes/no value', '', '')
    """
    if isinstance(value, bool):
        return "a yes/no value"
    if isinstance(value, dt.date):
        return "a date"
    if isinstance(value, dt.time | dt.timedelta):
        return "a time"
    text = value.strip() if isinstance(value, str) else ""
    return next((what for what, form in MADE.items() if form.fullmatch(text)), "")


def find_errors(values: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """Return which of these cells hold the error of a formula, and a sentence on each oddity.

    ``values`` are the cells of a row by name; a title or a year that a spreadsheet may have changed
    is only told.
    """
    errors = {name for name, text in values.items() if is_error(text)}
    notes = [f"Ignored: {values[name]} is a spreadsheet error." for name in sorted(errors)]
    for name in ("title", "year"):
        text = values.get(name, "")
        if made := made_of(text):
            notes.append(
                f"“{text}” looks like {made} that a spreadsheet changed. Check the {name}."
            )
    return errors, notes


def separator_of(line: str) -> str:
    """Return which sign parts the cells of a table in CSV; ``line`` is its first.

    A line such as ``sep=;`` says so, and is no row; else the sign that is there most often.
    """
    said = SEPARATOR.fullmatch(line)
    return said[1] if said else max(DELIMITERS, key=line.count)


def is_separator_line(line: str) -> bool:
    """Return whether a first line only says how the cells of the others are parted."""
    return SEPARATOR.fullmatch(line) is not None


def utf_16_of(head: bytes) -> str:
    """Return in which UTF-16 a text is, by its first bytes; empty if in another encoding."""
    if head[:2] in UTF_16:
        return UTF_16[head[:2]]
    # Without a mark: every other byte of Latin letters is zero.
    pairs = head[: len("sep=") * 2]
    for name, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(pairs) == len("sep=") * 2 and not any(pairs[odd::2]) and all(pairs[1 - odd :: 2]):
            return name
    return ""


def cells(file: BinaryIO, bounds: SheetLimits, *, formulas: bool) -> Iterator[list[Cell]]:
    """Yield the rows of a workbook's first sheet, one at a time.

    With ``formulas``, a formula is told as such; without, as the value that was saved with it.

    Raises:
        SheetRefusedError: it is damaged, or larger than ``bounds``.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - 6 MB that few workers need

    damaged = "The workbook can't be read. Save it again as .xlsx or CSV UTF-8, then upload it."
    try:
        _check_package(file, bounds)
        book = load_workbook(file, read_only=True, data_only=not formulas, keep_links=False)
        # One more of each than is allowed shows that there are too many. The bounds also hold where
        # a sheet says that it goes on to the last row there can be.
        found = book.worksheets[0].iter_rows(max_row=bounds.rows + 1, max_col=bounds.columns + 1)
        for row in found:
            # Rows come filled up with empty cells.
            ends = max((n for n, cell in enumerate(row, 1) if cell.value is not None), default=0)
            yield [
                Cell(
                    address=getattr(cell, "coordinate", ""),
                    value=cell.value,
                    is_formula=cell.data_type == "f",
                )
                for cell in row[:ends]
            ]
        book.close()
    except (SheetRefusedError, GeneratorExit):
        raise
    except Exception as error:  # what a damaged workbook raises is whatever it first stumbles on
        raise SheetRefusedError(damaged) from error


def in_xml(text: str) -> str:
    """Return ``text`` with the characters that a workbook cannot hold in its own way of writing.

    >>> in_xml("one" + chr(13)), in_xml("_x000D_")
    ('one_x000D_', '_x005F_x000D_')
    """
    kept = LIKE_ESCAPED.sub("_x005F_", text)
    return UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", kept)


def text_of(value: object) -> str:
    """Return the value of a cell as it would be written in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    if not isinstance(value, str):
        return str(value)
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)), value)


def declares_entities(stream: IO[bytes]) -> bool:
    """Whether XML defines entities, or is in an encoding in which that could not be seen."""
    end = b""
    while piece := stream.read(PIECE):
        if DEFINITIONS.search(end + piece):
            return True
        end = piece[-MAX_MARK_LENGTH:]
    return False


def _check_package(file: BinaryIO, bounds: SheetLimits) -> None:
    """Refuse a package before anything in it is read as what it says it is.

    Reading a part ends at the size that the package's directory gives, so these sizes bound it.
    """
    with zipfile.ZipFile(file) as package:
        parts = package.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MAX_PARTS or unpacked > bounds.unpacked_bytes:
            msg = "The workbook is too large when unpacked. Save only the list, as CSV."
            raise SheetRefusedError(msg)
        for part in parts:
            if not part.filename.endswith((".xml", ".rels")):
                continue
            with package.open(part) as stream:
                if declares_entities(stream):
                    msg = "The workbook contains XML definitions. Save it again, as .xlsx or CSV."
                    raise SheetRefusedError(msg)
    file.seek(0)
