"""An invoice is corrected by a new one that replaces it, never edited."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.accounts.models import AuditEntry
from app.billing.errors import InvoiceNotReplaceableError
from app.billing.invoices import find_live_invoice
from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core.config import Settings
from app.core.email_outbox import emails_for
from app.core.errors import InvalidInputError
from app.orders.acceptance import accept
from app.orders.invoice_corrections import InvoiceCorrection, replace_invoice
from app.orders.models import Order
from app.orders.refunds import record_external_refund
from app.orders.states import RefundStatus
from tests import factories
from tests.factories import STAFF


def key(session: Session, *scopes: Scope) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_key(session, label='x', scopes=scopes)}"}


def invoiced(session: Session) -> tuple[Order, Invoice]:
    order = factories.order(session, factories.offer(session), po_number="PO-7")
    accept(session, order, actor=STAFF)
    invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    return order, invoice


def test_replacement_has_new_number_and_keeps_money(session: Session, settings: Settings) -> None:
    order, invoice = invoiced(session)
    factories.pay(session, order, amount=10000)
    content, hashed = dict(invoice.content), invoice.sha256
    correction = InvoiceCorrection(po_number="PO-8", ap_email="ap@example.edu")

    new = replace_invoice(
        session, invoice.number, correction, reason="Wrong PO", settings=settings, actor=STAFF
    )

    assert invoice.state is InvoiceState.VOID
    assert (invoice.content, invoice.sha256, invoice.balance.amount) == (content, hashed, 0)
    assert (new.replaces, new.po_number, new.email) == (invoice.number, "PO-8", "ap@example.edu")
    assert (new.sequence, new.due_on) == (invoice.sequence + 1, invoice.due_on)
    assert (new.paid_amount, new.balance) == (10000, order.balance)
    assert find_live_invoice(session, order.number) is new
    sent = [email for email in emails_for(session, order.number) if email.kind == "invoice-issued"]
    assert [email.to_address for email in sent] == [order.email, "ap@example.edu"]
    factories.pay(session, order, amount=29800)
    assert new.state is InvoiceState.PAID
    actions = set(session.scalars(select(AuditEntry.action)))
    assert {"invoice.issued", "invoice.state.void", "order.billing_corrected"} <= actions


def test_void_or_credited_invoice_is_not_replaced(session: Session, settings: Settings) -> None:
    order, invoice = invoiced(session)
    change = InvoiceCorrection()
    new = replace_invoice(
        session, invoice.number, change, reason="Again", settings=settings, actor=STAFF
    )
    with pytest.raises(InvoiceNotReplaceableError, match="is void"):
        replace_invoice(
            session, invoice.number, change, reason="Again", settings=settings, actor=STAFF
        )
    factories.pay(session, order, reference="pi_1")
    record_external_refund(
        session,
        payment_reference="pi_1",
        reference="re_1",
        amount=order.total,
        status=RefundStatus.SUCCEEDED,
        actor=STAFF,
    )
    with pytest.raises(InvoiceNotReplaceableError, match="credit notes"):
        replace_invoice(session, new.number, change, reason="No", settings=settings, actor=STAFF)


def test_correction_names_the_wrong_field(session: Session, settings: Settings) -> None:
    _, invoice = invoiced(session)
    with pytest.raises(InvalidInputError) as refused:
        replace_invoice(
            session,
            invoice.number,
            InvoiceCorrection(po_number="9" * 61),
            reason="Long",
            settings=settings,
            actor=STAFF,
        )
    assert refused.value.errors[0].pointer == "#/po_number"


def test_admin_api_lists_and_replaces(session: Session, client: TestClient) -> None:
    order, invoice = invoiced(session)
    biller = key(session, Scope.BILLING_WRITE, Scope.ORDERS_READ)
    reader = key(session, Scope.ORDERS_READ)
    session.commit()
    base = "/api/v1/admin/invoices"

    listed = client.get(base, params={"state": "open", "q": order.number}, headers=reader).json()
    assert [item["number"] for item in listed["items"]] == [invoice.number]
    assert client.get(f"{base}/{invoice.number}", headers=reader).json()["sha256"] == invoice.sha256
    assert client.get(f"{base}/INV-2026-99999", headers=reader).status_code == 404
    body = {"reason": "Wrong PO", "po_number": "PO-9"}
    url = f"{base}/{invoice.number}/replace"
    assert client.post(url, json=body, headers=reader).status_code == 403
    first = client.post(url, json=body, headers=biller | {"Idempotency-Key": "a1"})
    again = client.post(url, json=body, headers=biller | {"Idempotency-Key": "a1"})
    assert (first.status_code, again.json()) == (200, first.json())
    assert first.json()["replaces"] == invoice.number
    assert client.post(url, json=body, headers=biller).status_code == 409
    assert client.post(url, json={}, headers=biller).status_code == 422
