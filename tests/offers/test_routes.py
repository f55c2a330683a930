"""The public API of the offers."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.core import clock
from app.offers import offer_service
from app.offers.rights_text import Topic
from tests.catalog.counting import counted
from tests.offers import offer_factories

LICENSING = "/api/v1/films/{slug}/licensing"


@pytest.fixture
def film(session: Session) -> Film:
    """A film with a DVD and a site license on sale at $199 for colleges."""
    made = offer_factories.film_with_rights(session)
    offer_factories.disc(session, made, position=0)
    offer_factories.published(session, made, position=1)
    session.commit()
    return made


def ask(client: TestClient, film: Film, **params: Any) -> Any:  # noqa: ANN401 - JSON
    """Ask what a buyer may license."""
    response = client.get(LICENSING.format(slug=film.slug), params=params)
    assert response.status_code == 200, response.text
    return response.json()


def test_college_is_offered_both_with_rights_price_and_text(client: TestClient, film: Film) -> None:
    answer = ask(client, film, **{"class": "college", "size": 5000, "country": "us"})
    assert answer["film"] == {"slug": film.slug, "title": "The Red Soul"}
    assert answer["buyer"] == {"class": "college", "size": 5000, "country": "US"}
    assert answer["on"] == clock.today().isoformat()
    assert answer["not_offered"] == []
    disc, file = answer["offers"]
    assert (disc["sku"], disc["delivery"], disc["ships"]) == (f"{film.slug}-dvd-ppr", "dvd", True)
    assert disc["term"] == {
        "kind": "life_of_media",
        "months": None,
        "words": "the life of the disc",
    }
    assert disc["price"] == {"amount": 19900, "currency": "USD"}
    assert [line["amount"]["amount"] for line in disc["price_explanation"]] == [19900]
    assert disc["rights"]["ppr"]["included"] is True
    assert "Public performance rights are included." in disc["rights_text"]
    assert [said["topic"] for said in disc["rights_answers"]] == [str(topic) for topic in Topic]
    assert (file["delivery"], file["versions"]) == ("file", ["Feature"])
    assert "Public performance rights are not included" in file["rights_text"]


def test_text_that_an_offer_names_can_be_read_and_has_that_hash(
    client: TestClient, film: Film
) -> None:
    named = ask(client, film, **{"class": "college"})["offers"][0]["license_text"]
    assert named["url"].endswith("/license-texts/dvd-ppr/1.0")
    text = client.get(f"/api/v1/license-texts/{named['code']}/{named['version']}").json()
    assert text["sha256"] == named["sha256"]
    assert text["body"] == "What it says.\n"
    listed = client.get("/api/v1/license-texts").json()
    assert [each["code"] for each in listed] == ["digital-site-license", "dvd-ppr"]


def test_library_is_told_why_not(client: TestClient, film: Film) -> None:
    answer = ask(client, film, **{"class": "public_library", "country": "NL"})
    assert answer["offers"] == []
    assert answer["not_offered"][0] == {
        "sku": f"{film.slug}-dvd-ppr",
        "title": "DVD with public performance rights",
        "delivery": "dvd",
        "term": "the life of the disc",
        "reasons": [
            "This license is available in Canada and the United States only.",
            "This license is not available to public libraries.",
        ],
        "reason_codes": ["outside_territory", "not_for_class"],
    }


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({}, "?/class"),
        ({"class": "individual"}, "?/class"),
        ({"class": "college", "size": "-1"}, "?/size"),
        ({"class": "college", "size": "many"}, "?/size"),
        ({"class": "college", "size": "99999999999999999999"}, "?/size"),
        ({"class": "college", "country": "XX"}, "?/country"),
        ({"class": "college", "country": "USA"}, "?/country"),
        ({"class": "college", "clas": "college"}, "?/clas"),
    ],
)
def test_bad_question_is_refused_by_its_field(
    client: TestClient, film: Film, params: dict[str, str], pointer: str
) -> None:
    response = client.get(LICENSING.format(slug=film.slug), params=params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_film_that_the_public_cannot_see_is_not_found(client: TestClient, session: Session) -> None:
    film = offer_factories.film_with_rights(session)
    film.status = type(film.status)("draft")
    session.commit()
    for slug in (film.slug, "no-such-film"):
        response = client.get(LICENSING.format(slug=slug), params={"class": "college"})
        assert response.status_code == 404


@pytest.mark.parametrize("path", ["dvd-ppr/1.0", "dvd-ppr/7.0"])
def test_unknown_text_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(f"/api/v1/license-texts/{path}").status_code == 404


def test_whole_answer_takes_seven_queries(app: FastAPI, client: TestClient, film: Film) -> None:
    with app.state.readers() as reader, counted(reader) as statements:
        ask(client, film, **{"class": "college"})
    assert len(statements) == 7


def test_withdrawing_is_seen_by_the_next_question(
    client: TestClient, session: Session, film: Film
) -> None:
    assert len(ask(client, film, **{"class": "college"})["offers"]) == 2
    offer_service.withdraw_offer(session, sku=f"{film.slug}-dvd-ppr", actor=offer_factories.STAFF)
    session.commit()
    answer = ask(client, film, **{"class": "college"})
    assert [each["sku"] for each in answer["offers"]] == [f"{film.slug}-dsl-1y"]
    assert answer["not_offered"][0]["reasons"] == ["This license is no longer available."]


@pytest.mark.parametrize("place", ["PR", "GU", "VI", "AS", "MP", "pr"])
def test_a_territory_of_the_us_is_offered_what_the_us_is(
    client: TestClient, film: Film, place: str
) -> None:
    there, home = (
        ask(client, film, **{"class": "college", "size": 5000, "country": country})
        for country in (place, "US")
    )
    assert there["not_offered"] == []
    assert there["offers"] == home["offers"]
    assert there["buyer"]["country"] == place.upper()
