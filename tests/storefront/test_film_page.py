import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests import factories
from tests.storefront.visitor import PERSON, Visitor

pytestmark = pytest.mark.seeded
FILM = "/films/the-red-soul"


def test_film_page_separates_watching_and_licensing(visitor: Visitor) -> None:
    page = visitor.get(FILM)
    doors = page.all("//*[@class='doors']/section/h2")
    assert doors == ["License for your institution", "Watch at home"]
    home = page.document.xpath("//*[@aria-labelledby='door-home']")[0]
    assert [link.text for link in home.iter("a")] == ["OVID.tv"]
    assert home.xpath(".//form | .//button") == []
    assert "does not include the right to show the film to a class" in home.text_content()


def test_a_watch_link_cannot_be_put_in_a_cart(visitor: Visitor) -> None:
    page = visitor.is_a_college(next_path=FILM)
    form = next(f for f in page.document.forms if f.action == "/cart/lines")
    for not_an_offer in ("OVID.tv", "https://www.ovid.tv/", "the-red-soul", ""):
        refused = visitor.send(form, offer=not_an_offer)
        assert refused.status == 422
        assert "not found" in refused.one("//*[@class='error-summary']")
        assert "Your cart is empty" in refused.text


def test_saved_buyer_shows_the_price_comparison(visitor: Visitor) -> None:
    asked = visitor.get(FILM)
    assert asked.all("//select[@id='class']/option/@value")[1:] == [
        "college",
        "community_college",
        "k12_school",
        "k12_district",
        "public_library",
        "government",
        "hospital",
        "corporation",
        "nonprofit",
    ]
    assert asked.document.xpath("//form[@action='/cart/lines']") == []

    told = visitor.send(asked.form("/buyer"), **{"class": "college", "size": "4,200"})
    assert told.path == FILM
    table = "(//table[contains(@class, 'compare')])[1]"
    assert told.all(f"{table}//tbody//th") == [
        "May we show it in class?",
        "May we show it to an audience?",
        "May we put it on our server?",
        "For how long?",
        "Who may watch?",
        "Are there captions?",
        "What does it cost, and why?",
    ]
    prices = told.all(f"{table}//*[@class='compare-price']")
    assert prices[0] == "$398.00"
    assert len(prices) == 4
    assert "For a college or university, 4,200 FTE students, United States." in told.text
    assert visitor.get("/films/pripyat").all("//select[@id='class']") == []


def test_price_is_explained(visitor: Visitor) -> None:
    page = visitor.is_a_college(next_path=FILM)
    why = page.all("//*[@class='why']/li")
    assert any("College or university, any size" in line for line in why)
    assert any("2,500 to 9,999 FTE students" in line for line in why)
    assert "Under DVD with public performance rights, version 1.1" in why


def test_without_a_size_the_page_asks_for_it_where_it_matters(visitor: Visitor) -> None:
    page = visitor.is_a_college(size="", next_path=FILM)
    assert page.all("//*[@class='compare-price']") == ["$398.00"]
    assert "How many full-time-equivalent students are enrolled?" in page.one(
        "//*[contains(@class, 'size-needed')]"
    )
    assert page.document.xpath("//*[@class='refused']") == []
    assert "Enter your size" in page.all("//a")


def test_an_unsold_license_gives_its_reason(visitor: Visitor) -> None:
    form = visitor.get("/buyer?next=/films/iraq-in-fragments").form("/buyer")
    page = visitor.send(form, **{"class": "college", "size": "100", "country": "FR"})
    assert page.path == "/films/iraq-in-fragments"
    assert page.all("//*[@class='compare-price']") == []
    assert "No licenses available to you now, and why" in page.text
    assert "This license is available in Canada and the United States only." in page.one(
        "//*[@class='refused']"
    )


def test_the_last_day_to_order_is_the_same_as_where_films_leave(visitor: Visitor) -> None:
    row = "//tr[th='What is the last day to order?']/td"
    told = visitor.is_a_college(next_path="/films/pripyat").all(f"({row})/text()")
    days = visitor.get("/leaving").all("//main//dd")
    assert days[0] == "No end date"
    assert told == ["No end date", *(day.removeprefix("Order by ") for day in days[1:])]
    assert len(told) == 3
    assert visitor.get(FILM).all(row) == []


def test_film_not_for_sale_does_not_ask_for_the_buyer(visitor: Visitor) -> None:
    page = visitor.get("/films/art-and-oligarchs")
    (door,) = page.all("//*[@aria-labelledby='door-license'][contains(@class, 'door')]")
    assert "No license for this film is available yet." in door
    assert "Institutions can stream it through Docuseek." in door
    assert page.all("//form[@action='/buyer']") == []


def test_invalid_buyer_form_keeps_its_values(visitor: Visitor) -> None:
    form = visitor.get(f"/buyer?next={FILM}").form("/buyer")
    page = visitor.send(form, **{"class": "", "size": "many", "country": "CA"})
    assert page.status == 422
    assert page.problems() == [
        "Choose an institution type",
        "Enter the size as a whole number, like 4200, or leave it empty",
    ]
    assert page.all("//input[@id='size']/@value") == ["many"]
    assert page.all("//select[@id='country']/option[@selected]/@value") == ["CA"]
    assert page.all("//*[@id='size']/@aria-invalid") == ["true"]
    assert page.form("/buyer").fields["next"] == FILM


def test_buyer_form_redirects_only_within_the_store(visitor: Visitor) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "films"):
        form = visitor.get("/buyer").form("/buyer")
        page = visitor.send(form, **{"class": "college", "next": elsewhere})
        assert page.path == "/films"


def test_altered_buyer_cookie_is_ignored(visitor: Visitor, client: TestClient) -> None:
    visitor.is_a_college()
    signed = client.cookies["rr_buyer"]
    client.cookies.clear()
    client.cookies.set("rr_buyer", f"{signed[:-1]}{'0' if signed[-1] != '0' else '1'}")
    assert visitor.get(FILM).all("//select[@id='class']") != []


def test_film_page_lists_press_accolades_and_next_film(visitor: Visitor) -> None:
    page = visitor.get(FILM)
    assert "Feature-Length Competition" in page.one("//*[@id='awards']")
    heading = "Up next in Russia & the Former Soviet Union"
    assert heading in page.all("//h2")
    following = page.all(f"//section[.//h2[.='{heading}']]//h3")
    assert following[:3] == ["Art and Oligarchs", "Putin's Witnesses", "Pripyat"]
    assert page.all("//a[@rel='next']/@href") == ["/films/art-and-oligarchs"]
    assert page.all("//a[@rel='prev']") == []
    after = visitor.get("/films/art-and-oligarchs")
    assert after.all("//a[@rel='prev']/@href") == [FILM]


def test_the_records_for_a_library_are_linked(visitor: Visitor) -> None:
    links = visitor.get(FILM).all("//*[@aria-labelledby='formats']//a[@download]/@href")
    assert links == [
        f"{FILM}/record.{form}?delivery={delivery}"
        for delivery in ("dvd", "file")
        for form in ("mrc", "xml", "mrk")
    ]
    assert [visitor.client.get(link).status_code for link in links] == [200] * 6


def test_poster_is_cacheable(client: TestClient) -> None:
    for ratio, size in {"portrait": "800", "wide": "1600", "card": "1200"}.items():
        answer = client.get(f"{FILM}/poster.svg?ratio={ratio}")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert answer.headers["cache-control"] == "public, max-age=3600"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert f'width="{size}"' in answer.text
    assert client.get(f"{FILM}/poster.svg?ratio=round", headers=PERSON).status_code == 422
    assert client.get("/films/none/poster.svg").status_code == 404


def test_a_long_title_is_set_smaller_and_many_directors_are_counted(
    visitor: Visitor, session: Session
) -> None:
    names = [f"Director {letter}" for letter in "ABCDEF"]
    film = factories.film(
        session,
        title="The Night Shift at the Harbor: What the Dockworkers Remembered and Forgot",
        credits=[{"name": name, "role": "director"} for name in names],
    )
    session.commit()

    page = visitor.get(f"/films/{film.slug}")

    assert page.one("//h1[contains(@class, 'film-title-long')]") == film.title
    assert page.one("//*[@class='film-by']") == "Directed by Director A, Director B and 4 others"
    assert all(name in page.text for name in names)
    assert visitor.get(FILM).all("//h1[contains(@class, 'film-title-long')]") == []
