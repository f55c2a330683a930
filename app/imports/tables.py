"""Tables of films: CSV files and Excel workbooks, read by line and written without formulas."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, zip_longest
from typing import BinaryIO

from app.core.errors import FieldProblem
from app.core.spreadsheets import (
    Cell,
    SheetLimits,
    SheetRefusedError,
    cells,
    escape_formula,
    in_xml,
    is_separator_line,
    made_of,
    separator_of,
    text_of,
    unescape_formula,
    utf_16_of,
)
from app.imports.cells import format_cell, parse_row
from app.imports.headings import (
    COLUMNS,
    MAX_EXAMPLE_LENGTH,
    MAX_EXAMPLES,
    TableReading,
    check_columns,
)
from app.imports.lines import ImportFileError, ImportLine, Json

HEAD = 64
TITLE_FIELDS = frozenset(("title", "original_title"))
# Longer than any field within the limits of the schema.
MAX_CELL_LENGTH = 1_000_000
MAX_LINE_LENGTH = 4_000_000
MAX_COLUMNS = 100
MAX_HEADING_LENGTH = 1000
WORKBOOK_LIMITS = SheetLimits(rows=1_000_000, columns=MAX_COLUMNS, unpacked_bytes=400_000_000)
# The limit of Excel, which cuts longer text.
MAX_SHEET_CELL_LENGTH = 32_767
WIDE, NARROW = 40, 16
csv.field_size_limit(MAX_CELL_LENGTH)


def read_csv(file: BinaryIO, reading: TableReading | None = None) -> Iterator[ImportLine]:
    """Yield the films of a table in CSV; its first line names the columns.

    Commas, semicolons, tabs or bars separate cells, as the first line shows or a line before it
    declares (``sep=;``). Blank lines are skipped. ``reading`` maps the columns and receives them.

    Raises:
        ColumnsUnclearError: a person must map a column.
        ImportFileError: it becomes unreadable; the message names the line and the byte.
    """
    texts = decode_lines(file)
    first = next(texts, "")
    delimiter = separator_of(first)
    skipped = int(is_separator_line(first))
    rows = csv.reader(
        texts if skipped else chain([first] if first else [], texts),
        delimiter=delimiter,
        strict=True,
    )

    def numbered() -> Iterator[tuple[int, list[str], tuple[FieldProblem, ...]]]:
        while True:
            began = rows.line_num + 1 + skipped
            try:
                row = next(rows, None)
            except csv.Error as error:
                raise ImportFileError(_csv_message(str(error), began)) from error
            if row is None:
                return
            if len(row) > MAX_COLUMNS:
                msg = f"Line {began} has {len(row):,} cells. The limit is {MAX_COLUMNS}."
                raise ImportFileError(msg)
            yield began, row, ()

    yield from _parse_rows(numbered(), reading or TableReading(), "file", "line")


def read_xlsx(file: BinaryIO, reading: TableReading | None = None) -> Iterator[ImportLine]:
    """Yield the films of a workbook's first sheet; its first row names the columns.

    Formulas are not evaluated: a row with one is rejected, with the cell's address. For
    ``reading`` see ``read_csv``.

    Raises:
        ColumnsUnclearError: a person must map a column.
        ImportFileError: it is unreadable or too large.
    """
    reading = reading or TableReading()

    def numbered() -> Iterator[tuple[int, list[str], tuple[FieldProblem, ...]]]:
        for number, row in enumerate(cells(file, WORKBOOK_LIMITS, formulas=True), 1):
            if number > WORKBOOK_LIMITS.rows or len(row) > MAX_COLUMNS:
                limits = f"{WORKBOOK_LIMITS.rows:,} rows or {MAX_COLUMNS} columns"
                msg = f"The sheet has more than {limits}."
                raise ImportFileError(msg)
            texts = [text_of(cell.value) for cell in row]
            fields = [column.field for column in reading.columns]
            problems = tuple(
                FieldProblem("#", f"cell {cell.address} {wrong}")
                for cell, text, name in zip_longest(row, texts, fields[: len(row)])
                if (wrong := _find_cell_problem(cell, text, name or ""))
            )
            yield number, texts, problems

    try:
        yield from _parse_rows(numbered(), reading, "first sheet", "row")
    except SheetRefusedError as error:
        raise ImportFileError(str(error)) from error


def _parse_rows(
    rows: Iterator[tuple[int, list[str], tuple[FieldProblem, ...]]],
    reading: TableReading,
    what: str,
    word: str,
) -> Iterator[ImportLine]:
    """Yield the films of a table's rows; the first that is not blank names the columns."""
    filled = (row for row in rows if any(cell.strip() for cell in row[1]))
    number, headings, problems = next(filled, (0, [], ()))
    if not number:
        msg = f"The {what} is empty. Its first {word} must name the columns."
        raise ImportFileError(msg)
    if problems:
        msg = f"The first {word} names the columns, but {problems[0].detail}."
        raise ImportFileError(msg)
    reading.columns = reading.columns_of([unescape_formula(cell) for cell in headings])
    first_rows = list(islice(filled, MAX_EXAMPLES))
    reading.columns = tuple(
        replace(column, examples=_examples(first_rows, index))
        for index, column in enumerate(reading.columns)
    )
    check_columns(reading.columns)
    for number, row, problems in chain(first_rows, filled):
        if problems:
            yield ImportLine(number, {}, problems=problems)
        else:
            yield parse_row(number, reading.columns, [unescape_formula(cell) for cell in row])


def _examples(rows: Sequence[tuple[int, list[str], object]], index: int) -> tuple[str, ...]:
    texts = (unescape_formula(row[index]).strip() for _, row, _ in rows if index < len(row))
    return tuple(text[:MAX_EXAMPLE_LENGTH] for text in texts if text)


def write_csv(documents: Iterable[Json]) -> Iterator[bytes]:
    """Yield a table of films as CSV in UTF-8, with the byte order mark that Excel needs."""
    yield codecs.BOM_UTF8 + _csv_line(COLUMNS)
    for document in documents:
        yield _csv_line([escape_formula(format_cell(name, document[name])) for name in COLUMNS])


def write_xlsx(documents: Iterable[Json], file: BinaryIO) -> None:
    """Write a table of films as an Excel workbook.

    Raises:
        ImportFileError: a field is longer than a cell of a workbook can be.
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
            text = in_xml(escape_formula(format_cell(name, document[name])))
            if len(text) > MAX_SHEET_CELL_LENGTH:
                msg = (
                    f"The {name} of {document['slug']} exceed the cell limit of a workbook "
                    f"({MAX_SHEET_CELL_LENGTH:,} characters). Export CSV or JSON Lines."
                )
                raise ImportFileError(msg)
            cell = WriteOnlyCell(sheet, text or None)
            if text:
                cell.data_type = "s"  # never a formula, whatever it begins with
            row.append(cell)
        sheet.append(row)
    book.save(file)


def decode_lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines of a file as text with their line ends.

    Raises:
        ImportFileError: a line is too long, or neither in UTF-8 nor UTF-16.
    """
    utf_16 = utf_16_of(file.read(HEAD))
    file.seek(0)
    number = 0
    for number, (start, data) in enumerate(_split_lines(file, utf_16), 1):
        if len(data) > MAX_LINE_LENGTH:
            msg = f"Line {number} is longer than {MAX_LINE_LENGTH:,} bytes."
            raise ImportFileError(msg)
        try:
            text = data.decode(utf_16 or "utf-8")
        except UnicodeDecodeError as error:
            msg = (
                f"Line {number} is not in {'UTF-16' if utf_16 else 'UTF-8'}: byte "
                f"{error.start + 1} of the line, "
                f"{start + error.start + 1} of the file, is {data[error.start]:#04x}. "
                "In Excel, save it as “CSV UTF-8” or as .xlsx."
            )
            raise ImportFileError(msg) from error
        if "\x00" in text:
            msg = f"Line {number} contains a NUL character. Upload a CSV or XLSX file."
            raise ImportFileError(msg)
        yield text.removeprefix("\ufeff") if number == 1 else text


def _split_lines(file: BinaryIO, utf_16: str) -> Iterator[tuple[int, bytes]]:
    """Yield the offset and the bytes of each line."""
    end = "\n".encode(utf_16) if utf_16 else b"\n"
    while True:
        start = file.tell()
        data = file.readline(MAX_LINE_LENGTH + 1)
        # In UTF-16 the byte of a line end may be half of another letter, or lack its half.
        while utf_16 and data and not _has_line_end(data, end) and len(data) <= MAX_LINE_LENGTH:
            more = file.read(1) if len(data) % 2 else file.readline(MAX_LINE_LENGTH + 1 - len(data))
            if not more:
                break
            data += more
        if not data:
            return
        yield start, data


def _has_line_end(data: bytes, end: bytes) -> bool:
    return len(data) % 2 == 0 and data.endswith(end)


def _csv_line(row: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(row)
    return out.getvalue().encode()


def _csv_message(error: str, line: int) -> str:
    if "field larger" in error:
        return f"A cell that starts on line {line} is longer than {MAX_CELL_LENGTH:,} characters."
    if "new-line character" in error:
        return f"Line {line} ends with a lone carriage return. Save the file as “CSV UTF-8”."
    return (
        f"The record that starts on line {line} is not valid CSV. Check for an unclosed quotation "
        f"mark, or one not doubled inside a cell."
    )


def _find_cell_problem(cell: Cell, text: str, name: str) -> str:
    if cell.is_formula:
        return f"contains a formula ({text[:40]}). Paste its value instead."
    if len(text) > MAX_SHEET_CELL_LENGTH:
        return f"has {len(text):,} characters; the Excel limit is {MAX_SHEET_CELL_LENGTH:,}"
    artifact = made_of(cell.value)
    if name in TITLE_FIELDS and artifact and not isinstance(cell.value, str | bool):
        return (
            f"contains {artifact} ({text}). Format the column as text, then enter the title again."
        )
    return "contains a NUL character" if "\x00" in text else ""
