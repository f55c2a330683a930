"""Files of films: what is read from them, and what is refused, with its place."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from app.core.spreadsheets import escape_formula, unescape_formula
from app.imports.cells import format_cell, parse_cell, split_cell
from app.imports.headings import COLUMNS
from app.imports.json_lines import film_schema, format_json_line
from app.imports.line_plans import LineError, document_from
from app.imports.lines import FileFormat, normalize_value
from tests.imports.files import (
    FILM,
    film,
    json_lines,
    read_error,
    read_lines,
    replace_in_workbook,
    workbook,
    write_file,
    zip_bomb,
)

pytestmark = pytest.mark.once
SCHEMA = Path(__file__).parents[2] / "docs" / "film.schema.json"
HEAD = b"title,release_year\n"


def problems(data: bytes) -> list[tuple[int, str, str]]:
    return [(line.number, p.pointer, p.detail) for line in read_lines(data) for p in line.problems]


def test_the_published_schema_is_the_one_that_is_read() -> None:
    assert json.loads(SCHEMA.read_text()) == film_schema()


def test_the_published_schema_can_be_checked_against() -> None:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    assert validator.is_valid(json.loads(format_json_line(FILM)))
    assert not validator.is_valid({"title": "No slug", "release_year": 2020})
    assert not validator.is_valid(FILM | {"schema": "reelright-film/2"})


def test_a_line_of_json_is_a_whole_film_and_blank_lines_are_passed_over() -> None:
    found = read_lines(b"\xef\xbb\xbf" + json_lines(FILM) + b"\r\n\n" + format_json_line(film("b")))
    assert [(line.number, line.values["slug"], line.is_whole) for line in found] == [
        (1, "a-river", True),
        (4, "b", True),
    ]


@pytest.mark.parametrize(
    ("line", "pointer", "words"),
    [
        (b'{"title": "Caf\xe9"}', "#", "not UTF-8: byte 15 of the line, 18 of the file"),
        (b'{"title": ', "#", "Enter valid JSON"),
        (b'{"title": "\\ud800"}', "#", "Enter valid JSON"),
        (b"[" * 100_000, "#", "Enter valid JSON"),
        (b"[1]", "#", "Enter a JSON object on each line"),
        (b'{"schema": "reelright-film/2"}', "#/schema", "Use the schema reelright-film/1"),
        (b'{"x": "' + b"x" * 5_000_000, "#", "longer than 4,000,000 bytes"),
    ],
)
def test_a_wrong_line_of_json_is_refused_and_the_next_one_read(
    line: bytes, pointer: str, words: str
) -> None:
    found = read_lines(b"{}\n" + line + b"\n" + json_lines(FILM))[1:]
    ((problem),) = found[0].problems
    assert found[0].number == 2
    assert problem.pointer == pointer
    assert words in problem.detail
    assert found[1].values["slug"] == "a-river"


def test_a_table_may_come_from_any_excel() -> None:
    wanted = {"title": 'Élan; or, The "River"\nof No Return', "release_year": 2020}
    rows = (
        "Title{0}Release Year{0}# our note\r\n\r\n"
        '"Élan; or, The ""River""\nof No Return"{0}2020{0}x\r\n'
    )
    for delimiter in ",;\t":
        for mark in ("", "\N{ZERO WIDTH NO-BREAK SPACE}"):
            (line,) = read_lines((mark + rows.format(delimiter)).encode())
            assert (line.number, line.values) == (3, wanted)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The file is empty. Its first line must name the columns."),
        (HEAD + b"Caf\xe9,2020\n", "Line 2 is not in UTF-8: byte 4 of the line, 23 of the file"),
        ('{"title": 1}\n'.encode("utf-16"), "The file is in UTF-16."),
        (b"release_year\n2020\n", "Add a column that identifies the film"),
        (b"title,yeer\nA,2020\n", "Choose what this column is: “yeer”."),
        (b"title,year,release_year\n", "“year” and “release_year” are both release_year."),
        (HEAD + b'"A,2020\nB,2021\n', "The record that starts on line 2 is not valid CSV"),
        (HEAD + b"A\x00,2020\n", "Line 2 contains a NUL character"),
        (HEAD + b"x" * 50_000_000, "Line 2 is longer than 4,000,000 bytes."),
        (HEAD + b'"' + b"x\n" * 600_000, "A cell that starts on line 2 is longer"),
        (HEAD + b"," * 200 + b"\n" + b"A" + b"," * 200, "Line 2 has 201 cells"),
        (b"title\rA\r", "ends with a lone carriage return"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "in an old Excel format"),
        (b"PK\x03\x04 and then nothing", "The workbook can't be read."),
        (workbook(), "The first sheet is empty."),
        (workbook(["=1+1"]), "cell A1 contains a formula (=1+1)"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(data: bytes, words: str) -> None:
    assert words in read_error(data)


def test_a_workbook_that_unpacks_to_too_much_is_not_read() -> None:
    assert "The workbook is too large when unpacked." in read_error(zip_bomb(450))


def test_a_workbook_with_definitions_is_not_read() -> None:
    out = BytesIO(workbook(["title"], ["A"]))
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("xl/x.xml", " " * 2_000_000 + '<!DOCTYPE a [<!ENTITY b "bbb">]>')
    assert "The workbook contains XML definitions" in read_error(out.getvalue())


def test_rows_with_formulas_or_giant_cells_are_refused_by_their_address() -> None:
    small = workbook(["title", "year"], ["A", 2020.0], ["B", "=2000+20"], [None], ["Long", 2020])
    data = replace_in_workbook(small, "Long", "y" * 50_000)
    assert read_lines(data)[0].values == {"title": "A", "release_year": 2020}
    assert problems(data) == [
        (3, "#", "cell B3 contains a formula (=2000+20). Paste its value instead."),
        (5, "#", "cell A5 has 50,000 characters; the Excel limit is 32,767"),
    ]


def test_a_line_with_more_cells_than_columns_is_refused() -> None:
    assert problems(HEAD + b"A,2020,x\nB,2021,\n") == [
        (2, "#", "The line has 3 cells, but the table has 2 columns.")
    ]


def test_short_forms_are_read_and_what_is_neither_is_refused_by_its_column() -> None:
    head = b"slug,versions,credits,identifiers,related,spoken,isbn,press\n"
    row = b"a,Feature: 90 | Short: 52,Director: Ana Ferrer,eidr: x,b | c,eng | fra,1 | 2,Good!\n"
    (line,) = read_lines(head + row)
    assert line.values == {
        "slug": "a",
        "versions": [
            {"label": "Feature", "runtime_minutes": 90},
            {"label": "Short", "runtime_minutes": 52},
        ],
        "credits": [{"role": "director", "name": "Ana Ferrer"}],
        "identifiers": [{"kind": "eidr", "value": "x"}],
        "related": [{"slug": "b"}, {"slug": "c"}],
    }
    assert line.main_version == {"spoken": ["eng", "fra"]}
    assert [value for _, value in line.identifiers] == ["1", "2"]
    assert problems(head + row) == [(2, "#/press", "Enter a JSON list: [{...}, {...}]")]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.strip)))
def test_words_of_a_cell_come_back_as_they_were(words: list[str]) -> None:
    given = [word for word in words if word and "\x00" not in word]
    assert split_cell(format_cell("subjects", given)) == given


NASTY = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(
    str.strip
)
LINES = st.one_of(
    NASTY, st.sampled_from(["=1+1", "'=x", "@a", "A | B", "\\", "[x]", "-", "_x000D_"])
)
LINES = LINES.filter(lambda text: bool(text.strip()))
TEXTS = st.one_of(LINES, st.sampled_from(["a\r\nb", "\x0b1", "a\tb", "'", '"', "\x01"]))
DAY = st.dates().map(str)
FILMS = st.fixed_dictionaries(
    {"slug": st.just("a"), "title": LINES, "release_year": st.integers(1888, 2100)},
    optional={
        "synopsis": TEXTS,
        "tagline": LINES,
        "subjects": st.lists(LINES, max_size=3),
        "countries": st.lists(st.sampled_from(["NL", "SU", "US"]), unique=True),
        "alternative_titles": st.lists(st.fixed_dictionaries({"title": LINES}), max_size=2),
        "related": st.lists(st.fixed_dictionaries({"title": LINES}), max_size=2),
        "poster": st.dictionaries(st.sampled_from(["layout", "ink"]), LINES),
        "press": st.lists(
            st.fixed_dictionaries(
                {"kind": st.just("podcast"), "outlet": LINES}, optional={"published_on": DAY}
            ),
            max_size=2,
        ),
        "versions": st.lists(
            st.fixed_dictionaries(
                {"label": LINES, "runtime_minutes": st.integers(1, 6000)},
                optional={"audio_description": st.booleans()},
            ),
            max_size=2,
        ),
    },
)


@given(FILMS)
@settings(max_examples=30, deadline=None)
def test_a_film_comes_back_from_every_format_as_it_was(values: dict[str, object]) -> None:
    try:
        # Imports keep text in its one normal form.
        document = document_from(normalize_value(values)).model_dump(mode="json")
    except LineError:
        reject()
    for form in (FileFormat.JSON_LINES, FileFormat.CSV, FileFormat.XLSX):
        (line,) = read_lines(write_file(form, document))
        assert line.problems == ()
        assert document_from(line.apply_to(None)).model_dump(mode="json") == document


@given(st.text())
def test_no_cell_begins_a_formula_and_each_comes_back_as_it_was(text: str) -> None:
    kept = escape_formula(text)
    assert not kept.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescape_formula(kept) == text


def test_every_field_of_a_film_has_a_column() -> None:
    whole = {name: parse_cell(name, "") for name in COLUMNS}
    assert {name: format_cell(name, value) for name, value in whole.items()} == dict.fromkeys(
        COLUMNS, ""
    )
