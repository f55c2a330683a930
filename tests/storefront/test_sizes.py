"""A size that is missing is asked for, not held against the buyer, and read as people type it."""

import csv
import io

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.offers.models import Offer
from app.storefront.buyer_form import parse_size
from tests import factories
from tests.storefront.visitor import Visitor

DISTRICT = CustomerClass.K12_DISTRICT
QUESTION = "How many students does the district serve?"


@pytest.fixture
def disc(session: Session) -> Offer:
    """A disc for districts of 1 to 9,999 students, and one for libraries only."""
    offer = factories.offer(session, classes=(DISTRICT,), sized=True)
    library = (CustomerClass.PUBLIC_LIBRARY,)
    factories.offer(session, of=offer.film, delivery="file", classes=library)
    session.commit()
    return offer


@pytest.fixture
def district(visitor: Visitor) -> Visitor:
    """A visitor who buys for a district and has not said how large it is."""
    form = visitor.get("/buyer").form("/buyer")
    visitor.send(form, **{"class": str(DISTRICT), "size": "", "country": "US"})
    return visitor


def test_a_film_page_asks_for_the_size(district: Visitor, disc: Offer) -> None:
    page = district.get(f"/films/{disc.film.slug}")

    asked = page.one("//*[contains(@class, 'size-needed')]")
    assert asked.startswith("Licenses with prices that depend on your size")
    assert QUESTION in asked
    refused = page.one("//ul[@class='refused']")
    assert disc.title not in refused
    assert "This license is not available to K-12 school districts." in refused
    assert QUESTION in page.one("//*[@aria-labelledby='door-license']")
    (path,) = page.document.xpath("//*[contains(@class, 'size-needed')]//a/@href")
    known = district.send(district.get(path).form("/buyer"), size="2,400 students")
    assert known.all("//*[@class='compare-price']") == ["$398.00"]
    assert "K-12 school district, 2,400 students, United States" in known.text
    assert "FTE" not in known.text


def test_the_api_asks_for_the_size_too(client: TestClient, disc: Offer) -> None:
    asks = {"class": str(DISTRICT), "country": "US"}
    answer = client.get(f"/api/v1/films/{disc.film.slug}/licensing", params=asks).json()
    assert answer["size_needed"] == [
        {
            "sku": disc.sku,
            "title": disc.title,
            "delivery": "dvd",
            "term": "the life of the disc",
            "question": QUESTION,
        }
    ]
    assert [no["reason_codes"] for no in answer["not_offered"]] == [["not_for_class"]]
    assert answer["offers"] == []

    rows = [{"slug": disc.film.slug}]
    listed = client.post("/api/v1/availability", json=asks | {"rows": rows}).json()["rows"][0]
    assert listed["not_licensable"] == []
    assert listed["licensing"]["size_needed"] == answer["size_needed"]


def test_abroad_a_missing_size_is_no_reason(client: TestClient, disc: Offer) -> None:
    asks = {"class": str(DISTRICT), "country": "NL"}
    answer = client.get(f"/api/v1/films/{disc.film.slug}/licensing", params=asks).json()
    assert answer["size_needed"] == []
    assert answer["not_offered"][0]["reason_codes"] == ["outside_territory"]


def test_a_list_asks_for_the_size_and_answers_with_it(district: Visitor, disc: Offer) -> None:
    page = district.send(district.get("/lookup").form("/lookup"), list=disc.film.title)
    assert page.one("//td[contains(@class, 'lookup-refused')]") == "Depends on your size"
    form = page.form("/lookup/cart")
    sheet = district.client.post("/lookup/answer.csv", data=dict(form.form_values()))
    (line,) = csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig")))
    assert line["reason not available"] == f"The price depends on your size. {QUESTION}"

    wrong = district.press(form, "/lookup", size="many")
    assert wrong.status == 422
    assert wrong.form("/lookup").fields["list"].strip().endswith(disc.film.title) or (
        disc.film.title in wrong.form("/lookup").fields["list"]
    )
    form.fields["size"] = "2,400 students"
    priced = district.press(form, "/lookup")
    assert priced.all("//label/strong") == ["$398.00"]
    assert "2,400 students" in priced.text
    assert "2,400 students" in district.get("/lookup").text


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("12,000 FTE", "12000"),
        ("12 000 students", "12000"),
        ("4.200", "4200"),
        ("about 4,200 (FTE)", "4200"),
        ("~850", "850"),
        ("FTE: 12000", "12000"),
        ("12k", "12000"),
        ("1.2 million residents", "1200000"),
        ("", None),
    ],
)
def test_a_size_is_read_as_people_type_it(typed: str, size: str | None) -> None:
    assert parse_size(typed) == size


@pytest.mark.parametrize("typed", ["many", "-5", "4,200 to 5,000", "12,5", "1e5", "2.5", "10/20"])
def test_invalid_size_shows_the_problem(visitor: Visitor, typed: str) -> None:
    form = visitor.get("/buyer").form("/buyer")
    page = visitor.send(form, **{"class": "college", "size": typed, "country": "US"})
    assert page.status == 422
    assert page.form("/buyer").fields["size"] == typed
