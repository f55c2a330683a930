from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.offers import offer_service
from app.offers.models import Offer
from tests import factories
from tests.storefront.visitor import PERSON, Visitor


@pytest.fixture
def disc(session: Session) -> Offer:
    offer = factories.offer(session)
    session.commit()
    return offer


@pytest.fixture
def site_license(session: Session) -> Offer:
    offer = factories.offer(
        session, delivery="file", rights=factories.SITE_LICENSE, term=factories.ONE_YEAR
    )
    session.commit()
    return offer


@pytest.fixture
def later() -> Iterator[time_machine.Traveller]:
    """A clock that a test can set forward."""
    with time_machine.travel(clock.now(), tick=True) as traveller:
        yield traveller


def test_empty_cart_shows_the_next_step(visitor: Visitor) -> None:
    page = visitor.get("/cart")
    assert "Your cart is empty" in page.text
    assert page.all("//a[contains(@class, 'button-next')]/@href") == ["/films"]
    assert visitor.get("/checkout").path == "/cart"


def test_added_license_is_counted_in_the_header(visitor: Visitor, disc: Offer) -> None:
    visitor.is_a_college()
    page = visitor.add(disc.film.slug, disc.sku)
    assert page.path == f"/cart?added={disc.sku}"
    assert page.one("//*[@role='status']").startswith("Added to your cart: Film")
    assert page.one("//*[@class='cart-count']") == "1 license"
    assert page.all("//*[@class='totals']//td") == [
        "$398.00",
        "Free",
        "No tax is charged",
        "$398.00",
    ]


def test_copies_of_a_disc_can_be_changed_and_removed(visitor: Visitor, disc: Offer) -> None:
    visitor.is_a_college()
    page = visitor.add(disc.film.slug, disc.sku)
    action = page.document.xpath("//form[.//input[@name='quantity']]/@action")[0]
    page = visitor.send(page.form(action), quantity="3")
    assert page.all("//*[@class='totals']//td")[-1] == "$1,194.00"
    assert page.all("//input[@name='quantity']/@value") == ["3"]
    assert page.one("//li//*[@role='status']").startswith("Quantity changed to 3 copies: Film")
    page = visitor.send(page.form(action), quantity=None, remove="yes")
    assert page.one("//*[@role='status'][@autofocus]").startswith("Removed from your cart: Film")
    assert "Your cart is empty" in page.text
    assert page.all("//*[@class='cart-count']") == []


def test_invalid_quantity_stays_in_its_field(visitor: Visitor, disc: Offer) -> None:
    visitor.is_a_college()
    page = visitor.add(disc.film.slug, disc.sku)
    action = page.document.xpath("//form[.//input[@name='quantity']]/@action")[0]
    for typed in ("-1", "2.5", "many", "", "101", "٣"):
        refused = visitor.send(page.form(action), quantity=typed)
        assert refused.status == 422
        assert refused.one("//*[@class='field-error']") == (
            "Error: Enter a whole number from 1 to 100"
        )
        assert refused.all("//input[@name='quantity']/@value") == [typed]
    assert visitor.get("/cart").all("//input[@name='quantity']/@value") == ["1"]


def test_one_site_license_covers_all_and_adding_it_again_changes_nothing(
    visitor: Visitor, site_license: Offer
) -> None:
    visitor.is_a_college()
    visitor.add(site_license.film.slug, site_license.sku)
    page = visitor.add(site_license.film.slug, site_license.sku)
    assert page.all("//*[@class='totals']//td") == ["$398.00", "No tax is charged", "$398.00"]
    assert page.document.xpath("//input[@name='quantity']") == []


def test_adding_without_a_buyer_asks_for_the_buyer(
    visitor: Visitor, client: TestClient, disc: Offer
) -> None:
    visitor.is_a_college()
    page = visitor.get(f"/films/{disc.film.slug}")
    client.cookies.delete("rr_buyer")
    asked = visitor.send(page.form("/cart/lines"))
    assert asked.heading == "Who are you buying for?"
    assert asked.form("/buyer").fields["next"] == f"/films/{disc.film.slug}"


def test_changed_price_is_shown_and_acknowledged(
    visitor: Visitor, session: Session, disc: Offer, later: time_machine.Traveller
) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    factories.reprice(session, disc.sku, 41000)
    session.commit()
    later.shift(timedelta(days=1))

    page = visitor.get("/cart")
    assert "Some prices have changed." in page.text
    assert page.one("//*[@class='line-problem']") == ("The price changed from $398.00 to $410.00.")
    assert page.all("//*[@class='totals']//td")[-1] == "$410.00"
    noted = visitor.send(page.form("/cart/prices"))
    assert noted.all("//*[@class='line-problem']") == []


def test_a_license_that_is_no_longer_sold_says_why_and_stops_checkout(
    visitor: Visitor, session: Session, disc: Offer
) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    offer_service.withdraw_offer(session, sku=disc.sku, actor=Actor.staff("a@example.org", "A"))
    session.commit()

    page = visitor.get("/cart")
    assert page.one("//*[@class='line-problem']") == "This license is no longer available."
    assert "To check out," in page.text
    assert page.all("//a[@href='/checkout']") == []
    assert visitor.get("/checkout").path == "/cart"


def test_changed_buyer_updates_cart_prices(visitor: Visitor, disc: Offer) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    form = visitor.get("/buyer?next=/cart").form("/buyer")
    page = visitor.send(form, **{"class": "corporation", "size": "10"})
    assert page.path == "/cart"
    assert "Prices for a corporation, 10 staff, United States." in page.text
    assert page.one("//*[@class='line-problem']") == (
        "This license is not available to corporations."
    )


def test_cross_site_form_is_refused(visitor: Visitor, client: TestClient, disc: Offer) -> None:
    visitor.is_a_college()
    for site in ("cross-site", "same-site"):
        headers = PERSON | {"sec-fetch-site": site}
        answer = client.post("/cart/lines", data={"offer": disc.sku}, headers=headers)
        assert answer.status_code == 403
        assert "This form came from another site" in answer.text
    assert "Your cart is empty" in visitor.get("/cart").text


def test_cookies_are_http_only_and_same_site(
    visitor: Visitor, client: TestClient, disc: Offer
) -> None:
    form = visitor.get("/buyer").form("/buyer")
    answer = client.post(
        "/buyer", data={**dict(form.form_values()), "class": "college"}, headers=PERSON
    )
    film = visitor.get(f"/films/{disc.film.slug}").form("/cart/lines")
    added = client.post("/cart/lines", data=dict(film.form_values()), headers=PERSON)
    cookies = answer.headers.get_list("set-cookie") + added.headers.get_list("set-cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"rr_buyer", "rr_cart", "rr_cart_lines"}
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies)


@pytest.mark.parametrize("line_id", ["0", "2147483648", "9" * 30])
def test_removing_an_unknown_line_changes_nothing(
    visitor: Visitor, disc: Offer, line_id: str
) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)

    answer = visitor.client.post(f"/cart/lines/{line_id}", data={"remove": "1"}, headers=PERSON)

    assert answer.status_code == 303
    assert visitor.get("/cart").one("//*[@class='cart-count']") == "1 license"


@pytest.mark.parametrize(
    ("encoding", "text"), [("utf-8", "a\x00b"), ("utf-7", "+2AA-"), ("undefined", "college")]
)
def test_form_with_invalid_text_is_refused(visitor: Visitor, encoding: str, text: str) -> None:
    body = f'--x\r\nContent-Disposition: form-data; name="class"\r\n\r\n{text}\r\n--x--\r\n'

    answer = visitor.client.post(
        "/buyer",
        content=body.encode(),
        headers={**PERSON, "content-type": f"multipart/form-data; boundary=x; charset={encoding}"},
    )

    assert answer.status_code == 400
    assert "The form contains invalid characters." in answer.text


def test_forged_cart_count_is_ignored(visitor: Visitor) -> None:
    visitor.client.cookies.set("rr_cart_lines", "9" * 5000)
    assert visitor.get("/cart").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/films/a%00b",
        "/films/a%00b/poster.svg",
        "/people/a%00b",
        "/collections/%00",
        "/subjects/%00",
        "/license-texts/dvd%00/1.0",
        "/orders/%00?token=x",
        "/verify/%00",
        "/static/%00",
        "/%00",
    ],
)
def test_path_with_null_character_is_not_found(visitor: Visitor, path: str) -> None:
    # SQLite looks and finds nothing; PostgreSQL refuses to look.
    assert visitor.get(path).status == 404


@pytest.mark.parametrize("name", ["subject", "collection", "language", "country"])
def test_filter_with_null_character_is_refused(visitor: Visitor, name: str) -> None:
    page = visitor.get(f"/films?{name}=a%00b")
    assert page.status == 422
    assert [line.partition(":")[0] for line in page.all("//main//li")] == [name]
    assert page.all("//main//a/@href")[0] == "/films"
