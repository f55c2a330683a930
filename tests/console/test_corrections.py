"""The page on which staff correct an order."""

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.billing.invoices import find_live_invoice
from app.orders.acceptance import accept
from app.orders.queries import get_order_by_number
from tests import factories
from tests.console.staff_browser import log_in
from tests.factories import STAFF


def test_order_is_corrected_and_no_entry_is_lost(client: TestClient, session: Session) -> None:
    order = accept(session, factories.order(session, po_number="PO-771"), actor=STAFF)
    old = find_live_invoice(session, order.number)
    number = order.number
    assert old is not None
    session.commit()
    seller = log_in(client, Role.SALES)
    assert "Correct this order" in seller.see(f"/console/orders/{number}").words
    path = f"/console/orders/{number}/correct"
    page = seller.see(path)
    assert page.tree.xpath("//input[@name='po_number']/@value") == ["PO-771"]

    refused = seller.send(page, po_number="PO-772", phone="555 0100", ap_email="nobody")
    assert refused.status == 422
    assert refused.tree.xpath("//input[@name='phone']/@value") == ["555 0100"]
    assert "Enter a reason." in refused.words
    form = {"ap_email": "ap@example.edu", "reason": "Typed wrong"}
    assert "Order corrected." in seller.send(refused, **form).words
    assert "This form was already submitted." in seller.send(refused, **form).words

    session.expire_all()
    new = find_live_invoice(session, number)
    assert new is not None
    assert (new.replaces, new.po_number, new.email) == (old.number, "PO-772", "ap@example.edu")
    assert get_order_by_number(session, number).phone == "555 0100"
    session.commit()
    stale = seller.send(page, phone="1", reason="Again")
    assert stale.status == 409
    assert "Your entries are below" in stale.words


def test_films_and_prices_are_corrected_without_losing_entries(
    client: TestClient, session: Session
) -> None:
    order = factories.order(session)
    other = factories.offer(session, amount=10000)
    number, sku = order.number, order.lines[0].sku
    session.commit()
    seller = log_in(client, Role.SALES)
    assert "Correct films and prices" in seller.see(f"/console/orders/{number}/correct").words
    path = f"/console/orders/{number}/correct-lines"
    page = seller.see(path)
    assert page.tree.xpath("//input[@name='lines/0/offer']/@value") == [sku]

    longer = seller.send(page, step="add:lines", reason="One more")
    searched = seller.send(longer, **{"lines/1/offer": other.film.title}, step="look")
    assert other.sku in str(searched.tree.xpath("//button/@value"))
    refused = seller.send(searched, **{"lines/1/offer": "nothing-like-it"}, step="save")
    assert refused.status == 422
    assert refused.tree.xpath("//input[@name='reason']/@value") == ["One more"]
    saved = {"lines/1/offer": other.sku, "lines/0/quantity": "2", "step": "save"}
    assert "The buyer gets the new summary" in seller.send(refused, **saved).words
    session.expire_all()
    corrected = get_order_by_number(session, number)
    assert corrected.subtotal_amount == 2 * 39800 + 10000
    assert [line.sku for line in corrected.lines] == [sku, other.sku]
    session.commit()
    stale = seller.send(page, **{"lines/0/quantity": "3"}, reason="Again", step="save")
    assert stale.status == 409

    factories.pay(session, get_order_by_number(session, number))
    session.commit()
    late = seller.send(seller.see(path), **{"lines/0/quantity": "3"}, reason="Late")
    assert late.status == 409
    assert "has invoice" in late.words
    assert "Correct films and prices" not in seller.see(f"/console/orders/{number}/correct").words
