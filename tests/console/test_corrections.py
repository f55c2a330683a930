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
