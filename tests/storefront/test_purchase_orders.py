"""The purchase order at checkout and on the page of an order."""

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.orders.acceptance import accept
from app.orders.models import Order
from app.orders.purchase_order_review import counter_purchase_order
from app.orders.queries import get_order_by_number
from tests import factories
from tests.factories import STAFF
from tests.orders.test_purchase_order_review import pdf, say
from tests.quotes.quote_factories import accept as accept_quote
from tests.quotes.quote_factories import quote
from tests.storefront.visitor import Page, Visitor

HTML = {"accept": "text/html"}


def page_of(order: Order) -> str:
    return f"/orders/{order.number}?token={order.access_token}"


def send(client: TestClient, page: Page, data: bytes, **fields: str) -> int:
    (form,) = [form for form in page.document.forms if "purchase-order" in form.action]
    assert form.get("enctype") == "multipart/form-data"
    files = {"file": ("po.pdf", data, "application/pdf")}
    return client.post(form.action, data=fields, files=files, headers=HTML).status_code


def test_buyer_uploads_and_downloads_the_pdf(session: Session, client: TestClient) -> None:
    order = factories.order(session, po_number="PO-7")
    path = page_of(order)
    session.commit()
    visitor = Visitor(client)

    assert send(client, visitor.get(path), b"no", po_number="PO-7") == 422
    assert send(client, visitor.get(path), pdf(), po_number="PO-7") == 303
    page = visitor.get(f"{path}&uploaded=yes")

    assert "Purchase order uploaded." in page.text
    (link,) = page.document.xpath("//a[@download]/@href")
    assert client.get(link).content == pdf()
    bare = path.partition("?")[0]
    assert client.post(f"{bare}/purchase-order?token=x", headers=HTML).status_code == 404
    assert client.get(link.partition("?")[0]).status_code == 404


def test_invalid_upload_shows_the_reason(session: Session, client: TestClient) -> None:
    order = factories.order(session)
    path = page_of(order)
    session.commit()
    files = {"file": ("po.pdf", pdf(), "application/pdf")}

    answer = client.post(
        path.replace("?", "/purchase-order?"), data={"po_number": ""}, files=files, headers=HTML
    )

    assert answer.status_code == 422
    assert "Enter the purchase order number." in answer.text
    assert 'href="#po_number"' in answer.text


def test_buyer_reads_why_a_correction_is_needed(session: Session, client: TestClient) -> None:
    order = factories.order(session, po_number="PO-7")
    path = page_of(order)
    say(session, order, unit_amount=29800)
    counter_purchase_order(session, order, actor=STAFF, reason="The price is $398")
    session.commit()

    page = Visitor(client).get(path)

    assert "Correction needed" in page.text
    assert "The price is $398" in page.text
    assert "$298.00" in page.one("//table[contains(@class, 'po-differences')]//tbody/tr[1]")
    assert "Text on a purchase order does not change the license." in page.text


def test_buyer_sees_the_balance_after_acceptance(session: Session, client: TestClient) -> None:
    details = {
        "kind": "blanket",
        "limit": {"amount": 100_000, "currency": "USD"},
        "expires_on": "2090-06-30",
    }
    order = factories.order(session, po_number="B-1", purchase_order=details)
    path = page_of(order)
    session.commit()
    assert "left for other orders" not in Visitor(client).get(path).text

    accept(session, order, actor=STAFF)
    session.commit()

    assert "$602.00 left for other orders" in Visitor(client).get(path).text


def test_paid_order_has_no_place_for_a_purchase_order(session: Session, client: TestClient) -> None:
    order = factories.paid_order(session)
    path = page_of(order)
    session.commit()

    assert "purchase order" not in Visitor(client).get(path).text


def test_holder_of_the_quote_uploads_for_its_order(session: Session, client: TestClient) -> None:
    made = quote(session)
    path = f"/quotes/{made.number}?token={made.access_token}"
    session.commit()
    visitor = Visitor(client)
    early = path.replace("?", "/purchase-order?")
    assert client.post(early, headers=HTML).status_code == 404
    order = accept_quote(session, made, po_number="PO-7")
    session.commit()

    assert send(client, visitor.get(path), b"no", po_number="") == 422
    assert send(client, visitor.get(path), pdf(), po_number="") == 303

    stranger = client.post(f"/quotes/{made.number}/purchase-order?token=x", headers=HTML)
    assert stranger.status_code == 404
    assert "Purchase order uploaded." in Visitor(client).get(f"{page_of(order)}&uploaded=yes").text
    assert "Purchase order uploaded" in visitor.get(f"{path}&done=po").text
    session.expire_all()
    found = get_order_by_number(session, order.number)
    assert [issue.detail for issue in found.issues] == [
        "Compare purchase order PO-7 with the order, then decide."
    ]
