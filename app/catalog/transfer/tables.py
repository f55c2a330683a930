"""Tables of films: CSV and Excel workbooks, read line by line and written without formulas."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from app.catalog.transfer.columns import COLUMNS, Header, cell_of
from app.catalog.transfer.lines import FileRefusedError, Json, Line
from app.core.errors import FieldProblem
from app.core.sheets import Bounds, SheetRefusedError, as_meant, cells, harmless, in_xml, text_of

MARK = b"\xef\xbb\xbf"
DELIMITERS = (",", ";", "\t", "|")
# A film's press can be long; nothing that keeps to the schema's limits is longer.
LONGEST_CELL = 1_000_000
LONGEST_LINE = 4_000_000
MOST_COLUMNS = 100
WORKBOOK = Bounds(rows=1_000_000, columns=MOST_COLUMNS, unpacked_bytes=400_000_000)
# Excel's own: a longer text is cut when the file is opened there.
LONGEST_SHEET_CELL = 32_767
WIDE, NARROW = 40, 16
csv.field_size_limit(LONGEST_CELL)


def read_csv(file: BinaryIO) -> Iterator[Line]:
    """Yield the films of a table in CSV; its first line names the columns.

    Commas, semicolons, tabs and bars part the cells, as the first line shows; blank lines are
    passed over.

    Raises:
        FileRefusedError: it cannot be read on: the line and the byte are named.
    """
    texts = _Texts(file)
    first = next(texts, "")
    delimiter = max(DELIMITERS, key=first.count)
    rows = csv.reader(_Again(first, texts), delimiter=delimiter, strict=True)
    header: Header | None = None
    while True:
        began = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise FileRefusedError(_csv_words(str(error), began)) from error
        if row is None:
            break
        if len(row) > MOST_COLUMNS:
            msg = f"Line {began} has {len(row):,} cells; a table of films has up to {MOST_COLUMNS}."
            raise FileRefusedError(msg)
        if not any(cell.strip() for cell in row):
            continue
        row = [as_meant(cell) for cell in row]
        if header is None:
            header = Header.of(row)
        else:
            yield header.line(began, row)
    if header is None:
        msg = "The file is empty. Its first line must name the columns."
        raise FileRefusedError(msg)


def read_xlsx(file: BinaryIO) -> Iterator[Line]:
    """Yield the films of a workbook's first sheet; its first row names the columns.

    Formulas are not worked out: a row that has one is refused, with the cell's address.

    Raises:
        FileRefusedError: it cannot be read, or is larger than any table of films.
    """
    header: Header | None = None
    try:
        for number, row in enumerate(cells(file, WORKBOOK, formulas=True), 1):
            if number > WORKBOOK.rows or len(row) > MOST_COLUMNS:
                msg = f"The sheet has more than {WORKBOOK.rows:,} rows or {MOST_COLUMNS} columns."
                raise FileRefusedError(msg)
            texts = [as_meant(text_of(cell.value)) for cell in row]
            if not any(text.strip() for text in texts):
                continue
            problems = tuple(
                FieldProblem("#", f"cell {cell.address} {wrong}")
                for cell, text in zip(row, texts, strict=True)
                if (wrong := _wrong(text, is_formula=cell.is_formula))
            )
            if header is None:
                if problems:
                    msg = f"The first row names the columns, but {problems[0].detail}."
                    raise FileRefusedError(msg)
                header = Header.of(texts)
            elif problems:
                yield Line(number, {}, problems=problems)
            else:
                yield header.line(number, texts)
    except SheetRefusedError as error:
        raise FileRefusedError(str(error)) from error
    if header is None:
        msg = "The first sheet is empty. Its first row must name the columns."
        raise FileRefusedError(msg)


def write_csv(documents: Iterable[Json]) -> Iterator[bytes]:
    """Yield a table of films as CSV in UTF-8, with the mark by which Excel knows it."""
    yield MARK + _csv_line(COLUMNS)
    for document in documents:
        yield _csv_line([harmless(cell_of(name, document[name])) for name in COLUMNS])


def write_xlsx(documents: Iterable[Json], file: BinaryIO) -> None:
    """Write a table of films as an Excel workbook.

    Raises:
        FileRefusedError: a film says more in one field than a cell of a workbook holds.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - 6 MB that few workers need
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above
    from openpyxl.styles import Font  # noqa: PLC0415 - as above

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Films")
    sheet.freeze_panes = "A2"
    for number, name in enumerate(COLUMNS):
        letter = chr(ord("A") + number) if number < 26 else f"A{chr(ord('A') + number - 26)}"  # noqa: PLR2004 - letters
        is_wide = name in {"title", "synopsis", "credits", "versions"}
        sheet.column_dimensions[letter].width = WIDE if is_wide else NARROW
    heads = [WriteOnlyCell(sheet, name) for name in COLUMNS]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for document in documents:
        row = []
        for name in COLUMNS:
            text = in_xml(harmless(cell_of(name, document[name])))
            if len(text) > LONGEST_SHEET_CELL:
                msg = (
                    f"The {name} of {document['slug']} are longer than a cell of a workbook "
                    f"holds ({LONGEST_SHEET_CELL:,} characters). Export CSV or JSON Lines."
                )
                raise FileRefusedError(msg)
            cell = WriteOnlyCell(sheet, text or None)
            if text:
                cell.data_type = "s"  # never a formula, whatever it begins with
            row.append(cell)
        sheet.append(row)
    book.save(file)


class _Texts(Iterator[str]):
    """The lines of a file as text, each checked as it comes, their ends left as they are."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._number = 0

    def __next__(self) -> str:
        start = self._file.tell()
        data = self._file.readline(LONGEST_LINE + 1)
        if not data:
            raise StopIteration
        self._number += 1
        if self._number == 1:
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                msg = "The file is in UTF-16. In Excel, save it as “CSV UTF-8” or as .xlsx."
                raise FileRefusedError(msg)
            data = data.removeprefix(MARK)
        if len(data) > LONGEST_LINE:
            msg = f"Line {self._number} is longer than {LONGEST_LINE:,} bytes."
            raise FileRefusedError(msg)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            msg = (
                f"Line {self._number} is not in UTF-8: byte {error.start + 1} of the line, "
                f"{start + error.start + 1} of the file, is {data[error.start]:#04x}. "
                "In Excel, save it as “CSV UTF-8” or as .xlsx."
            )
            raise FileRefusedError(msg) from error
        if "\x00" in text:
            msg = f"Line {self._number} holds a NUL character: this is neither CSV nor XLSX."
            raise FileRefusedError(msg)
        return text


class _Again(Iterator[str]):
    """A line that was looked at, and those after it."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self._first: str | None = first
        self._rest = rest

    def __next__(self) -> str:
        first, self._first = self._first, None
        return first or next(self._rest)


def _csv_line(row: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(row)
    return out.getvalue().encode()


def _csv_words(error: str, line: int) -> str:
    if "field larger" in error:
        return f"A cell that begins on line {line} is longer than {LONGEST_CELL:,} characters."
    if "new-line character" in error:
        return f"Line {line} ends with a lone carriage return. Save the file as “CSV UTF-8”."
    return (
        f"The line that begins on line {line} is not CSV: look for a quotation mark that is not "
        "closed, or one that is not doubled inside a cell."
    )


def _wrong(text: str, *, is_formula: bool) -> str:
    if is_formula:
        return f"holds a formula ({text[:40]}): paste its value instead"
    if len(text) > LONGEST_SHEET_CELL:
        return f"holds {len(text):,} characters; Excel's own limit is {LONGEST_SHEET_CELL:,}"
    return "holds a NUL character" if "\x00" in text else ""
