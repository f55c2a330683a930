"""A form whose token is not this browser's: nothing is done, and nothing that was typed is lost."""

import lxml.html
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
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


def test_two_tabs_of_a_new_visitor_both_work(visitor: Visitor, client: TestClient) -> None:
    first = visitor.get("/who?next=/collections").form("/who")
    client.cookies.delete("rr_visit")  # the second tab was asked for before the first one came
    visitor.get("/who")

    page = visitor.send(first, **{"class": "college", "size": "4321", "country": "CA"})

    assert page.status == 403
    again = page.form("/who")
    assert again.fields["size"] == "4321"
    assert (again.fields["class"], again.fields["country"]) == ("college", "CA")
    assert visitor.send(again).path == "/collections"


def test_checkout_without_any_cookie_comes_back_filled_in(
    visitor: Visitor, client: TestClient, disc: Offer, session: Session
) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    form = visitor.checkout().form("/checkout")
    boxes = {box.get("name"): box.get("value") for box in form.xpath(".//input[@type='checkbox']")}
    client.cookies.clear()

    page = visitor.send(form, **BUYER, **boxes, pay="po", po_number="PO-77", note="Second floor")

    assert page.status == 403
    assert page.problems()[0].startswith("This form has expired")
    assert session.scalar(select(func.count(Order.id))) == 0
    session.commit()
    again = page.form("/checkout")
    typed = BUYER | {"po_number": "PO-77", "note": "Second floor"}
    assert {name: again.fields[name] for name in typed} == typed
    placed = visitor.send(again)
    assert placed.heading == "Thank you: we have your order"
    assert session.scalars(select(Order.po_number)).all() == ["PO-77"]


def test_a_lost_cart_alone_does_not_lose_the_checkout(
    visitor: Visitor, client: TestClient, disc: Offer
) -> None:
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    page = visitor.checkout()
    client.cookies.delete("rr_cart")

    assert (
        visitor.order(page, pay="po", po_number="PO-1").heading == "Thank you: we have your order"
    )


def test_an_educator_note_comes_back_filled_in(
    visitor: Visitor, client: TestClient, disc: Offer, session: Session
) -> None:
    path = f"/films/{disc.film.slug}/notes"
    form = visitor.get(f"/films/{disc.film.slug}").form(path)
    client.cookies.clear()

    page = visitor.send(form, **NOTE)

    assert page.status == 403
    again = page.form(path)
    assert {name: again.fields[name] for name in NOTE} == NOTE
    assert visitor.send(again).path == "/notes/sent"
    assert session.scalars(select(EducatorNote.body)).all() == [NOTE["body"]]


def test_an_alert_and_a_list_come_back_filled_in(visitor: Visitor, client: TestClient) -> None:
    alert = visitor.get("/alerts/new?q=peace").form("/alerts")
    client.cookies.clear()
    page = visitor.send(alert, email="ada@example.edu")
    assert (page.status, page.form("/alerts").fields["email"]) == (403, "ada@example.edu")

    visitor.is_a_college()
    form = visitor.get("/lookup").form("/lookup")
    client.cookies.delete("rr_visit")
    file = {"file": ("list.csv", b"title,year\nStalin,1992\n")}
    answer = client.post("/lookup", data={"csrf": form.fields["csrf"]}, files=file, headers=PERSON)
    assert answer.status_code == 403
    (text,) = lxml.html.document_fromstring(answer.text).xpath("//textarea[@name='list']")
    assert {"Stalin", "1992"} <= set(text.text.replace(",", " ").split())


def test_any_other_form_can_be_sent_again_from_the_page_that_refuses_it(
    visitor: Visitor, client: TestClient, disc: Offer
) -> None:
    visitor.is_a_college()
    page = visitor.get(f"/films/{disc.film.slug}")
    form = next(form for form in page.document.forms if form.fields.get("offer") == disc.sku)
    client.cookies.delete("rr_visit")

    refused = visitor.send(form, quantity="3")

    assert (refused.status, refused.heading) == (403, "This form has expired")
    assert visitor.get("/cart").text.count("Nothing in it yet")
    cart = visitor.send(refused.form("/cart/lines"))
    assert cart.path == f"/cart?added={disc.sku}"
    assert cart.all("//input[@name='quantity']/@value") == ["3"]


def test_what_was_typed_outlives_a_limit_and_can_be_sent_again(
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
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}]
)
def test_a_form_of_another_site_is_not_offered_again(
    client: TestClient, disc: Offer, headers: dict[str, str]
) -> None:
    for path in (f"/films/{disc.film.slug}/notes", "/cart/lines", "/who", "/checkout"):
        answer = client.post(path, data=NOTE | {"offer": disc.sku}, headers=PERSON | headers)
        assert answer.status_code == 403, path
        assert "Another site sent this form." in answer.text
        assert NOTE["name"] not in answer.text
