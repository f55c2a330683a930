import pytest
from fastapi import FastAPI

from app.storefront.browsing import page_numbers
from tests.storefront.visitor import Visitor

pytestmark = pytest.mark.seeded


def test_list_page_after_the_last_redirects_to_the_last(visitor: Visitor) -> None:
    first = visitor.get("/films")
    assert len(first.all("//main//article")) == 24
    assert first.one("//*[@role='status']") == "42 films, page 1 of 2"
    assert first.all("//a[@rel='next']/@href") == ["/films?page=2"]

    last = visitor.get("/films?page=99")
    assert last.path == "/films?page=2"
    assert len(last.all("//main//article")) == 18
    assert last.all("//a[@rel='next']") == []
    assert set(first.all("//article//a/@href")).isdisjoint(last.all("//article//a/@href"))


def test_filter_link_shows_the_count_of_its_list(visitor: Visitor) -> None:
    page = visitor.get("/films")
    for link in page.document.xpath("//*[@id='filters']//li/a")[:12]:
        count = int("".join(filter(str.isdigit, link.xpath(".//*[@class='filter-count']")[0].text)))
        found = visitor.get(link.get("href"))
        assert found.one("//*[@role='status']").split(" film")[0] == str(count)


def test_active_filter_is_removable(visitor: Visitor) -> None:
    page = visitor.get("/films?subject=russia&language=rus")
    chips = dict(
        zip(page.all("//*[@class='chip']"), page.all("//*[@class='chip']/@href"), strict=True)
    )
    assert chips["Remove filter Russia ✕"] == "/films?language=rus"
    assert chips["Remove filter Spoken: Russian ✕"] == "/films?subject=russia"
    assert chips["Clear all"] == "/films"


def test_search_finds_a_film_by_its_director_without_accents(visitor: Visitor) -> None:
    page = visitor.get("/films?q=gorter")
    assert page.heading == "Films for “gorter”"
    assert "The Red Soul" in page.all("//article//h2")


def test_empty_search_suggests_next_steps(visitor: Visitor) -> None:
    page = visitor.get("/films?q=zzzzzz")
    assert page.status == 200
    assert "No films match these filters" in page.text
    assert page.all("//main//form//input[@name='q']/@value") == ["zzzzzz"]
    assert "/collections/russia-and-the-former-soviet-union" in page.all("//main//a/@href")
    assert page.all("//meta[@name='robots']/@content") == ["noindex"]


def test_empty_year_fields_are_ignored(visitor: Visitor) -> None:
    page = visitor.get("/films?year_from=&year_to=&sort=")
    assert page.one("//*[@role='status']") == "42 films, page 1 of 2"


def test_page_numbers_have_gaps() -> None:
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


def test_second_filter_value_widens_the_list(
    visitor: Visitor,
) -> None:
    page = visitor.get("/films?subject=russia")
    both = visitor.get("/films?subject=history&subject=russia")

    links = page.document.xpath("//*[@id='filters']//a[span[contains(., 'History')]]/@href")
    assert "/films?subject=history&subject=russia" in links
    assert both.all("//*[@id='filters']//a[@class='is-chosen']/@href") == [
        "/films?subject=russia",
        "/films?subject=history",
    ]


def test_typo_is_corrected_with_a_link_to_the_exact_search(visitor: Visitor) -> None:
    page = visitor.get("/films?q=stalinsm")
    exact = visitor.get("/films?q=stalinsm&exact=true")

    assert "The Red Soul" in page.all("//article//h2")
    assert "No results for “stalinsm”. Showing results for stalinism." in page.text
    assert "/films?q=stalinsm&exact=true" in page.all("//main//a/@href")
    assert exact.all("//article//h2") == []


def test_empty_list_suggests_filters_to_remove_or_keep(visitor: Visitor) -> None:
    drop = visitor.get("/films?q=gorter&length=under-30")
    keep = visitor.get("/films?q=gorter&length=under-30&subject=no-such")

    ways = dict(
        zip(drop.all("//*[@class='ways']//a"), drop.all("//*[@class='ways']//a/@href"), strict=True)
    )
    assert ways["Without Under 30 minutes"] == "/films?q=gorter"
    assert ways["Without “gorter”"] == "/films?length=under-30"
    assert "“gorter” only" in keep.all("//*[@class='ways']//a")
    assert "Film history" in keep.text  # a subject to begin again with


def test_price_filter_needs_a_buyer(visitor: Visitor) -> None:
    nobody = visitor.get("/films?subject=russia")
    assert "Your price" not in nobody.text
    ask = "/buyer?next=/films%3Fsubject%3Drussia"
    assert ask in nobody.all("//main//a/@href")

    there = visitor.send(
        visitor.get(ask).form("/buyer"), **{"class": "college", "size": "4200", "country": "US"}
    )

    assert there.path == "/films?subject=russia"
    assert "Your price" in there.text
    assert "Prices are for a college or university, 4,200 FTE students, United" in there.text


def test_sort_orders_are_links_without_a_parameter_for_the_default(visitor: Visitor) -> None:
    page = visitor.get("/films?q=russia&sort=newest")

    orders = dict(
        zip(
            page.all("//*[@class='sorts']//a"),
            page.all("//*[@class='sorts']//a/@href"),
            strict=True,
        )
    )
    assert orders["Best match"] == "/films?q=russia"
    assert orders["Longest first"] == "/films?q=russia&sort=longest"
    assert page.all("//*[@class='sorts']//a[@aria-current]") == ["Newest films first"]


def test_the_home_page_features_the_film_of_the_setting(visitor: Visitor) -> None:
    assert visitor.get("/").one("//*[@class='featured']//h2") == "The Red Soul"


@pytest.mark.parametrize(
    ("slug", "title"), [("grass-a-nations-battle-for-life", "Grass"), ("no-such-film", "")]
)
def test_featured_film_missing_shows_the_newest(
    visitor: Visitor, app: FastAPI, monkeypatch: pytest.MonkeyPatch, *, slug: str, title: str
) -> None:
    monkeypatch.setattr(
        app.state, "settings", app.state.settings.model_copy(update={"featured_film": slug})
    )

    featured = visitor.get("/").one("//*[@class='featured']//h2")

    assert featured != "The Red Soul"
    assert featured.startswith(title or "Three Songs")
