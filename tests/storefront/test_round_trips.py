"""An address with several parameters comes back as it was, whatever form it went through."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.storefront.visitor import Visitor

ADDRESSES = [
    "/compare?film=a&film=b",
    "/compare?film=a&film=b&as=dvd",
    "/films?q=a%26b&subject=history",
    "/films?q=100%25+true&language=rus&language=eng",
    "/films?q=%D0%BA%D0%BE%D1%88%D0%BA%D0%B0&sort=newest",
]


def next_of(href: str) -> str:
    return parse_qs(urlsplit(href).query)["next"][0]


@pytest.mark.parametrize("address", ADDRESSES)
def test_buyer_form_leads_back(visitor: Visitor, address: str) -> None:
    page = visitor.is_a_college(next_path=quote(address, safe=""))
    assert page.path == address


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_wrong_answer_keeps_the_way_back(visitor: Visitor, address: str) -> None:
    form = visitor.get(f"/buyer?next={quote(address, safe='')}").form("/buyer")
    refused = visitor.send(form, **{"class": "college", "size": "many", "country": "US"})
    page = visitor.send(
        refused.form("/buyer"), **{"class": "college", "size": "10", "country": "US"}
    )
    assert (refused.status, page.path) == (422, address)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_cart_without_a_buyer_asks_and_leads_back(visitor: Visitor, address: str) -> None:
    answer = visitor.client.post(
        "/cart/lines", data={"offer": "x", "back": address, "quantity": "1"}
    )
    assert answer.status_code == 303
    assert next_of(answer.headers["location"]) == address
    form = visitor.get(answer.headers["location"]).form("/buyer")
    assert visitor.send(form, **{"class": "college", "size": "9"}).path == address


def test_links_of_a_comparison_keep_all_its_films(visitor: Visitor, session: Session) -> None:
    films = [factories.offer(session).film for _ in range(2)]
    session.commit()
    address = "/compare?" + "&".join(f"film={film.slug}" for film in films)

    page = visitor.get(address)
    assert page.form("/buyer").fields["next"] == address
    page = visitor.send(page.form("/buyer"), **{"class": "college", "size": "4200"})

    assert page.path == address
    changes = page.all("//div[@class='who-bar']//a/@href")
    assert [next_of(href) for href in changes] == [address]
    backs = page.all("//form[@action='/cart/lines']/input[@name='back']/@value")
    assert backs
    assert set(backs) == {address}


@pytest.mark.seeded
def test_links_of_a_list_keep_the_words_and_the_filters(visitor: Visitor) -> None:
    address = "/films?q=red+%26+soul&subject=russia&language=rus"
    page = visitor.get(address)
    links = page.all("//p[contains(@class, 'filters-who')]//a/@href")
    asked = parse_qs(urlsplit(address).query)
    assert [parse_qs(urlsplit(next_of(href)).query) for href in links] == [asked]
    years = next(form for form in page.document.forms if "year_from" in form.fields)
    assert {name: [value] for name, value in years.form_values() if value} == asked


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "/\\evil.example", "https://evil.example"]
)
def test_back_links_stay_in_the_store(visitor: Visitor, elsewhere: str) -> None:
    assert visitor.is_a_college(next_path=quote(elsewhere, safe="")).path == "/films"


def test_letters_of_any_script_lead_back(visitor: Visitor) -> None:
    page = visitor.is_a_college(next_path=quote("/films?q=中国", safe=""))
    assert page.path == "/films?q=%E4%B8%AD%E5%9B%BD"
