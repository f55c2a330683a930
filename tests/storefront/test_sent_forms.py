"""Forms of a browser that lost its cookies, of another site, or sent too often: nothing is lost."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import TooManyRequestsError
from app.notes.models import EducatorNote
from app.offers.models import Offer
from app.orders.models import Order
from tests import factories
from tests.storefront.visitor import BUYER, PERSON, Visitor

NOTE = {
    "body": "I showed the first forty minutes to my second-year seminar, in two parts.",
    "name": "Ada Reader",
    "role": "teaches modern history",
    "institution": "Example College",
    "email": "ada@example.edu",
}


@pytest.fixture
def disc(session: Session) -> Offer:
    offer = factories.offer(session)
    session.commit()
    return offer


def test_forms_of_a_new_visitor_work_without_any_cookie(
    visitor: Visitor, client: TestClient, disc: Offer, session: Session
) -> None:
    first = visitor.get("/buyer?next=/collections").form("/buyer")
    note = visitor.get(f"/films/{disc.film.slug}").form(f"/films/{disc.film.slug}/notes")
    alert = visitor.get("/alerts/new?q=peace").form("/alerts")
    client.cookies.clear()

    typed = {"class": "college", "size": "4321", "country": "CA"}
    assert visitor.send(first, **typed).path == "/collections"
    client.cookies.clear()
    assert visitor.send(note, **NOTE).path == "/notes/sent"
    assert visitor.send(alert, email="ada@example.edu").status == 200
    assert session.scalars(select(EducatorNote.body)).all() == [NOTE["body"]]


def test_checkout_without_any_cookie_places_the_order(
    visitor: Visitor, client: TestClient, disc: Offer, session: Session
) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    form = visitor.checkout().form("/checkout")
    boxes = {box.get("name"): box.get("value") for box in form.xpath(".//input[@type='checkbox']")}
    client.cookies.clear()

    placed = visitor.send(form, **BUYER, **boxes, pay="po", po_number="PO-77")

    assert placed.heading == "Thank you for your order"
    assert session.scalars(select(Order.po_number)).all() == ["PO-77"]


def test_a_lost_cart_alone_does_not_lose_the_checkout(
    visitor: Visitor, client: TestClient, disc: Offer
) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    page = visitor.checkout()
    client.cookies.delete("rr_cart")

    assert visitor.order(page, pay="po", po_number="PO-1").heading == "Thank you for your order"


def test_form_over_a_limit_can_be_sent_again(
    visitor: Visitor, disc: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/films/{disc.film.slug}/notes"
    form = visitor.get(f"/films/{disc.film.slug}").form(path)

    def refuse(*_: object, **__: object) -> None:
        detail = "20 notes came from your address in an hour."
        raise TooManyRequestsError(detail)

    with monkeypatch.context() as patch:
        patch.setattr("app.core.throttle.hit", refuse)
        page = visitor.send(form, **NOTE)

    assert page.status == 429
    assert NOTE["body"] in page.text
    assert visitor.send(page.form(path)).path == "/notes/sent"


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}],
)
def test_a_form_of_another_site_is_not_offered_again(
    client: TestClient, disc: Offer, headers: dict[str, str]
) -> None:
    for path in (f"/films/{disc.film.slug}/notes", "/cart/lines", "/buyer", "/checkout"):
        answer = client.post(path, data=NOTE | {"offer": disc.sku}, headers=PERSON | headers)
        assert answer.status_code == 403, path
        assert "This form came from another site" in answer.text
        assert NOTE["name"] not in answer.text
