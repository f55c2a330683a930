"""One record: what it says of a film, field by field, and the address that answers it."""

# ruff: noqa: RUF001 - titles in other scripts are among them

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pymarc import MARCMakerReader
from sqlalchemy.orm import Session
from time_machine import travel

from app.catalog.titles import sort_title
from app.exports.codes import language_code
from app.exports.record_text import clean, detect_script, nonfiling_characters
from app.offers.models import Offer
from app.offers.rights_text import describe_rights
from tests import factories
from tests.exports import unusual_films
from tests.exports.reading import lines, one, read

PRINTED = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.mark.seeded
def test_the_red_soul_on_dvd(client: TestClient) -> None:
    record = one(client, "the-red-soul", "dvd")

    assert str(record.leader)[5:10] == "ngm a"
    assert str(record.leader)[17:19] == "3i"
    assert lines(record, "001", "003", "007") == [
        "001  the-red-soul-dvd",
        "003  REELRIGHT",
        r"007  vd\mvaizu",
    ]
    fixed = record["008"].data or ""
    assert (len(fixed), fixed[6:]) == (40, "p20182017nyu090 g          vlrus d")
    assert lines(record, "028", "041", "245", "246", "257", "264", "300") == [
        "028  62$athe-red-soul-dvd-ppr$bReelright Films",
        r"041  1\$arus$jeng$hrus",
        "245  04$aThe Red Soul /$cdirected by Jessica Gorter.",
        r"246  1\$iOriginal title:$aDe rode ziel",
        r"257  \\$aNetherlands$2naf",
        r"264  \1$a[Place of publication not identified] :$bZeppers Film & TV,$c2018.",
        r"264  \2$aBrooklyn, New York :$bReelright Films.",
        "264  \\4$c\N{COPYRIGHT SIGN}2017",
        r"300  \\$a1 videodisc (90 min.) :$bsound, color and black and white ;$c4 3/4 in.",
    ]
    assert lines(record, "336", "337", "338") == [
        r"336  \\$atwo-dimensional moving image$btdi$2rdacontent",
        r"337  \\$avideo$bv$2rdamedia",
        r"338  \\$avideodisc$bvd$2rdacarrier",
    ]
    assert lines(record, "655") == [
        r"655  \7$aDocumentary films.$2lcgft",
        r"655  \7$aNonfiction films.$2lcgft",
    ]
    assert lines(record, "700")[0] == r"700  1\$aGorter, Jessica,$efilm director,$escreenwriter."
    assert lines(record, "710") == [
        r"710  2\$aZeppers Film & TV,$eproduction company.",
        r"710  2\$aReelright Films,$efilm distributor.",
    ]
    assert lines(record, "776", "856") == [
        "776  08$iOnline version, hosted by the licensee:$tRed Soul.$w(REELRIGHT)the-red-soul-file",
        (
            "856  42$3Licenses, prices, and rights$uhttp://127.0.0.1:8000/films/the-red-soul"
            "$yFilm and licensing page"
        ),
    ]
    assert record.get_fields("006", "506") == []


@pytest.mark.seeded
def test_the_rights_are_told_in_the_same_words_as_everywhere(
    client: TestClient, session: Session
) -> None:
    record = one(client, "the-red-soul", "file")

    offers = session.query(Offer).filter(Offer.sku.like("the-red-soul-dsl%")).order_by("position")
    expected = [
        (
            f"{offer.title} ({offer.sku})",
            " ".join(said.answer for said in describe_rights(offer.bundle, offer.term)),
        )
        for offer in offers
    ]
    assert len(expected) == 3
    assert [(f["3"], f["a"]) for f in record.get_fields("540")] == expected
    assert [f["a"] for f in record.get_fields("037")] == [
        "the-red-soul-dsl-1y",
        "the-red-soul-dsl-3y",
        "the-red-soul-dsl-perpetual",
    ]
    first = record.get_fields("037")[0]
    assert first["b"] == "Reelright Films, http://127.0.0.1:8000"
    assert first["f"] == "Digital site license, 1 year"
    assert first.get_subfields("c")[:3] == [
        "from USD 149.00 (College or university; K-12 school district)",
        "from USD 119.00 (Community college)",
        "USD 79.00 (K-12 school)",
    ]
    assert lines(record, "006", "007") == [
        r"006  m\\\\\o\\c\\\\\\\\",
        r"007  vz\mzazuu",
        r"007  cr\mna||||||||",
    ]
    assert lines(record, "506", "338", "300") == [
        r"300  \\$a1 online resource (1 video file (90 min.)) :$bsound, color and black and white",
        r"338  \\$aonline resource$bcr$2rdacarrier",
        (
            r"506  1\$aAccess restricted to authorized users of the licensing institution."
            "$fOnline access with authorization$2star"
        ),
    ]


def test_captions_and_identifiers_stand_in_their_own_fields(
    client: TestClient, session: Session
) -> None:
    film = factories.film(
        session,
        versions=[
            {
                "label": "Feature",
                "runtime_minutes": 20,
                "spoken": ["cmn", "fra"],
                "subtitles": ["eng"],
                "captions": [
                    {"language": "eng", "kind": "sdh"},
                    {"language": "deu", "kind": "cc"},
                    {"language": "spa", "kind": "subtitle"},
                ],
                "audio_description": True,
            }
        ],
        identifiers=[
            {"kind": "isbn", "value": "9780977103799"},
            {"kind": "upc", "value": "036000291452"},
            {"kind": "eidr", "value": "10.5240/EA73-79D7-1B2B-B378-3A73-M"},
            {"kind": "oclc", "value": "1097463287"},
        ],
    )
    for delivery in ("dvd", "file"):
        unusual_films.offer(session, film, delivery)
    session.commit()

    disc, online = (one(client, film.slug, delivery) for delivery in ("dvd", "file"))

    assert lines(disc, "041") == [r"041  1\$achi$afre$jeng$peng$pger$qchi$hchi$hfre"]
    assert lines(disc, "020", "024", "035") == [
        r"020  \\$a9780977103799$q(DVD)",
        r"024  1\$a036000291452",
        r"024  7\$a10.5240/EA73-79D7-1B2B-B378-3A73-M$2eidr",
        r"035  \\$a(OCoLC)1097463287",
    ]
    assert lines(online, "020", "024", "035") == [
        r"024  7\$a10.5240/EA73-79D7-1B2B-B378-3A73-M$2eidr"
    ]
    assert lines(disc, "341", "532", "546") == [
        r"341  0\$aauditory$bclosedCaptions$2sapdv",
        r"341  0\$avisual$daudioDescription$2sapdv",
        r"532  1\$aSubtitles for the deaf and hard of hearing in English.",
        r"532  1\$aClosed captioned in German.",
        r"532  1\$aAudio description for people who are blind or have low vision.",
        r"546  \\$aIn Mandarin Chinese and French with English subtitles.",
    ]
    assert [field["a"] for field in disc.get_fields("655")][-1] == "Short films."


@pytest.mark.parametrize(
    ("minutes", "code"), [(1, "001"), (180, "180"), (999, "999"), (1000, "000"), (6000, "000")]
)
def test_running_times_are_three_digits_or_the_sign_for_more(
    client: TestClient, session: Session, minutes: int, code: str
) -> None:
    version = {"label": "Feature", "runtime_minutes": minutes}
    film = factories.film(session, versions=[version])
    factories.offer(session, of=film)
    session.commit()

    record = one(client, film.slug, "dvd")

    assert (record["008"].data or "")[18:21] == code
    assert record["300"]["a"] == f"1 videodisc ({minutes} min.) :"
    assert (record["008"].data or "")[35:38] == "und"


@pytest.mark.once
@pytest.mark.parametrize(("title", "spoken", "expected"), unusual_films.TITLES)
def test_articles_are_passed_over_in_filing(title: str, spoken: list[str], expected: int) -> None:
    languages = [language_code(code) for code in spoken]

    assert nonfiling_characters(title, sort_title(clean(title)), languages) == expected


@pytest.mark.once
def test_what_an_editor_files_under_decides() -> None:
    # German films begin with "Die", American ones die hard; the checker knows neither.
    assert nonfiling_characters("Die Welt", "Welt", ["ger"]) == 4
    assert nonfiling_characters("Die Hard", "Die Hard", ["eng"]) == 0


@pytest.mark.once
def test_odd_films_read_back_as_they_were_written(client: TestClient, session: Session) -> None:
    films = unusual_films.films(session)
    session.commit()

    records = read(client.get("/api/v1/records").content)

    assert len(records) == 2 * len(films)
    by_id = {record["001"].data: record for record in records}
    for film in films:
        delivery = "dvd" if f"{film.slug}-dvd" in by_id else "bluray"
        record = by_id[f"{film.slug}-{delivery}"]
        (said,) = [
            field
            for field in record.get_fields("880" if detect_script(film.title) else "245")
            if (field.get_subfields("6") or ["245"])[0].startswith("245")
        ]
        title = f"{said['a']} {said.get('b') or ''}"
        plain = title.removesuffix(" /").removesuffix(" / ").replace(" : ", ": ").strip(" /")
        assert plain.startswith(clean(film.title)[:200]), film.title
        assert len(by_id[f"{film.slug}-{delivery}"].as_marc()) <= 99_999
    crowd = by_id["odd-9-bluray"]
    assert crowd["245"]["c"].endswith("Directör 2 [and 147 others].")
    assert len(crowd.get_fields("700")) == 120


@pytest.mark.once
def test_the_documentation_names_every_field(client: TestClient, session: Session) -> None:
    unusual_films.films(session)
    session.commit()
    text = (Path(__file__).parents[2] / "docs" / "exports.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    named = {tag for row in rows for tag in re.findall(r"\b\d{3}\b", row)}

    records = read(client.get("/api/v1/records").content)

    written = {field.tag for record in records for field in record.fields}
    assert written <= named
    # The odd films have neither a disc's number nor a number of their own but IMDb's.
    assert named - written == {"020", "035"}


def test_titles_in_other_scripts_are_written_in_both(client: TestClient, session: Session) -> None:
    film = factories.film(
        session,
        title="Человек с киноаппаратом",
        original_title="The Man with the Movie Camera",
        alternative_titles=[{"title": "בגדים: Clothes"}, {"title": "Kinoapparat"}],
    )
    factories.offer(session, of=film)
    session.commit()

    record = one(client, film.slug, "dvd")

    assert lines(record, "245", "246", "880") == [
        "245  00$6880-01$aChelovek s kinoapparatom /$cdirected by Jessica Gorter.",
        r"246  1\$iOriginal title:$aMan with the Movie Camera",
        r"246  3\$6880-02$avgdym: Clothes",
        r"246  3\$aKinoapparat",
        "880  00$6245-01/(N$aЧеловек с киноаппаратом /$cdirected by Jessica Gorter.",
        r"880  3\$6246-02/(2/r$aבגדים: Clothes",
    ]


def test_a_parallel_title_stands_behind_an_equals_sign(
    client: TestClient, session: Session
) -> None:
    film = factories.film(session, title="The Son = Le fils")
    factories.offer(session, of=film)
    session.commit()

    assert lines(one(client, film.slug, "dvd"), "245", "246") == [
        "245  04$aThe Son =$bLe fils /$cdirected by Jessica Gorter.",
        "246  31$aFils",
    ]


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ({}, "s2018    "),
        ({"copyright_year": 2018, "production_year": 2018}, "s2018    "),
        ({"copyright_year": 2017}, "t20182017"),
        ({"copyright_year": 2019, "production_year": 2018}, "t20182019"),
        ({"copyright_year": 2017, "production_year": 2016}, "p20182016"),
    ],
)
def test_the_years_of_008_are_the_two_that_differ(
    client: TestClient, session: Session, years: dict[str, Any], expected: str
) -> None:
    film = factories.film(session, **years)
    factories.offer(session, of=film)
    session.commit()

    assert (one(client, film.slug, "dvd")["008"].data or "")[6:15] == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ({"spoken": ["rus"], "subtitles": ["eng"]}, r"041  1\$arus$jeng$hrus"),
        ({"spoken": ["eng"], "subtitles": ["eng"]}, r"041  0\$aeng$jeng"),
        (
            {"spoken": ["fra"], "captions": [{"language": "eng", "kind": "sdh"}]},
            r"041  1\$afre$peng$hfre",
        ),
        ({"spoken": ["zxx"], "subtitles": ["eng"]}, r"041  0\$azxx$jeng"),
    ],
)
def test_a_subtitled_film_is_a_translation(
    client: TestClient, session: Session, version: dict[str, Any], expected: str
) -> None:
    shown = {"label": "Feature", "runtime_minutes": 90} | version
    film = factories.film(session, versions=[shown])
    factories.offer(session, of=film)
    session.commit()

    assert lines(one(client, film.slug, "dvd"), "041") == [expected]


def test_every_credit_and_country_is_traced(client: TestClient, session: Session) -> None:
    film = factories.film(
        session,
        countries=["GB", "RU", "GE", "SU", "KR", "BA"],
        credits=[
            {"name": "Ana Ferrer", "role": "executive_producer"},
            {"name": "Ana Ferrer", "role": "sound"},
            {"name": "Odd Films ,", "role": "distributor"},
            {"name": "Films, Inc.", "role": "production_company"},
            {"name": "Works /", "role": "production_company"},
        ],
    )
    factories.offer(session, of=film)
    session.commit()

    assert lines(one(client, film.slug, "dvd"), "257", "700", "710") == [
        (
            r"257  \\$aGreat Britain$aRussia (Federation)$aGeorgia (Republic)$aSoviet Union"
            "$aKorea (South)$aBosnia and Herzegovina$2naf"
        ),
        r"700  1\$aFerrer, Ana,$eexecutive producer,$esound designer.",
        r"710  2\$aOdd Films,$efilm distributor.",
        r"710  2\$aFilms, Inc.,$eproduction company.",
        r"710  2\$aWorks,$eproduction company.",
        r"710  2\$aReelright Films,$efilm distributor.",
    ]
    assert one(client, film.slug, "dvd")["264"]["b"] == "Films, Inc., Works,"


def test_mnemonic_text_says_the_same_and_quotes_its_own_signs(
    client: TestClient, session: Session
) -> None:
    film = factories.film(session, title="$9.99 {or less} \\ more")
    factories.offer(session, of=film)
    session.commit()

    answer = client.get(f"/films/{film.slug}/record.mrk")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    [record] = [r for r in MARCMakerReader(answer.text) if r.fields]
    assert record["245"]["a"] == "{dollar}9.99 {lcub}or less{rcub} {bsol} more /"
    binary = one(client, film.slug, "dvd")
    assert [field.tag for field in record.fields] == [field.tag for field in binary.fields]
    assert binary["245"]["a"] == "$9.99 {or less} \\ more /"


def test_a_record_is_dated_by_the_last_change(client: TestClient, session: Session) -> None:
    with travel(PRINTED, tick=False):
        film = factories.film(session)
        factories.offer(session, of=film)
        session.commit()

    record = one(client, film.slug, "dvd")

    assert record["005"].data == "20261122093000.0"
    assert (record["008"].data or "")[:6] == "261122"


def test_the_first_offer_is_the_default_and_what_is_not_offered_is_not_there(
    client: TestClient, session: Session
) -> None:
    film = factories.film(session, title="Two Forms")
    factories.offer(session, of=film, delivery="file")
    factories.offer(session, of=film, delivery="dvd")
    bare = factories.film(session, title="Not Sold")
    session.commit()

    first = client.get(f"/films/{film.slug}/record.mrc")
    absent = client.get(f"/films/{film.slug}/record.mrc", params={"delivery": "stream"})
    unsold = client.get(f"/films/{bare.slug}/record.xml")
    unknown = client.get("/films/no-such-film/record.mrk")

    assert read(first.content)[0]["001"].data == f"{film.slug}-file"
    assert first.headers["content-type"] == "application/marc"
    assert first.headers["content-disposition"] == f'attachment; filename="{film.slug}-file.mrc"'
    problems = [answer.json() for answer in (absent, unsold, unknown)]
    assert [(p["status"], p["type"], p["detail"]) for p in problems] == [
        (404, "not-found", "Two Forms is not available as Hosted stream (stream)."),
        (404, "not-found", "Not Sold has no published offers, so it has no record."),
        (404, "not-found", "Film “no-such-film” not found."),
    ]


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/films/x/record.mrc?delivry=dvd", "?/delivry"),
        ("/films/x/record.mrc?delivery=vhs", "?/delivery"),
        ("/films/x/record.pdf", "path:/form"),
        ("/films/X%20Y/record.mrc", "path:/slug"),
        ("/api/v1/records?format=pdf", "?/format"),
        ("/api/v1/records?since=yesterday", "?/since"),
        ("/api/v1/records?since=2026-11-22T10:00:00", "?/since"),
        ("/api/v1/records?since=0001-01-01T00:00:00%2B12:00", "?/since"),
        ("/api/v1/records?collection=No!", "?/collection"),
        ("/api/v1/records?limit=3", "?/limit"),
        ("/kbart.txt?format=csv", "?/format"),
    ],
)
def test_what_is_not_right_is_named(client: TestClient, path: str, pointer: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
