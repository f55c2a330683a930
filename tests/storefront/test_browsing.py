import pytest

from app.storefront.browsing import page_numbers
from tests.storefront.visitor import Visitor

pytestmark = pytest.mark.seeded


def test_the_list_has_numbered_pages_and_the_last_is_as_far_as_it_goes(visitor: Visitor) -> None:
    first = visitor.get("/films")
    assert len(first.all("//main//article")) == 24
    assert first.one("//*[@role='status']") == "42 films, page 1 of 2"
    assert first.all("//a[@rel='next']/@href") == ["/films?page=2"]

    last = visitor.get("/films?page=99")
    assert last.path == "/films?page=2"
    assert len(last.all("//main//article")) == 18
    assert last.all("//a[@rel='next']") == []
    assert set(first.all("//article//a/@href")).isdisjoint(last.all("//article//a/@href"))


def test_a_filter_is_a_link_with_the_count_that_it_then_shows(visitor: Visitor) -> None:
    page = visitor.get("/films")
    for link in page.document.xpath("//*[@id='filters']//li/a")[:12]:
        count = int("".join(filter(str.isdigit, link.xpath(".//*[@class='filter-count']")[0].text)))
        found = visitor.get(link.get("href"))
        assert found.one("//*[@role='status']").split(" film")[0] == str(count)


def test_a_filter_in_use_can_be_taken_away_by_itself(visitor: Visitor) -> None:
    page = visitor.get("/films?subject=russia&language=rus")
    chips = dict(
        zip(page.all("//*[@class='chip']"), page.all("//*[@class='chip']/@href"), strict=True)
    )
    assert chips["Remove the filter Russia ✕"] == "/films?language=rus"
    assert chips["Remove the filter Russian ✕"] == "/films?subject=russia"
    assert chips["Clear all"] == "/films"


def test_search_finds_a_film_by_its_director_without_accents(visitor: Visitor) -> None:
    page = visitor.get("/films?q=gorter")
    assert page.heading == "Films for “gorter”"
    assert "The Red Soul" in page.all("//article//h2")


def test_nothing_found_offers_ways_on(visitor: Visitor) -> None:
    page = visitor.get("/films?q=zzzzzz")
    assert page.status == 200
    assert "No film matches all of this" in page.text
    assert page.all("//main//form//input[@name='q']/@value") == ["zzzzzz"]
    assert "/collections/russia-and-the-former-soviet-union" in page.all("//main//a/@href")
    assert page.all("//meta[@name='robots']/@content") == ["noindex"]


def test_empty_fields_of_the_year_form_are_no_filter(visitor: Visitor) -> None:
    page = visitor.get("/films?year_from=&year_to=&sort=")
    assert page.one("//*[@role='status']") == "42 films, page 1 of 2"


def test_many_pages_are_shown_with_gaps() -> None:
    assert list(page_numbers(7, 20)) == [1, None, 6, 7, 8, None, 20]
    assert list(page_numbers(1, 3)) == [1, 2, 3]


def test_a_collection_keeps_its_own_order(visitor: Visitor) -> None:
    page = visitor.get("/collections/russia-and-the-former-soviet-union")
    assert page.all("//article//h2")[:4] == [
        "The Red Soul",
        "Art and Oligarchs",
        "Putin's Witnesses",
        "Pripyat",
    ]
