"""The pages and PDFs of invoices and credit notes, under their links."""

from datetime import UTC, datetime, time, timedelta
from hashlib import sha256

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.billing.invoices import find_live_invoice
from app.billing.models import CreditNote, Invoice
from app.orders.acceptance import accept
from app.orders.cancellation import cancel
from app.orders.models import Order
from tests import factories
from tests.factories import STAFF


def accepted_order(session: Session) -> tuple[Order, Invoice]:
    order = factories.order(session, factories.offer(session), po_number="PO-7")
    accept(session, order, actor=STAFF)
    invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    session.commit()
    return order, invoice


def test_invoice_page_shows_payments_of_today(session: Session, client: TestClient) -> None:
    order, invoice = accepted_order(session)
    url = f"/invoices/{invoice.number}?token={invoice.access_token}"

    page = client.get(url)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "private, no-store"
    assert "$398.00</span> is due by" in page.text
    assert "Sample Bank (no real account)" in page.text

    with time_machine.travel(datetime.combine(invoice.due_on + timedelta(days=2), time(), UTC)):
        assert "$398.00</span> was due by" in client.get(url).text

    factories.pay(session, order, amount=10000)
    session.commit()
    page = client.get(url)
    assert "$298.00</span> is due by" in page.text
    assert "$100.00, Card" in page.text

    factories.pay(session, order, amount=29800)
    session.commit()
    page = client.get(url)
    assert "is due by" not in page.text
    assert "How to pay" not in page.text
    order_page = client.get(f"/orders/{order.number}?token={order.access_token}")
    assert invoice.number in order_page.text
    assert "nothing due" in order_page.text


def test_pdf_is_the_same_bytes_ever_after(session: Session, client: TestClient) -> None:
    order, invoice = accepted_order(session)
    url = f"/invoices/{invoice.number}.pdf?token={invoice.access_token}"

    first = client.get(url)
    factories.pay(session, order)
    session.commit()

    assert first.headers["content-type"] == "application/pdf"
    assert client.get(url).content == first.content
    session.refresh(invoice)
    assert invoice.pdf_sha256 == sha256(first.content).hexdigest()


def test_credit_note_has_page_and_pdf(session: Session, client: TestClient) -> None:
    order, invoice = accepted_order(session)
    cancel(session, order, actor=STAFF, reason="Ordered twice")
    session.commit()
    note = session.scalars(select(CreditNote).where(CreditNote.invoice_id == invoice.id)).one()
    session.commit()

    page = client.get(f"/credit-notes/{note.number}?token={note.access_token}")
    assert "Ordered twice" in page.text
    assert invoice.number in page.text
    pdf = client.get(f"/credit-notes/{note.number}.pdf?token={note.access_token}")
    assert pdf.content.startswith(b"%PDF-")
    page = client.get(f"/invoices/{invoice.number}?token={invoice.access_token}")
    assert note.number in page.text
    assert "Credited" in page.text


def test_documents_require_their_own_token(session: Session, client: TestClient) -> None:
    order, invoice = accepted_order(session)
    _, other = accepted_order(session)
    for wrong in ("", other.access_token, order.access_token, "é"):
        for path in (f"/invoices/{invoice.number}", f"/invoices/{invoice.number}.pdf"):
            assert client.get(path, params={"token": wrong}).status_code == 404


@pytest.mark.parametrize("number", ["INV-2026-99999", "%00", "INV-1", "x" * 60])
@pytest.mark.parametrize("kind", ["invoices", "credit-notes"])
def test_unknown_document_is_not_found(client: TestClient, kind: str, number: str) -> None:
    assert client.get(f"/{kind}/{number}").status_code == 404
    assert client.get(f"/{kind}/{number}.pdf").status_code == 404


def test_order_in_api_names_its_invoice(session: Session, client: TestClient) -> None:
    order, invoice = accepted_order(session)

    body = client.get(
        f"/api/v1/orders/{order.number}", headers={"x-order-token": order.access_token}
    ).json()

    [found] = body["invoices"]
    assert {"number", "state", "issued_on", "due_on", "subtotal", "tax", "total", "paid"} < {*found}
    assert (found["number"], found["state"]) == (invoice.number, "open")
    assert found["balance"] == {"amount": 39800, "currency": "USD"}
    assert client.get(found["pdf_url"]).content.startswith(b"%PDF-")
