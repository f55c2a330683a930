"""Reading lists: what is taken, and what is refused before it can do harm."""

import datetime as dt
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from app.catalog.enums import IdentifierKind
from app.storefront.lookup_files import (
    ListRefusedError,
    ListRow,
    read_file,
    read_text,
    write_text,
)
from app.storefront.lookup_view import match_query

pytestmark = pytest.mark.once


def workbook(*lines: list[object]) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for line in lines:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(data: bytes, name: str, content: bytes) -> bytes:
    """Put ``content`` into a workbook in place of one of its parts, or beside them."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return out.getvalue()


GOOD = workbook(["Film", "Directed by", "Year", "UPC"], ["Grass", "Cooper", 1925, 36000291452])


def test_workbook_is_read_by_its_header() -> None:
    assert read_file(GOOD) == [ListRow("Grass", "Cooper", "1925", "36000291452")]


def test_formula_is_not_evaluated() -> None:
    rows = read_file(workbook(["title", "year"], ["=1+1", 1925], ["Grass", "=1900+25"]))
    assert rows == [ListRow(title="Grass")]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_common_separators_are_detected(mark: str) -> None:
    text = mark.join(["Release Year", "TITLE", "notes"]) + "\n" + mark.join(["1925", "Grass", "x"])
    assert read_file(text.encode()) == [ListRow(title="Grass", year="1925")]


def test_lines_without_a_header_are_titles_with_their_commas() -> None:
    rows = read_text("Scientist, the Imposter and Stalin, The\n\nGrass\n")
    assert [row.title for row in rows] == ["Scientist, the Imposter and Stalin, The", "Grass"]


def test_tab_separated_cells_are_columns() -> None:
    assert read_text("Grass\tCooper\t1925") == [ListRow("Grass", "Cooper", "1925")]


def test_utf16_of_a_spreadsheet_is_read() -> None:
    assert read_file("title\nMaquilápolis".encode("utf-16"))[0].title == "Maquilápolis"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0old", "old Excel"),
        ("title\nMaquilápolis".encode("latin-1"), "not in UTF-8"),
        (b"title\n\x00\x01", "Upload a CSV or XLSX file"),
        (b"PK\x03\x04 no zip", "can't be read"),
        (repacked(GOOD, "xl/workbook.xml", b"<broken"), "can't be read"),
        (repacked(GOOD, "xl/zeros.bin", bytes(13_000_000)), "too large when unpacked"),
        (
            repacked(GOOD, "xl/sharedStrings.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><sst/>'),
            "definitions",
        ),
        (b"title\n" + b"Grass\n" * 10_001, "more than 10,000 rows"),
        (b"title\n" + b"x" * 1001, "a cell of 1,001 characters"),
        (b"x" * 1_000_001, "longer than 1,000,000 characters"),
        (b"title" + b"," * 60 + b"\nGrass", "has 61 columns"),
        (b"a,b\nc,d", "Add a “title” column"),
        (b"title,year\n,1925", "a header but no rows"),
        (b"\n\n", "Enter at least one title"),
        (b'title,year\n"Grass' + b"\n" * 200_000, "quotation mark"),
    ],
)
def test_invalid_list_shows_the_problem(data: bytes, words: str) -> None:
    with pytest.raises(ListRefusedError, match=words):
        read_file(data)


def test_sheet_with_huge_dimensions_is_read_to_the_limits() -> None:
    far = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
    <dimension ref="A1:XFD1048576"/><sheetData>
    <row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c></row>
    <row r="2"><c r="A2" t="inlineStr"><is><t>Grass</t></is></c></row>
    <row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>far</t></is></c></row>
    </sheetData></worksheet>"""
    assert read_file(repacked(GOOD, "xl/worksheets/sheet1.xml", far)) == [ListRow(title="Grass")]


TEXT = st.text(st.characters(categories=["L", "N", "P", "Zs", "S"]), max_size=40)


@given(st.lists(st.builds(ListRow, title=TEXT, director=TEXT, isbn=TEXT), min_size=1, max_size=9))
def test_written_list_is_read_unchanged(rows: list[ListRow]) -> None:
    # A cell of spaces is an empty one, once it was read.
    first = [row for row in rows if f"{row.title}{row.director}{row.isbn}".strip()]
    if not first:
        return
    once = read_text(write_text(first))
    assert read_text(write_text(once)) == once
    assert [row.title for row in once] == [" ".join(row.title.split()) for row in first]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xff\xfe"):
        try:
            rows = read_file(start + data)
        except ListRefusedError:
            continue
        for row in rows:
            match_query(row)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_separator_line_sets_the_separator(encoding: str, mark: str) -> None:
    data = f"sep={mark}\r\nTitle{mark}Year\r\nOne, Two, Three{mark}1990\r\n".encode(encoding)
    assert read_file(data) == [ListRow(title="One, Two, Three", year="1990")]
    assert read_text(data.decode(encoding)) == [ListRow(title="One, Two, Three", year="1990")]


def test_spreadsheet_errors_are_noted() -> None:
    rows = read_file(
        workbook(
            ["Title", "Year", "UPC"],
            [True, 1990, 36000291452],
            [dt.date(2026, 9, 11), dt.date(1905, 6, 23), 9780312423636.0],
            ["#N/A", "#REF!", "7.86936E+11"],
            ["9/11", 2001.0, "036000291452.0"],
        )
    )
    read = [match_query(row) for row in rows]
    assert [notes for _, notes in read] == [
        ["“TRUE” looks like a yes/no value that a spreadsheet changed. Check the title."],
        [
            "“2026-09-11” looks like a date that a spreadsheet changed. Check the title.",
            "“1905-06-23” looks like a date that a spreadsheet changed. Check the year.",
        ],
        [
            "Ignored: #N/A is a spreadsheet error.",
            "Ignored: #REF! is a spreadsheet error.",
            read[2][1][2],
        ],
        [],
    ]
    assert "A spreadsheet shortened UPC '7.86936E+11'" in read[2][1][2]
    assert (read[2][0].title, read[2][0].year) == ("", None)
    assert (read[3][0].title, read[3][0].year) == ("9/11", 2001)
    assert (IdentifierKind.UPC, "036000291452") in read[0][0].identifiers
    assert (IdentifierKind.UPC, "036000291452") in read[3][0].identifiers
