"""Lists as librarians have them: pasted lines, CSV, XLSX. Read carefully, and never kept.

Nothing in a file is carried out: of a formula only the value that was saved with it is read.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import islice

from app.catalog.titles import folded
from app.core.spreadsheets import (
    OLD_EXCEL,
    ZIPPED,
    SheetLimits,
    SheetRefusedError,
    cells,
    is_separator_line,
    separator_of,
    text_of,
    utf_16_of,
)
from app.lookup.service import MAX_ROWS

MAX_COLUMNS = 60
MAX_CELL_LENGTH = 1000
MAX_FIELD_LENGTH = 300
MAX_TEXT_LENGTH = 1_000_000
WORKBOOK = SheetLimits(rows=MAX_ROWS + 1000, columns=MAX_COLUMNS, unpacked_bytes=12_000_000)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
HEADERS = {
    "title": ("title", "film", "film title", "name", "titel", "titre", "titulo", "video"),
    "director": ("director", "directors", "filmmaker", "filmmakers", "dir", "directed by"),
    "year": ("year", "date", "release year", "production year", "copyright", "pub date", "jahr"),
    "upc": ("upc", "ean", "barcode", "upc ean", "standard number"),
    "isbn": ("isbn", "isbn 13", "isbn13", "isbn 10"),
    "eidr": ("eidr",),
    "oclc": ("oclc", "oclc number", "oclc no", "ocn"),
    "slug": ("slug", "short name", "reelright"),
}
COLUMN_TYPES = {word: name for name, words in HEADERS.items() for word in words}


class ListRefusedError(ValueError):
    """The list cannot be read; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One line of a list, as it was written."""

    title: str = ""
    director: str = ""
    year: str = ""
    upc: str = ""
    isbn: str = ""
    eidr: str = ""
    oclc: str = ""
    slug: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not any(getattr(self, name) for name in NAMES if name != "year")


NAMES = tuple(field.name for field in fields(ListRow))


def read_file(data: bytes) -> list[ListRow]:
    """Return the rows of an uploaded file, whatever it calls itself.

    Raises:
        ListRefusedError: it is no list that we can read, or too long.
    """
    if data.startswith(OLD_EXCEL):
        msg = (
            "This file is in an old Excel format. Save it as .xlsx or CSV UTF-8, then upload it "
            "again."
        )
        raise ListRefusedError(msg)
    if data.startswith(ZIPPED):
        return _rows(_workbook(data), is_file=True)
    try:
        text = data.decode(utf_16_of(data) or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        msg = "The file is not in UTF-8. In Excel, save it as “CSV UTF-8” or as .xlsx."
        raise ListRefusedError(msg) from error
    if "\x00" in text:
        msg = "Upload a CSV or XLSX file."
        raise ListRefusedError(msg)
    return read_text(text, is_file=True)


def read_text(text: str, *, is_file: bool = False) -> list[ListRow]:
    """Return the rows of a list as text: with a header, or a title a line.

    Raises:
        ListRefusedError: it is too long, or a file's columns cannot be told apart.
    """
    if len(text) > MAX_TEXT_LENGTH:
        msg = (
            f"The list is longer than {MAX_TEXT_LENGTH:,} characters. Split it into smaller lists."
        )
        raise ListRefusedError(msg)
    lines = CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    first, _, rest = lines.lstrip("\ufeff\n").partition("\n")
    is_said = is_separator_line(first)
    lines = rest if is_said else lines
    header = next((line for line in lines.split("\n") if line.strip()), "")
    delimiter = separator_of(first if is_said else header)
    is_file = is_file or is_said
    if not is_file and delimiter != "\t" and not _is_header(header.split(delimiter)):
        # Titles have commas of their own.
        return _rows(([line] for line in lines.split("\n")), is_file=False)
    try:
        return _rows(csv.reader(io.StringIO(lines), delimiter=delimiter), is_file=is_file)
    except csv.Error as error:
        msg = "We can't read this CSV file. Check for a missing closing quotation mark."
        raise ListRefusedError(msg) from error


def write_text(rows: Iterable[ListRow]) -> str:
    """Return ``rows`` as text that ``read_text`` reads: how a page carries its list along."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(NAMES)
    writer.writerows([getattr(row, name) for name in NAMES] for row in rows)
    return out.getvalue()


def _rows(lines: Iterable[Sequence[str]], *, is_file: bool) -> list[ListRow]:
    filled = (line for line in lines if any(cell.strip() for cell in line))
    # One more than fits, and the header, tell that it is too long.
    taken = list(islice(filled, MAX_ROWS + 2))
    if not taken:
        msg = "Enter at least one title."
        raise ListRefusedError(msg)
    _check_cells(taken)
    if _is_header(taken[0]):
        columns = [COLUMN_TYPES.get(_header_word(cell), "") for cell in taken[0]]
        found = [_row_of(line, columns) for line in taken[1:]]
    elif is_file and max(map(len, taken)) > 1:
        msg = "Add a “title” column. The first line must name the columns: title, director, "
        msg += "year, UPC, ISBN, EIDR, OCLC."
        raise ListRefusedError(msg)
    else:
        found = [_bare(line) for line in taken]
    rows = [row for row in found if not row.is_empty]
    if len(rows) > MAX_ROWS:
        msg = f"The list has more than {MAX_ROWS:,} rows. Split it into smaller lists."
        raise ListRefusedError(msg)
    if not rows:
        msg = "The list has a header but no rows. Add at least one title or number."
        raise ListRefusedError(msg)
    return rows


def _check_cells(lines: Sequence[Sequence[str]]) -> None:
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            msg = f"Line {number} has {len(line):,} columns; the limit is {MAX_COLUMNS}."
            raise ListRefusedError(msg)
        longest = max(map(len, line), default=0)
        if longest > MAX_CELL_LENGTH:
            msg = f"Line {number} has a cell of {longest:,} characters; the limit is "
            msg += f"{MAX_CELL_LENGTH:,}. Check for a missing closing quotation mark."
            raise ListRefusedError(msg)


def _is_header(cells: Sequence[str]) -> bool:
    return any(_header_word(cell) in COLUMN_TYPES for cell in cells)


def _header_word(cell: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", folded(cell)))


def _row_of(line: Sequence[str], columns: Sequence[str]) -> ListRow:
    values: dict[str, str] = {}
    for name, cell in zip(columns, line, strict=False):
        text = " ".join(cell.split())[:MAX_FIELD_LENGTH]
        if name and text:
            values.setdefault(name, text)
    return ListRow(**values)


def _bare(line: Sequence[str]) -> ListRow:
    """Read a line without a header: the title, and beside it, in a table, a year and a name."""
    title, *rest = (" ".join(cell.split())[:MAX_FIELD_LENGTH] for cell in line)
    year = next((cell for cell in rest if re.fullmatch(r"\d{4}", cell)), "")
    director = next((cell for cell in rest if cell and not cell.isdigit()), "")
    return ListRow(title=title, director=director, year=year)


def _workbook(data: bytes) -> list[list[str]]:
    """Return the lines of a workbook's first sheet, as text; of a formula the saved value."""
    try:
        rows = cells(io.BytesIO(data), WORKBOOK, formulas=False)
        lines = [[_text(cell.value) for cell in row] for row in rows]
    except SheetRefusedError as error:
        raise ListRefusedError(str(error)) from error
    return [_without_empty_end(line) for line in lines]


def _text(value: object) -> str:
    return CONTROL.sub(" ", text_of(value)[: MAX_CELL_LENGTH + 1])


def _without_empty_end(line: list[str]) -> list[str]:
    while line and not line[-1]:
        line.pop()
    return line
