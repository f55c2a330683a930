"""The licensing answer for a whole list, over the API."""

from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.catalog import public_revision
from app.catalog.models import Film
from app.core import clock
from app.offers.models import RightsWindow
from tests import factories
from tests.catalog.counting import counted
from tests.offers import offer_factories

ADDRESS = "/api/v1/availability"


@pytest.fixture
def film(session: Session) -> Film:
    """The Red Soul, with a DVD on sale at $199 for colleges."""
    made = offer_factories.film_with_rights(session)
    offer_factories.disc(session, made, position=0)
    public_revision.bump(session)
    session.commit()
    return made


def ask(client: TestClient, *rows: dict[str, Any], **more: Any) -> Any:  # noqa: ANN401 - JSON
    body = {"class": "college", "size": 4200, "rows": list(rows), **more}
    response = client.post(ADDRESS, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_row_is_answered_as_the_film_itself_would(client: TestClient, film: Film) -> None:
    answer = ask(client, {"ref": "7", "title": "Red Soul, The [DVD]"}, country="us")
    assert (answer["matched"], answer["uncertain"], answer["not_found"]) == (1, 0, 0)
    (row,) = answer["rows"]
    assert (row["row"], row["ref"], row["outcome"]) == (0, "7", "matched")
    assert (row["match"]["slug"], row["match"]["score"]) == (film.slug, 100)
    assert row["match"]["why"] == ["Same title"]
    question = "?class=college&size=4200&country=US"
    own = client.get(f"/api/v1/films/{film.slug}/licensing{question}").json()
    assert row["licensing"] == own
    assert own["offers"][0]["price"] == {"amount": 19900, "currency": "USD"}
    assert row["versions"][0]["label"] == "Feature"


def test_film_that_cannot_be_had_says_why(client: TestClient, film: Film) -> None:
    answer = ask(client, {"title": film.title}, country="NL", **{"class": "public_library"})
    assert answer["rows"][0]["not_licensable"] == [
        (
            "DVD with public performance rights: This license is available in Canada and the "
            "United States only."
        ),
        "DVD with public performance rights: This license is not available to public libraries.",
    ]


def test_film_without_offers_says_so(client: TestClient, session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    session.commit()
    (row,) = ask(client, {"slug": film.slug})["rows"]
    assert row["outcome"] == "matched"
    assert row["not_licensable"] == [
        ("No license for this film is currently available to institutions.")
    ]


def test_rows_that_are_not_surely_ours_get_candidates_or_nothing(
    client: TestClient, film: Film
) -> None:
    likely, foreign = ask(
        client,
        {"title": "The Red Soil", "year": 1900},
        {"title": "Completely Different", "ref": "b"},
    )["rows"]
    assert (foreign["outcome"], foreign["match"], foreign["candidates"]) == ("none", None, [])
    assert (likely["outcome"], likely["licensing"]) == ("candidates", None)
    assert [(each["slug"], each["score"]) for each in likely["candidates"]] == [(film.slug, 64)]


def test_rights_end_is_the_day_that_ends_them(
    client: TestClient, session: Session, film: Film
) -> None:
    last = date(clock.today().year + 30, 6, 30)
    session.execute(update(RightsWindow).values(ends_on=last))
    session.commit()
    (row,) = ask(client, {"title": film.title})["rows"]
    assert [each["rights_end_on"] for each in row["licensing"]["offers"]] == [last.isoformat()]


def test_new_title_is_found_by_the_next_question(
    client: TestClient, session: Session, film: Film
) -> None:
    assert ask(client, {"title": "Crimson Spirit"})["rows"][0]["outcome"] == "none"
    film.title = "Crimson Spirit"
    public_revision.bump(session, [film.id])
    session.commit()
    assert ask(client, {"title": "Crimson Spirit"})["rows"][0]["match"]["slug"] == film.slug


def test_number_of_queries_does_not_grow_with_the_rows(
    app: FastAPI, client: TestClient, session: Session
) -> None:
    films = [offer_factories.film_with_rights(session) for _ in range(12)]
    for film in films:
        offer_factories.disc(session, film, position=0)
    public_revision.bump(session)
    session.commit()
    ask(client, {"slug": films[0].slug})
    counts = []
    for wanted in (films[:2], films):
        with app.state.readers() as reader, counted(reader) as statements:
            ask(client, *({"slug": film.slug} for film in wanted))
        counts.append(len(statements))
    assert counts == [12, 12]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ({"upc": "012345678900"}, "Ignored: The check digit of UPC '012345678900' is wrong"),
        ({"isbn": "97819487457"}, "Ignored: ISBN '97819487457' is invalid"),
        ({"eidr": "10.5240/X"}, "Ignored: enter EIDR '10.5240/X' in full: 10.5240/"),
        ({"oclc": "many"}, "Ignored: OCLC number 'many' is invalid"),
        ({"upc": "7.86936E+11"}, "Ignored: A spreadsheet shortened UPC '7.86936E+11'"),
    ],
)
def test_unreadable_number_is_left_out_and_its_row_says_so(
    client: TestClient, film: Film, number: dict[str, str], words: str
) -> None:
    answer = ask(client, {"title": film.title} | number, number, {"title": film.title})
    with_title, alone, other = answer["rows"]
    assert with_title["match"]["slug"] == film.slug
    assert (alone["outcome"], other["notes"]) == ("none", [])
    for row in (with_title, alone):
        assert [note[: len(words)] for note in row["notes"]] == [words]


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ({"title": "A", "year": "2018"}, "#/rows/1/year"),
        ({"title": "A", "year": 99}, "#/rows/1/year"),
        ({"title": "A" * 301}, "#/rows/1/title"),
        ({"title": "a\x00b"}, "#/rows/1/title"),
        ({"year": 2018}, "#/rows/1"),
        ({"tilte": "A", "title": "A"}, "#/rows/1/tilte"),
    ],
)
def test_problem_names_the_row_and_the_field(
    client: TestClient, row: dict[str, Any], pointer: str
) -> None:
    body = {"class": "college", "rows": [{"title": "A"}, row]}
    response = client.post(ADDRESS, json=body)
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"class": "college", "rows": []}, "#/rows"),
        ({"class": "college", "rows": [{"title": "A"}] * 1001}, "#/rows"),
        ({"class": "individual", "rows": [{"title": "A"}]}, "#/class"),
        ({"class": "college", "country": "XX", "rows": [{"title": "A"}]}, "#/country"),
        ({"class": "college", "size": -1, "rows": [{"title": "A"}]}, "#/size"),
    ],
)
def test_bad_question_is_refused_by_its_field(
    client: TestClient, body: dict[str, Any], pointer: str
) -> None:
    response = client.post(ADDRESS, json=body)
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == [pointer]


@pytest.mark.seeded
def test_example_in_the_description_works_on_the_sample_catalog(
    app: FastAPI, client: TestClient
) -> None:
    (example,) = app.openapi()["components"]["schemas"]["AvailabilityIn"]["examples"]
    assert CustomerClass(example["class"])
    answer = client.post(ADDRESS, json=example).json()
    assert [row["match"] and row["match"]["slug"] for row in answer["rows"]] == [
        "the-red-soul",
        "crutch",
        None,
    ]
    assert answer["rows"][0]["licensing"]["offers"]
    assert [each["slug"] for each in answer["rows"][2]["candidates"]] == [
        "grass-a-nations-battle-for-life"
    ]


def test_cells_that_a_spreadsheet_changed_are_read_or_told(
    client: TestClient, session: Session
) -> None:
    factories.film(session, identifiers=[{"kind": "upc", "value": "036000291452"}])
    public_revision.bump(session)
    session.commit()
    answers = ask(
        client,
        {"upc": 36000291452},
        {"title": "#REF!"},
        {"title": "11-Sep"},
        {"upc": "7.86936E+11"},
    )["rows"]
    assert answers[0]["outcome"] == "matched"
    assert [each["notes"] for each in answers[:3]] == [
        [],
        ["Ignored: #REF! is a spreadsheet error."],
        ["“11-Sep” looks like a date that a spreadsheet changed. Check the title."],
    ]
    assert answers[1]["outcome"] == "none"
    assert "A spreadsheet shortened" in answers[3]["notes"][0]
