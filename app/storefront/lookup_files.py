"""Lookup lists as files: reading pasted text, CSV, and XLSX; writing the answer as CSV and XLSX.

Formulas are never evaluated: only the saved value is read, and written text is no formula.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import islice

from app.catalog.titles import folded
from app.core.config import Settings
from app.core.spreadsheets import (
    OLD_EXCEL,
    ZIPPED,
    SheetLimits,
    SheetRefusedError,
    cells,
    escape_formula,
    is_separator_line,
    separator_of,
    text_of,
    utf_16_of,
)
from app.lookup.availability import RowAnswer
from app.lookup.matching import MatchOutcome
from app.lookup.service import MAX_ROWS
from app.offers.licensing import OfferAnswer
from app.storefront import film_view

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
COLUMNS = (
    "row",
    "your title",
    "your director",
    "your year",
    "answer",
    "score",
    "why",
    "film",
    "directors",
    "years",
    "page",
    "offer",
    "license",
    "delivery",
    "term",
    "public performance rights",
    "price",
    "currency",
    "captions",
    "partner platforms",
    "rights end on",
    "reason not available",
)
WIDE, NARROW = 32, 14
OUTCOMES = {
    MatchOutcome.MATCHED: "found",
    MatchOutcome.CANDIDATES: "uncertain",
    MatchOutcome.NONE: "not found",
}
Cell = str | int | Decimal


class ListRefusedError(ValueError):
    """A list that cannot be read; the message says how to fix it."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of a list, as written."""

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
        """Whether the row has no title or number to look up."""
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
        ListRefusedError: It is too long, or the columns of a file are unknown.
    """
    if len(text) > MAX_TEXT_LENGTH:
        msg = (
            f"The list is longer than {MAX_TEXT_LENGTH:,} characters. Split it into smaller lists."
        )
        raise ListRefusedError(msg)
    lines = CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    first, _, rest = lines.lstrip("\ufeff\n").partition("\n")
    has_separator_line = is_separator_line(first)
    lines = rest if has_separator_line else lines
    header = next((line for line in lines.split("\n") if line.strip()), "")
    delimiter = separator_of(first if has_separator_line else header)
    is_file = is_file or has_separator_line
    if not is_file and delimiter != "\t" and not _is_header(header.split(delimiter)):
        # One title a line: titles may contain commas.
        return _rows(([line] for line in lines.split("\n")), is_file=False)
    try:
        return _rows(csv.reader(io.StringIO(lines), delimiter=delimiter), is_file=is_file)
    except csv.Error as error:
        msg = "We can't read this CSV file. Check for a missing closing quotation mark."
        raise ListRefusedError(msg) from error


def write_text(rows: Iterable[ListRow]) -> str:
    """Return ``rows`` as text for a page's form, which ``read_text`` reads."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(NAMES)
    writer.writerows([getattr(row, name) for name in NAMES] for row in rows)
    return out.getvalue()


def _rows(lines: Iterable[Sequence[str]], *, is_file: bool) -> list[ListRow]:
    filled = (line for line in lines if any(cell.strip() for cell in line))
    # The header, and one row above the limit.
    first = list(islice(filled, MAX_ROWS + 2))
    if not first:
        msg = "Enter at least one title."
        raise ListRefusedError(msg)
    _check_cells(first)
    if _is_header(first[0]):
        columns = [COLUMN_TYPES.get(_header_word(cell), "") for cell in first[0]]
        rows = [_row_of(line, columns) for line in first[1:]]
    elif is_file and max(map(len, first)) > 1:
        msg = "Add a “title” column. The first line must name the columns: title, director, "
        msg += "year, UPC, ISBN, EIDR, OCLC."
        raise ListRefusedError(msg)
    else:
        rows = [_bare(line) for line in first]
    rows = [row for row in rows if not row.is_empty]
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
    """Return the row of a line without a header: a title, and maybe a year and a director."""
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


def csv_of(rows: Sequence[ListRow], answers: Sequence[RowAnswer], settings: Settings) -> bytes:
    """Return the answer as CSV in UTF-8 with a byte order mark, which Excel needs."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_lines(rows, answers, settings))
    return out.getvalue().encode("utf-8-sig")


def xlsx_of(rows: Sequence[ListRow], answers: Sequence[RowAnswer], settings: Settings) -> bytes:
    """Return the answer as a workbook with a frozen header."""
    # Loaded on first use: 8 MB of memory.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.worksheet.table import Table  # noqa: PLC0415

    book = Workbook()
    sheet = book.create_sheet("Licensing", 0)
    for unused in book.worksheets[1:]:
        book.remove(unused)
    sheet.append(COLUMNS)
    for line in _lines(rows, answers, settings):
        sheet.append(line)
    for number, name in enumerate(COLUMNS, 1):
        cell = sheet.cell(1, number)
        cell.font = Font(bold=True)
        is_wide = name in {"your title", "why", "film", "page", "license", "reason not available"}
        sheet.column_dimensions[cell.column_letter].width = WIDE if is_wide else NARROW
    sheet.freeze_panes = "A2"
    sheet.add_table(Table(displayName="Licensing", ref=sheet.dimensions))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _lines(
    rows: Sequence[ListRow], answers: Sequence[RowAnswer], settings: Settings
) -> Iterator[list[Cell]]:
    for number, (row, answer) in enumerate(zip(rows, answers, strict=True), 1):
        query: list[Cell] = [number, row.title, row.director, row.year, OUTCOMES[answer.outcome]]
        offers = answer.licensing.offers if answer.licensing else ()
        for offer in offers or (None,):
            line = [*query, *_film(answer, settings), *_offer(answer, offer)]
            yield [escape_formula(cell) if isinstance(cell, str) else cell for cell in line]


def _film(answer: RowAnswer, settings: Settings) -> list[Cell]:
    if answer.match is None:
        titles = ", ".join(f"{one.film.title} ({one.score})" for one in answer.candidates)
        return ["", f"Possible matches: {titles}" if titles else "", "", "", "", ""]
    film = answer.match.film
    return [
        answer.match.score,
        "; ".join(answer.match.why),
        film.title,
        "; ".join(film.directors),
        ", ".join(map(str, film.years)),
        settings.url(f"/films/{film.slug}"),
    ]


def _offer(answer: RowAnswer, offer: OfferAnswer | None) -> list[Cell]:
    if answer.licensing is None:
        return [""] * 11
    partners = "; ".join(f"{link.platform} {link.url}" for link in answer.licensing.partner_links)
    if offer is None:
        reason = " ".join(answer.not_licensable)
        if answer.size_needed:
            reason = f"The price depends on your size. {answer.size_needed}"
        return ["", "", "", "", "", "", "", "", partners, "", reason]
    total = offer.price.total
    return [
        offer.sku,
        offer.title,
        film_view.delivery_words(offer),
        offer.term_label,
        "yes" if offer.rights.ppr.included else "no",
        total.decimal(),
        total.currency,
        film_view.captions_of(answer.licensing.film, offer),
        partners,
        offer.rights_end_on.isoformat() if offer.rights_end_on else "no end",
        "",
    ]
