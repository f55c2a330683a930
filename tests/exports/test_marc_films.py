"""Films from library records: our own and others', whole and damaged."""

# ruff: noqa: RUF001 - titles in other scripts are what this is about

import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pymarc import Field, Indicators, Record, Subfield
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.enums import CreditRole
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.exports import holdings
from app.exports.formats import FORMAT_SPECS, RecordFormat, encode_record
from app.exports.marc import build_record
from app.exports.marc_films import marc_readers
from app.imports.film_documents import load_documents
from app.imports.line_plans import plan_lines
from app.imports.lines import FileFormat, ImportFileError, ImportLine, Json, LineOutcome
from tests import factories
from tests.imports.files import Store, counts

READERS = marc_readers("REELRIGHT")


def read(data: bytes) -> list[ImportLine]:
    form = FileFormat.MARCXML if data.startswith(b"<") else FileFormat.MARC
    return list(READERS[form](io.BytesIO(data)))


def refusal(data: bytes) -> str:
    with pytest.raises(ImportFileError) as refused:
        read(data)
    return str(refused.value)


def record(*fields: tuple[str, str, str] | tuple[str, str]) -> Record:
    """Return a record of fields such as ``("245", "00", "$aA title :$brest")``."""
    made = Record(force_utf8=True)
    for tag, *rest in fields:
        if len(rest) == 1:
            made.fields.append(Field(tag=tag, data=rest[0]))
            continue
        parts = [Subfield(part[0], part[1:]) for part in rest[1].split("$")[1:]]
        made.fields.append(Field(tag=tag, indicators=Indicators(*rest[0]), subfields=parts))
    return made


OTHERS = record(
    ("007", "vz baazuu"),
    ("008", "260101s1999    nyu098 g          vlfre d"),
    ("020", "  ", "$a9780977103799 (DVD)"),
    ("024", "1 ", "$a036000291452"),
    ("035", "  ", "$a(OCoLC)ocn001097463"),
    ("035", "  ", "$a(XYZ)17"),
    ("245", "04", "$aDer Fluss :$bein Film /$cdirected by Ana Ferrer and Li Wei."),
    ("246", "3 ", "$iOriginal title:$aReka."),
    ("246", "3 ", "$aThe river."),
    ("257", "  ", "$aSoviet Union$aAtlantis$2naf"),
    ("264", " 4", "$c©1998"),
    ("520", "  ", "$aA ferry."),
    ("520", "  ", "$aAnd a dam."),
    ("650", " 0", "$aRivers$zRussia."),
    ("650", " 7", "$aRivers.$2fast"),
    ("700", "1 ", "$aSmith, J. R.,$eeditor of moving image work.$4flm"),
    ("700", "1 ", "$aNobody,$ecaterer."),
    ("710", "2 ", "$aNorth Films,$eproduction company."),
)


def test_a_record_of_others_says_what_it_can() -> None:
    for data in (
        OTHERS.as_marc(),
        FORMAT_SPECS[RecordFormat.XML].head
        + encode_record(OTHERS, RecordFormat.XML)
        + FORMAT_SPECS[RecordFormat.XML].foot,
    ):
        (line,) = read(data)
        assert line.problems == ()
        assert line.values == {
            "title": "Der Fluss: ein Film",
            "original_title": "Reka",
            "alternative_titles": [{"title": "The river"}],
            "release_year": 1999,
            "copyright_year": 1998,
            "synopsis": "A ferry. And a dam.",
            "countries": ["SU"],
            "color": "bw",
            "credits": [
                {"name": "Ana Ferrer", "role": "director"},
                {"name": "Li Wei", "role": "director"},
                {
                    "name": "J. R. Smith",
                    "sort_name": "Smith, J. R.",
                    "role": "editor",
                    "kind": "person",
                },
                {
                    "name": "North Films",
                    "sort_name": "North Films",
                    "role": "production_company",
                    "kind": "organization",
                },
            ],
            "subjects": ["Rivers"],
        }
        assert line.main_version == {"runtime_minutes": 98, "spoken": ["fre"]}
        assert [(kind.value, value) for kind, value in line.identifiers] == [
            ("isbn", "9780977103799 (DVD)"),
            ("upc", "036000291452"),
            ("oclc", "1097463"),
        ]


@pytest.mark.parametrize(
    ("field", "minutes"),
    [
        (("306", "  ", "$a013000"), 90),
        (("300", "  ", "$a1 DVD (1 hr., 38 min.) :$bsd."), 98),
        (("300", "  ", "$a1 videodisc (52 minutes)"), 52),
        (("300", "  ", "$a1 videodisc"), None),
    ],
)
def test_a_running_time_is_found_wherever_it_is_written(
    field: tuple[str, str, str], minutes: int | None
) -> None:
    (line,) = read(record(field).as_marc())
    assert line.main_version.get("runtime_minutes") == minutes


@pytest.mark.seeded
def test_our_own_records_name_their_films_and_say_of_them_what_the_catalog_says(
    session: Session, settings: Settings
) -> None:
    ids = session.scalars(select(Film.id)).all()
    seller = holdings.Seller.of(settings)
    loaded = [
        each for each in holdings.load_holdings(session, ids, on=clock.today()) if each.deliveries
    ]
    present = load_documents(session, [each.film.id for each in loaded])
    data = b"".join(build_record(each, each.deliveries[0], seller).as_marc() for each in loaded)
    found = read(data)
    assert len(found) == len(loaded) > 20

    def facts(document: Json) -> list[str]:
        names = ("slug", "title", "release_year", "countries", "color", "synopsis")
        return [" ".join(str(document[name]).split()) for name in names]

    for line, each in zip(found, loaded, strict=True):
        document = present[each.film.id]
        assert facts(line.apply_to(document)) == facts(document)
        directors = [c["name"] for c in line.values["credits"] if c["role"] == "director"]
        assert directors == each.film.directors
        assert (
            line.main_version["runtime_minutes"]
            == each.versions(each.deliveries[0])[0].runtime_minutes
        )


@pytest.mark.seeded
def test_our_own_records_change_nothing(session: Session, settings: Settings) -> None:
    ids = session.scalars(select(Film.id)).all()
    seller = holdings.Seller.of(settings)
    loaded = holdings.load_holdings(session, ids, on=clock.today())
    data = b"".join(
        build_record(each, delivery, seller).as_marc()
        for each in loaded
        for delivery in each.deliveries
    )
    results = [(each, each.result()) for each in plan_lines(session, read(data))]
    assert len(results) > 80
    changed = [
        (each.slug, r.problems or r.differences)
        for each, r in results
        if r.outcome != LineOutcome.UNCHANGED
    ]
    assert changed == []


@pytest.mark.seeded
def test_our_own_file_is_taken_again_without_a_change(
    client: TestClient, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    store = Store(sessions, tmp_path, READERS)
    before = store.films()
    for form in ("mrc", "xml"):
        answer = client.get("/api/v1/records", params={"format": form})
        assert answer.status_code == 200
        found = store.check(answer.content)
        assert len(found) > 80
        assert {each.outcome for each in found} == {LineOutcome.UNCHANGED}
        assert store.apply(answer.content) == counts(unchanged=len(found))
    assert store.films() == before


def edition(*fields: tuple[str, str, str]) -> Record:
    return record(
        ("008", "260101s1999    nyu098 g          vlfre d"),
        ("245", "00", "$aThe river /$cdirected by Ana Ferrer."),
        *fields,
    )


def test_records_of_one_film_on_disc_and_online_are_one_film(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    store = Store(sessions, tmp_path, READERS)
    records = (
        edition(("300", "  ", "$a1 online resource")),
        edition(("020", "  ", "$a9780977103799 (DVD)"), ("300", "  ", "$a1 videodisc")),
        edition(("024", "1 ", "$a036000291452"), ("300", "  ", "$a1 Blu-ray disc")),
        edition(("300", "  ", "$a1 online resource")),
    )
    data = b"".join(each.as_marc() for each in records)
    outcomes = [each.outcome for each in store.check(data)]
    assert outcomes == ["created", "changed", "changed", "unchanged"]
    assert store.apply(data) == counts(created=1, changed=2, unchanged=1)
    (film,) = store.films()
    assert [each["value"] for each in film["identifiers"]] == ["9780977103799", "036000291452"]
    assert store.apply(data) == counts(unchanged=4)


def test_a_record_that_says_something_new_changes_it() -> None:
    present = {
        "title": "The Son",
        "sort_title": "Son",
        "original_title": "Le fils",
        "alternative_titles": [{"title": "Le Fils, 2", "language": "fra"}],
        "credits": [
            {"name": "Ana Ferrer", "sort_name": "Ferrer, Ana", "role": "executive_producer"},
            {"name": "Bo New", "sort_name": "New, Bo", "role": "sound"},
        ],
        "versions": [{"label": "Feature", "spoken": ["cmn"], "subtitles": ["eng"]}],
        "subjects": ["Rivers", "Dams"],
    }
    same = record(
        ("041", "1 ", "$achi$jeng"),
        ("245", "04", "$aThe son."),
        ("246", "1 ", "$iOriginal title:$aFils."),
        ("650", " 0", "$aRivers."),
        ("700", "1 ", "$aFerrer, Ana,$efilm producer."),
    )
    (line,) = read(same.as_marc())
    assert line.apply_to(present) == present
    other = record(
        ("041", "0 ", "$afre"),
        ("246", "1 ", "$iOriginal title:$aLa fille"),
        ("650", " 0", "$aLakes"),
        ("700", "1 ", "$aFerrer, Ana,$efilm director."),
    )
    (line,) = read(other.as_marc())
    merged = line.apply_to(present)
    assert merged["original_title"] == "La fille"
    assert merged["subjects"] == ["Lakes"]
    assert [credit["role"] for credit in merged["credits"]] == ["director"]
    assert merged["versions"][0]["spoken"] == ["fre"]


@pytest.mark.parametrize(
    ("title", "parallel"),
    [
        ("$aSon =$bLe fils /$cA. Ferrer.", ["Le fils"]),
        ("$aSon :$ba film = Le fils : un film", ["Le fils : un film"]),
        ("$aA = B", ["B"]),
    ],
)
def test_title_after_an_equals_sign_is_another_title(title: str, parallel: list[str]) -> None:
    (line,) = read(record(("245", "00", title)).as_marc())
    assert [each["title"] for each in line.values["alternative_titles"]] == parallel
    assert "=" not in line.values["title"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (OTHERS.as_marc()[:-20], "Record 1, at byte 1 of the file, is cut off: it should have"),
        (OTHERS.as_marc() + b"\nnonsense", "Record 2, at byte 1,0"),
        (b"-0001" + b"x" * 100, "is not a MARC 21 record"),
        (OTHERS.as_marc()[:-1] + b"x", "does not end at its stated length"),
        (b"<collection><record>", "not well-formed XML"),
        (b"<html></html>", "contains no MARCXML records"),
        (b'<!DOCTYPE x [<!ENTITY a "aaa">]><collection>&a;</collection>', "definitions"),
        ('<?xml version="1.0"?><collection/>'.encode("utf-16-le"), "definitions"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(data: bytes, words: str) -> None:
    if "1,0" in words:
        words = (
            f"Record 2, at byte {len(OTHERS.as_marc()) + 2} of the file, is not a MARC 21 record"
        )
    message = refusal(data if not data.startswith(b"<\x00") else b"<" + data)
    assert words in message


def test_a_damaged_record_is_refused_and_the_next_one_read() -> None:
    damaged = bytearray(OTHERS.as_marc())
    damaged[12:17] = b"99999"
    first, second = read(bytes(damaged) + OTHERS.as_marc())
    assert first.problems[0].detail.startswith("The record can't be read: ")
    assert second.values["title"] == "Der Fluss: ein Film"


CYRILLIC = "Свидетели Путина"
TITLE = record(("008", "260101s1999    nyu098 g          vlfre d"), ("245", "00", "$aMontréal"))


def with_scheme(made: Record, scheme: bytes, encoding: str) -> bytes:
    """Return a record whose leader/09 is ``scheme``, with its text in ``encoding``."""
    data = made.as_marc()
    text = data[24:].decode().encode(encoding)
    length = 24 + len(text)
    leader = f"{length:05}".encode() + data[5:9] + scheme + data[10:24]
    # The directory counts bytes: the title field is the last one.
    shrunk = len(data) - length
    entry = data.index(b"245", 24)
    size = int(data[entry + 3 : entry + 7]) - shrunk
    at = entry - 24 + 3
    return leader + text[:at] + f"{size:04}".encode() + text[at + 4 :]


def test_utf8_record_whose_leader_is_blank_is_read_as_utf8() -> None:
    (line,) = read(with_scheme(TITLE, b" ", "utf-8"))
    assert line.values["title"] == "Montréal"


@pytest.mark.parametrize(
    ("scheme", "text", "words"),
    [
        (b"a", "Montréal", "is marked as UTF-8, but byte "),
        (b" ", "Über", "is marked as MARC-8, but is not"),
        (b" ", "Café", "is marked as MARC-8, but is not"),
    ],
)
def test_latin1_record_is_refused_by_name(scheme: bytes, text: str, words: str) -> None:
    made = record(("008", TITLE["008"].data or ""), ("245", "00", f"$a{text}"))
    (line,) = read(with_scheme(made, scheme, "latin-1"))
    (problem,) = line.problems
    assert words in problem.detail
    assert "Latin-1" in problem.detail


def test_marc8_record_is_read() -> None:
    data = with_scheme(TITLE, b" ", "utf-8").replace("é".encode(), b"\xe2e")
    (line,) = read(data)
    assert line.values["title"] == "Montréal"


@pytest.mark.parametrize(
    ("dates", "years"),
    [
        ("r20181929", {"release_year": 1929}),
        ("p19292018", {"release_year": 1929}),
        ("p20181929", {"release_year": 2018, "production_year": 1929}),
        ("t20182017", {"release_year": 2018, "copyright_year": 2017}),
        ("s2018    ", {"release_year": 2018}),
        ("r2018uuuu", {"release_year": 2018}),
        ("e20180314", {"release_year": 2018}),
        ("m20152018", {"release_year": 2015}),
    ],
)
def test_dates_of_008_give_the_years_of_the_film(dates: str, years: dict[str, int]) -> None:
    (line,) = read(record(("008", f"260101{dates}nyu098 g"), ("245", "00", "$aA")).as_marc())
    assert {name: value for name, value in line.values.items() if "year" in name} == years


def test_the_films_of_our_own_records_are_left_as_they_are(session: Session) -> None:
    """Countries, titles and credits that libraries write in other words than the store."""
    odd: dict[str, Json] = {
        "a": {"title": "Человек с киноаппаратом", "countries": ["SU", "GB", "RU", "GE"]},
        "b": {"title": "The Son = Le fils", "countries": ["BU", "KR", "US"]},
        "c": {"title": "Shoah", "original_title": "שואה", "countries": ["CI", "DD"]},
        "d": {"title": "東京物語: a story", "alternative_titles": [{"title": "Ταξίδι"}]},
        "e": {"title": "E = 2", "copyright_year": 2017},
        "f": {"alternative_titles": [{"title": f"Вариант {n}"} for n in range(40)]},
    }
    seller = holdings.Seller.of(factories.SETTINGS)
    for slug, values in odd.items():
        made = [
            {"name": f"Ana {role}", "role": role} for role in CreditRole if role != "distributor"
        ]
        made += [
            {"name": name, "role": "distributor"} for name in (seller.name, "Films, Inc.", "Odd ,")
        ]
        document: Json = {"slug": slug, "title": "A Film", "credits": made} | values
        factories.offer(session, of=factories.film(session, **document))
    session.commit()
    loaded = holdings.load_holdings(
        session, session.scalars(select(Film.id)).all(), on=clock.today()
    )
    data = b"".join(build_record(each, each.deliveries[0], seller).as_marc() for each in loaded)
    results = [(each, each.result()) for each in plan_lines(session, read(data))]
    assert [
        (each.slug, r.problems or r.differences)
        for each, r in results
        if r.outcome != LineOutcome.UNCHANGED
    ] == []
    assert len(results) == len(odd)
    # In another store they are the same films, each with all of its credits but the seller's.
    elsewhere = [
        line.values for line in marc_readers("ELSEWHERE")[FileFormat.MARC](io.BytesIO(data))
    ]
    for values in elsewhere:
        told = [(each["name"], each["role"]) for each in values["credits"]]
        assert {role for _, role in told} == set(CreditRole)
        assert [name for name, role in told if role == "distributor"] == ["Films, Inc.", "Odd"]
    assert [values["title"] for values in elsewhere[:2]] == ["Chelovek s kinoapparatom", "The Son"]
    assert elsewhere[0]["original_title"] == "Человек с киноаппаратом"
    assert elsewhere[0]["countries"] == ["SU", "GB", "RU", "GE"]
    assert elsewhere[1]["alternative_titles"] == [{"title": "Le fils"}]
    assert elsewhere[2]["original_title"] == "שואה"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("$aGreat Britain$aRussia (Federation)", ["GB", "RU"]),
        ("$aGeorgia (Republic).", ["GE"]),
        ("$aU.S. ; Germany (West)", ["US", "DE"]),
        ("$aKorea (South)$aCongo (Democratic Republic)$aAtlantis", ["KR", "CD"]),
        ("$aCôte d'Ivoire$aBosnia and Herzegovina", ["CI", "BA"]),
    ],
)
def test_countries_are_known_by_their_headings(names: str, expected: list[str]) -> None:
    (line,) = read(record(("245", "00", "$aA"), ("257", "  ", f"{names}$2naf")).as_marc())
    assert line.values["countries"] == expected


def test_linked_fields_give_the_title_in_its_own_script() -> None:
    linked = record(
        ("245", "00", "$6880-01$aSvideteli Putina /$cVitalii Manskii."),
        ("880", "00", f"$6245-01/(N$a{CYRILLIC} /$cV. Manskii."),
    )
    (line,) = read(linked.as_marc())
    assert line.values["title"] == "Svideteli Putina"
    assert line.values["original_title"] == CYRILLIC
    variant = record(
        ("245", "00", "$aSeven samurai"),
        ("246", "1 ", "$6880-02$iOriginal title:$aShichinin no samurai"),
        ("880", "1 ", "$6246-02$iOriginal title:$a七人の侍"),
    )
    (line,) = read(variant.as_marc())
    assert line.values["original_title"] == "七人の侍"
    assert line.values["alternative_titles"] == [{"title": "Shichinin no samurai"}]


def test_two_physical_descriptions_are_one_film() -> None:
    both = record(
        ("007", "vd cvaizu"),
        ("007", "vd csaizu"),
        ("245", "00", "$aThe river"),
        ("300", "  ", "$a1 DVD (90 min.)"),
        ("300", "  ", "$a1 Blu-ray (90 min.)"),
    )
    (line,) = read(both.as_marc())
    assert (line.values["title"], line.main_version) == ("The river", {"runtime_minutes": 90})


def test_a_record_that_is_to_be_removed_is_refused() -> None:
    deleted = record(("245", "00", "$aGone"))
    deleted.leader.record_status = "d"
    (line,) = read(deleted.as_marc())
    assert [problem.detail for problem in line.problems] == [
        "The record is marked as deleted. Withdraw the film instead."
    ]
