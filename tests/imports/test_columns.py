"""Columns of tables: everyday names and cells, a person's choices, and what spreadsheets made."""

import datetime as dt
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from app.imports.cells import parse_countries, parse_languages, parse_names, parse_number, parse_row
from app.imports.formats import READERS, format_of
from app.imports.headings import FIELDS, Column, ColumnsUnclearError, TableReading
from app.imports.lines import FileFormat, ImportFileError, ImportLine
from app.imports.tables import read_csv
from tests.imports.files import Store, counts, read_error, read_lines, summarize, workbook


@pytest.fixture
def store(sessions: sessionmaker[Session], tmp_path: Path) -> Store:
    return Store(sessions, tmp_path)


def read(data: bytes, **mapping: str) -> list[ImportLine]:
    file = io.BytesIO(data)
    return list(READERS[format_of(file)](file, TableReading(mapping)))


EVERYDAY = (
    "Film Title,Directors,Country,Year,Running Time (min),Language,Distributor,Description\n"
    'Good One,"Ana Ferrer, Bo New",USA,1990,1h 35m,"English, Dutch",Kino & Co,A ferry.\n'
)


def test_everyday_columns_make_a_film(store: Store) -> None:
    assert store.apply(EVERYDAY.encode()) == counts(created=1)
    (film,) = store.films()
    assert (film["slug"], film["release_year"], film["countries"]) == ("good-one", 1990, ["US"])
    assert film["versions"][0]["runtime_minutes"] == 95
    assert film["versions"][0]["spoken"] == ["eng", "nld"]
    assert film["synopsis"] == "A ferry."
    assert [(each["role"], each["name"], each["kind"]) for each in film["credits"]] == [
        ("director", "Ana Ferrer", "person"),
        ("director", "Bo New", "person"),
        ("distributor", "Kino & Co", "organization"),
    ]
    assert store.apply(EVERYDAY.encode()) == counts(unchanged=1)


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("director", "Ana Ferrer"),
        ("Directed by", "Ana Ferrer"),
        ("FILMMAKERS", "Ana Ferrer"),
        ("length", "90 min"),
        ("Duration", "1:30:00"),
        ("country of origin", "Netherlands"),
        ("Languages", "English; French"),
        ("Release Date", "Jun 12 1998"),
        ("Keywords", "War; Peace"),
        ("Colour", "B&W"),
        ("ISBN-13", "9780977103799"),
        ("Produced by", "Bo New"),
    ],
)
def test_usual_names_are_taken(heading: str, cell: str) -> None:
    (line,) = read_lines(f"title\t{heading}\nA\t{cell}\n".encode())
    assert line.problems == ()
    assert len(line.values) + len(line.people) + len(line.main_version) + len(line.identifiers) == 2


def test_directors_take_the_place_of_directors_and_leave_the_others(store: Store) -> None:
    head = b"title,year,credits\n"
    made = b"A,1990,director: Ana Ferrer | editor: Bo New | director: Cy Newer\n"
    store.apply(head + made)
    before = store.films()
    assert store.apply(b"title,year,director\nA,1990,Cy Newer; Ana Ferrer\n") == counts(unchanged=1)
    assert store.apply(b"title,year,director\nA,1990,\n") == counts(unchanged=1)
    assert store.films() == before
    assert store.apply(b"title,year,director\nA,1990,Ana Ferrer | Di Last\n") == counts(changed=1)
    (film,) = store.films()
    assert [(each["role"], each["name"]) for each in film["credits"]] == [
        ("director", "Ana Ferrer"),
        ("director", "Di Last"),
        ("editor", "Bo New"),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Gorter, Jessica", ["Jessica Gorter"]),
        ("van Zoelen, Kaj", ["Kaj van Zoelen"]),
        ("Joel and Ethan Coen", ["Joel and Ethan Coen"]),
        ("Ana Ferrer & Bo New", ["Ana Ferrer", "Bo New"]),
        ("Ana Ferrer, Bo New, and Cy Newer", ["Ana Ferrer", "Bo New", "Cy Newer"]),
        ("Robert Downey, Sr.", ["Robert Downey, Sr."]),
        ("Madonna", ["Madonna"]),
        ("", []),
    ],
)
def test_names_of_people_are_parted(text: str, names: list[str]) -> None:
    assert parse_names(text) == names
    assert parse_names("Metro-Goldwyn, Mayer and Co", is_person=False) == [
        "Metro-Goldwyn, Mayer and Co"
    ]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("90.0", 90),
        ("90'", 90),
        ("1 hr 30 min", 90),
        ("2h", 120),
        ("1:30", 90),
        ("90:20", 90),
        ("95 minutes", 95),
        ("01:34:50", 95),
    ],
)
def test_running_times_are_read(text: str, minutes: int) -> None:
    assert parse_number("runtime_minutes", text) == minutes


def test_places_are_read_by_their_everyday_names() -> None:
    assert parse_countries("UK / France") == ["GB", "FR"]
    assert parse_countries("Bosnia and Herzegovina, USSR") == ["BA", "SU"]
    assert parse_countries("Germany and Poland") == ["DE", "PL"]
    assert parse_languages("Mandarin; Farsi") == ["cmn", "fas"]
    with pytest.raises(ValueError, match="'Atlantis' is not a known country"):
        parse_countries("France, Atlantis")


@given(st.text(max_size=40), st.sampled_from(sorted({*FIELDS} - {"slug"})))
def test_any_cell_is_read_or_refused_in_its_field(text: str, name: str) -> None:
    line = parse_row(2, (Column("x", name),), [text])
    field = "release_year" if name == "release_date" else name
    assert {problem.pointer for problem in line.problems} <= {f"#/{field}"}


@given(st.binary(max_size=80), st.sampled_from([b"", b"title,year\n", b"sep=;\ntitle;year\n"]))
def test_any_bytes_are_a_table_or_are_refused(data: bytes, head: bytes) -> None:
    with suppress(ImportFileError):
        assert all(line.number > 1 for line in read_csv(io.BytesIO(head + data)))


def test_an_unknown_column_is_asked_about_with_its_first_cells() -> None:
    data = b"title,Regie von,Notes,year\nA,Ana Ferrer,x,1990\nB,Bo New,,1991\n"
    with pytest.raises(ColumnsUnclearError) as unclear:
        read(data)
    assert str(unclear.value) == "Choose what these columns are: “Regie von”, “Notes”."
    assert [(c.heading, c.field, c.examples) for c in unclear.value.columns] == [
        ("title", "title", ("A", "B")),
        ("Regie von", "", ("Ana Ferrer", "Bo New")),
        ("Notes", "", ("x",)),
        ("year", "release_year", ("1990", "1991")),
    ]
    lines = read(data, **{"regie VON": "director", "Notes": "ignore"})
    assert [line.people for line in lines] == [
        {"director": ["Ana Ferrer"]},
        {"director": ["Bo New"]},
    ]
    assert [line.values for line in lines] == [
        {"title": "A", "release_year": 1990},
        {"title": "B", "release_year": 1991},
    ]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b",title,year\n0,A,1990\n", "Choose what this column is: “Column 1”."),
        (b"title,year,release date\n", "“year” and “release date” are both release_year."),
        (b"title,director,directors\n", "“director” and “directors” are both director."),
        (b"Code,year\nx,1990\n", "Choose what this column is: “Code”."),
    ],
)
def test_columns_that_are_unclear_are_told(head: bytes, words: str) -> None:
    assert words in read_error(head)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_line_that_names_the_separator_is_obeyed(mark: bytes) -> None:
    (line,) = read_lines(mark + b"sep=;\r\nTitle;Year\r\nOne, Two, Three;1990\r\n")
    assert (line.number, line.values) == (3, {"title": "One, Two, Three", "release_year": 1990})
    (line,) = read_lines(mark + b'"sep=\t"\nTitle\tYear\nOne;Two;Three\t1990\n')
    assert line.values == {"title": "One;Two;Three", "release_year": 1990}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("first", ["sep=;\r\n", ""])
def test_a_table_may_be_in_utf_16(encoding: str, first: str) -> None:
    # Of the signs after the comma, one half is a line's end.
    title = "Café \u0a0a\u0a05\n2"
    found = read_lines(f'{first}Title;Year\r\n"{title}";1990\r\n'.encode(encoding))
    assert [line.values for line in found] == [{"title": title, "release_year": 1990}]


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#NAME?", "#DIV/0!", "#VALUE!", "Err:502"])
@pytest.mark.parametrize("column", ["title", "year", "synopsis", "director", "isbn"])
def test_an_error_of_a_spreadsheet_is_never_stored(store: Store, cell: str, column: str) -> None:
    row = {"title": "A", "year": "1990", "synopsis": "", "director": "", "isbn": ""} | {
        column: cell
    }
    data = (",".join(row) + "\n" + ",".join(row.values()) + "\n").encode()
    (result,) = store.check(data)
    field = {"year": "release_year"}.get(column, column)
    assert [(p.pointer, p.detail) for p in result.problems] == [
        (f"#/{field}", f"{cell} is a spreadsheet error. Enter the value, or clear the cell.")
    ]


@pytest.mark.parametrize("title", ["1984", "9/11", "24:00", "True", "11:14", "#1 Dad", "2.0.1"])
def test_titles_that_people_write_are_taken(store: Store, title: str) -> None:
    assert store.apply(f"title,year\n{title},1990\n".encode()) == counts(created=1)
    assert store.films()[0]["title"] == title


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("TRUE", "a yes/no value"),
        ("11-Sep", "a date"),
        ("Sep-11", "a date"),
        ("2026-09-11 00:00:00", "a date"),
        ("9/11/2026", "a date"),
        ("24:00:00", "a time"),
        ("7.86936E+11", "a shortened number"),
        ("300.0", "a number with decimals"),
    ],
)
def test_a_title_that_a_spreadsheet_made_is_asked_about(
    store: Store, title: str, made: str
) -> None:
    data = f"title,year\n{title},1990\n".encode()
    ((pointer, detail),) = summarize(store.check(data))[2][2]
    assert pointer == "#/title"
    assert detail == (
        f"{title!r} looks like {made} that a spreadsheet changed. "
        "Correct the cell, or confirm the title."
    )
    assert store.apply(data) == counts(rejected=1)
    assert store.apply(data, has_sure_titles=True) == counts(created=1)
    # The film is called so now, and nobody needs to be asked again.
    assert store.apply(data) == counts(unchanged=1)


def test_cells_of_a_workbook_that_are_no_text_are_pointed_out(store: Store) -> None:
    rows: list[list[object]] = [
        ["title", "year"],
        [dt.date(2026, 9, 11), 2001],
        [dt.time(0, 0), 2001],
        [True, 2001],
        [1984, 1984],
        ["A", dt.date(1905, 6, 23)],
        ["B", True],
        ["C", 1999.0],
    ]
    results = {each.number: each for each in store.check(workbook(*rows))}
    details = {number: [p.detail for p in each.problems] for number, each in results.items()}
    (detail,) = details[2]
    assert detail == (
        "cell A2 contains a date (2026-09-11). Format the column as text, then enter the title "
        "again."
    )
    assert details[3][0].startswith("cell A3 contains a time")
    assert details[4][0].startswith("'TRUE' looks like a yes/no value")
    assert details[5] == details[8] == []
    assert details[6] == [
        "'1905-06-23' is a date, which a spreadsheet may have made from a year. Enter the year."
    ]
    assert details[7][0].startswith("'TRUE' is a yes/no value")


def test_numbers_that_a_spreadsheet_changed_are_read_or_named(store: Store) -> None:
    data = workbook(
        ["title", "year", "upc", "isbn"],
        ["A", 1990, 36000291452, 9780312423636.0],
        ["B", 1990, "36000291452.0", None],
        ["C", 1990, "7.86936E+11", None],
    )
    details = {each.number: [p.detail for p in each.problems] for each in store.check(data)}
    assert details[2] == ["UPC 036000291452 is also on line 3."]
    assert details[3] == ["UPC 036000291452 is also on line 2."]
    assert "A spreadsheet shortened UPC '7.86936E+11'" in details[4][0]
    assert store.apply(workbook(["title", "year", "isbn"], ["A", 1990, 9780312423636.0])) == counts(
        created=1
    )
    assert store.films()[0]["identifiers"] == [{"kind": "isbn", "value": "9780312423636"}]


def test_a_film_with_any_title_comes_back_from_its_export(store: Store) -> None:
    titles = ["TRUE", "2026-09-11", "24:00:00", "=1+1", "A | B; C"]
    table = "title,year\n" + "".join(f'"{title}",1990\n' for title in titles)
    assert store.apply(table.encode(), has_sure_titles=True) == counts(created=5)
    for form in (FileFormat.CSV, FileFormat.XLSX):
        assert store.apply(store.export(form)) == counts(unchanged=5)
