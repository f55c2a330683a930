import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml.html import FormElement
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.offers.models import Offer
from app.orders import carts
from app.orders.models import Order
from tests import factories
from tests.emails import text_of
from tests.storefront.visitor import BUYER, PERSON, Visitor

STATE_WANTED = "Enter the two-letter state, like NY."
ZIP_WANTED = "Enter a ZIP code, like 10027 or 10027-5909."


@pytest.fixture
def disc(session: Session) -> Offer:
    offer = factories.offer(session)
    session.commit()
    return offer


@pytest.fixture
def filled(visitor: Visitor, disc: Offer) -> Visitor:
    """A visitor with one disc in the cart."""
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    return visitor


@pytest.fixture
def later() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(clock.now(), tick=True) as traveller:
        yield traveller


def only_order(session: Session) -> Order:
    order = session.scalars(select(Order)).one()
    session.commit()  # a reader that stays would keep the store from writing
    return order


def count_orders(session: Session) -> int:
    count = session.scalar(select(func.count(Order.id))) or 0
    session.commit()
    return count


def test_a_guest_places_an_order_with_a_purchase_order(filled: Visitor, session: Session) -> None:
    page = filled.order(pay="po", po_number="PO-77", note="Second floor")
    order = only_order(session)
    assert page.path.startswith(f"/orders/{order.number}?token={order.access_token}")
    assert page.heading == "Thank you for your order"
    assert (order.total_amount, order.po_number, order.note) == (39800, "PO-77", "Second floor")
    assert order.institution == "Example College"
    assert order.shipping == order.billing
    (accepted,) = order.accepted_texts
    text = session.scalars(select(Offer)).one().license_text
    assert (accepted["code"], accepted["version"]) == (text.code, text.version)
    assert accepted["sha256"] == text.sha256
    assert "Your cart is empty" in filled.get("/cart").text


def test_order_is_saved_when_the_payment_page_is_unavailable(
    filled: Visitor, session: Session
) -> None:
    page = filled.order()
    assert page.path.startswith(f"/orders/{only_order(session).number}?token=")
    assert "We couldn't open the payment page" in page.one("//*[@role='status']")
    again = filled.send(page.form(f"/orders/{only_order(session).number}/pay"))
    assert again.status == 503
    assert "you have not been charged" in again.text


def test_problems_are_listed_on_top_and_at_their_fields(filled: Visitor, session: Session) -> None:
    page = filled.order(
        institution="",
        email="ada",
        billing_city="",
        billing_country="XX",
        pay="po",
        **{"accept_dvd-ppr": None},
    )
    assert page.status == 422
    assert page.one("//title").startswith("Error: ")
    assert page.problems() == [
        "Enter the name of your institution as it should appear on the license",
        "Enter an email address, like name@college.edu",
        "Enter the town or city of the billing address",
        "Choose the country of the billing address",
        "Enter the purchase order number, or choose to pay now",
        "Read and accept “Text dvd-ppr”, version 1.0",
    ]
    for target in page.all("//*[@class='error-summary']//a/@href"):
        field = page.document.xpath(f"//*[@id='{target[1:]}']")[0]
        assert field.get("aria-invalid") == "true"
        assert page.document.xpath(f"//*[@id='{target[1:]}-error']") != []
    assert count_orders(session) == 0


def test_nothing_typed_is_lost(filled: Visitor) -> None:
    page = filled.order(email="nobody", note="Two\nlines", po_number="PO-9", ship_to="other")
    form = page.form("/checkout")
    assert form.fields["email"] == "nobody"
    assert form.fields["note"].split() == ["Two", "lines"]
    assert form.fields["po_number"] == "PO-9"
    assert form.fields["ship_to"] == "other"
    assert form.fields["institution"] == "Example College"
    assert form.fields["accept_dvd-ppr"] is not None
    assert page.problems() == [
        "Enter an email address, like name@college.edu",
        "Enter the street address of the shipping address",
        "Enter the town or city of the shipping address",
        "Enter the state or province of the shipping address",
        "Enter the ZIP or postal code of the shipping address",
    ]


def test_invalid_state_stays_in_its_field(filled: Visitor, session: Session) -> None:
    refused = filled.order(
        pay="po", po_number="1", billing_region="Ontario", billing_postal_code="1002"
    )
    assert refused.problems() == [
        f"Check the state or province of the billing address. {STATE_WANTED}",
        f"Check the ZIP or postal code of the billing address. {ZIP_WANTED}",
    ]
    fields = refused.form("/checkout").fields
    assert (fields["billing_region"], fields["billing_postal_code"]) == ("Ontario", "1002")
    choices = refused.all("//datalist[@id='regions']/option/@value")
    assert (choices[0], choices[-1], len(choices)) == ("Alabama", "Yukon", 72)
    assert refused.all("//input[@list='regions']/@name") == ["billing_region", "shipping_region"]

    filled.order(
        pay="po", po_number="1", billing_region="new york", billing_postal_code="100275909"
    )
    billing = only_order(session).billing
    assert (billing["region"], billing["postal_code"]) == ("NY", "10027-5909")


def test_a_country_without_states_and_codes_asks_for_none(
    visitor: Visitor, session: Session
) -> None:
    offer = factories.offer(session, territory=("IE",))
    session.commit()
    visitor.is_a_college(country="IE")
    visitor.add(offer.film.slug, offer.sku)
    placed = visitor.order(
        pay="po", po_number="1", billing_country="IE", billing_region="", billing_postal_code=""
    )
    assert placed.heading == "Thank you for your order"


def test_a_disc_can_go_to_another_address_in_the_same_country(
    filled: Visitor, session: Session
) -> None:
    away = {
        "ship_to": "other",
        "shipping_line1": "1 Film Hall",
        "shipping_city": "Toronto",
        "shipping_region": "ON",
        "shipping_postal_code": "M5V 2T6",
        "shipping_country": "CA",
    }
    refused = filled.order(pay="po", po_number="1", **away)
    assert refused.status == 422
    assert "in the billing country" in refused.one("//*[@id='shipping_country-error']")

    at_home = {
        "shipping_country": "US",
        "shipping_city": "Buffalo",
        "shipping_region": "NY",
        "shipping_postal_code": "14201",
    }
    filled.order(pay="po", po_number="1", **{**away, **at_home})
    order = only_order(session)
    assert order.shipping is not None
    assert order.shipping["line1"] == "1 Film Hall"
    assert order.billing["line1"] == "170 Claremont Avenue"


def test_a_cart_of_files_asks_for_no_shipping_address(visitor: Visitor, session: Session) -> None:
    offer = factories.offer(
        session, delivery="file", rights=factories.SITE_LICENSE, term=factories.ONE_YEAR
    )
    session.commit()
    visitor.is_a_college()
    visitor.add(offer.film.slug, offer.sku)
    assert "Shipping address" not in visitor.checkout().text
    visitor.order(pay="po", po_number="PO-1")
    assert only_order(session).shipping is None


def test_repeated_form_places_one_order(filled: Visitor, session: Session) -> None:
    page = filled.checkout()
    first = filled.order(page, pay="po", po_number="PO-1")
    second = filled.order(page, pay="po", po_number="PO-1")
    assert first.path == second.path
    assert count_orders(session) == 1


def test_price_changed_during_checkout_needs_confirmation(
    filled: Visitor,
    session: Session,
    disc: Offer,
    later: time_machine.Traveller,
) -> None:
    page = filled.checkout()
    factories.reprice(session, disc.sku, 41000)
    session.commit()
    later.shift(timedelta(days=2))

    asked = filled.order(page, pay="po", po_number="PO-1")
    assert asked.status == 422
    assert "The price changed from $398.00 to $410.00." in asked.problems()[0]
    assert count_orders(session) == 0

    filled.order(asked, pay="po", po_number="PO-1")
    assert only_order(session).total_amount == 41000


def test_a_license_text_that_changed_must_be_read_again(filled: Visitor) -> None:
    page = filled.order(**{"accept_dvd-ppr": "0" * 64})
    assert page.problems() == ["Read and accept “Text dvd-ppr”, version 1.0"]


def test_a_country_where_it_is_not_sold_is_refused_with_the_reason(
    filled: Visitor, session: Session
) -> None:
    page = filled.order(billing_country="FR", pay="po", po_number="1")
    assert page.status == 422
    assert "This license is available" in page.problems()[0]
    assert count_orders(session) == 0


def test_the_form_has_the_autocomplete_words_that_browsers_know(filled: Visitor) -> None:
    page = filled.checkout()
    assert page.all("//input[@id='institution']/@autocomplete") == ["organization"]
    assert page.all("//input[@id='email']/@autocomplete") == ["email"]
    assert page.all("//input[@id='billing_line1']/@autocomplete") == ["billing address-line1"]
    assert page.headers["cache-control"] == "private, no-store"
    assert page.document.xpath("//input[@placeholder] | //button[@disabled]") == []


def test_shipping_abroad_is_shown_before_the_order(
    visitor: Visitor, disc: Offer, settings: Settings, client: TestClient
) -> None:
    del client
    form = visitor.get("/buyer").form("/buyer")
    visitor.send(form, **{"class": "college", "country": "CA"})
    page = visitor.add(disc.film.slug, disc.sku)
    assert settings.shipping_international_amount == 1200
    assert page.all("//*[@class='totals']//td") == [
        "$398.00 USD",
        "$12.00 USD",
        "No tax is charged",
        "$410.00 USD",
    ]
    assert "Place order, $410.00" in visitor.checkout().one("//button[contains(., 'Place')]")


def test_a_form_with_another_visitors_value_does_not_lead_to_their_order(
    filled: Visitor, disc: Offer, app: FastAPI
) -> None:
    page = filled.checkout()
    theirs = filled.order(page, pay="po", po_number="PO-1")
    with TestClient(app, follow_redirects=False) as client:
        stranger = Visitor(client)
        stranger.is_a_college()
        stranger.add(disc.film.slug, disc.sku)
        once = page.form("/checkout").fields["once"]

        own = stranger.order(stranger.checkout(), once=once, pay="po", po_number="PO-2")

    assert own.path.startswith("/orders/")
    assert own.path != theirs.path


def test_two_forms_of_one_cart_sent_at_once_place_one_order(
    filled: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = [filled.checkout().form("/checkout") for _ in range(2)]
    both_read = threading.Barrier(2)
    review = carts.price_cart

    def wait_for_the_other(*given: Any, **named: Any) -> carts.CartReview:  # noqa: ANN401
        found = review(*given, **named)
        with suppress(threading.BrokenBarrierError):
            both_read.wait(timeout=1)
        return found

    monkeypatch.setattr(carts, "price_cart", wait_for_the_other)

    def send(form: FormElement) -> int:
        boxes = {b.get("name"): b.get("value") for b in form.xpath(".//input[@type='checkbox']")}
        values = {**dict(form.form_values()), **BUYER, **boxes}
        return filled.client.post("/checkout", data=values, headers=PERSON).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(send, forms)) == [303, 303]

    assert count_orders(session) == 1


def test_checkout_shows_the_order_before_the_form(filled: Visitor) -> None:
    page = filled.checkout()
    parts = page.document.xpath("//*[@id='summary'] | //form[@action='/checkout']")
    assert [part.tag for part in parts] == ["h2", "form"]
    assert "398.00" in page.one("//section[@aria-labelledby='summary']")


@pytest.mark.parametrize("path", ["/cart", "/checkout"])
def test_cart_is_not_stored_by_browsers(filled: Visitor, path: str) -> None:
    page = filled.get(path)
    assert page.headers["cache-control"] == "private, no-store"
    assert any("reload-restored" in source for source in page.all("//script/@src"))


def test_too_long_name_is_refused(filled: Visitor, session: Session) -> None:
    assert filled.checkout().document.xpath("//main//input[@type='text'][@maxlength]") == []

    page = filled.order(institution="x" * 201, billing_city="y" * 121)

    assert page.status == 422
    assert "Enter the name of your institution" in page.text
    assert "in up to 200 characters" in page.text
    assert "in up to 120 characters" in page.text
    assert page.form("/checkout").fields["institution"] == "x" * 201
    assert count_orders(session) == 0


def test_a_buyer_abroad_reads_the_currency_beside_every_total(
    visitor: Visitor, disc: Offer, session: Session
) -> None:
    visitor.is_a_college(country="CA")
    visitor.add(disc.film.slug, disc.sku)
    total = "$410.00 USD"

    assert total in visitor.get("/cart").text
    assert total in visitor.get("/checkout").text
    page = visitor.order(billing_country="CA", billing_region="QC", billing_postal_code="H2X 1Y4")
    assert total in page.text
    order = only_order(session)
    texts = [
        text_of(queued)
        for queued in session.scalars(
            select(OutboxEmail).where(OutboxEmail.reference == order.number)
        )
    ]
    session.commit()
    assert any(total in text for text in texts)


def test_a_buyer_at_home_needs_no_currency(filled: Visitor) -> None:
    assert "USD" not in filled.get("/cart").text
