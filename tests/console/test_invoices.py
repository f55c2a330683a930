"""Invoices at the console."""

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.billing.invoices import find_live_invoice
from app.orders.acceptance import accept
from tests import factories
from tests.console.staff_browser import log_in
from tests.factories import STAFF


def test_invoice_is_found_and_replaced(client: TestClient, session: Session) -> None:
    order = accept(session, factories.order(session, po_number="PO-771"), actor=STAFF)
    invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    session.commit()
    biller = log_in(client, Role.FINANCE)

    listed = biller.see("/console/invoices?q=PO-771")
    (row,) = listed.rows()
    assert invoice.number in row
    assert invoice.number in biller.see(f"/console/orders/{order.number}").words
    path = f"/console/invoices/{invoice.number}"
    page = biller.see(path)
    assert "$398.00" in page.words
    assert page.tree.xpath("//input[@name='po_number']/@value") == ["PO-771"]

    refused = biller.fill(page, f"{path}/replace", po_number="PO-772", ap_email="nobody")
    assert refused.status == 422
    form = {"po_number": "PO-772", "ap_email": "ap@example.edu", "reason": "Typed wrong"}
    done = biller.fill(refused, f"{path}/replace", **form)
    assert "Invoice replaced." in done.words
    assert f"Replaces {invoice.number}" in done.words
    assert "PO-772" in done.words
    again = biller.fill(refused, f"{path}/replace", **form)
    assert "This form was already submitted." in again.words
    assert "Void: Typed wrong. Replaced by" in again.words
    assert biller.see("/console/invoices?status=paid").rows() == []


def test_fulfillment_reads_invoices_and_changes_none(client: TestClient, session: Session) -> None:
    order = accept(session, factories.order(session, po_number="PO-1"), actor=STAFF)
    invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    session.commit()
    packer = log_in(client, Role.FULFILLMENT)

    page = packer.see(f"/console/invoices/{invoice.number}")

    assert "Void and replace" not in page.words
