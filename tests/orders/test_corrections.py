"""Corrections of an order's addresses, contacts, and purchase order number."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.accounts.models import AuditEntry
from app.billing.invoices import find_live_invoice
from app.billing.models import Invoice
from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.core.email_outbox import emails_for
from app.core.errors import InvalidInputError
from app.orders.acceptance import accept
from app.orders.cancellation import cancel
from app.orders.corrections import OrderCorrection, correct_order
from app.orders.errors import OrderClosedError
from app.orders.fulfillment import ship
from app.orders.models import Order
from tests import factories
from tests.factories import STAFF


def correct(session: Session, settings: Settings, order: Order, **changes: Any) -> Order:  # noqa: ANN401
    correction = OrderCorrection.model_validate(changes)
    return correct_order(
        session, order.number, correction, reason="Moved", settings=settings, actor=STAFF
    )


def address_of(order: Order, **changes: str) -> dict[str, Any]:
    return {**order.billing, "line1": "9 New Street", **changes}


def test_correct_order_with_invoice_replaces_it_once(session: Session, settings: Settings) -> None:
    order = factories.order(session, factories.offer(session), po_number="PO-7")
    accept(session, order, actor=STAFF)
    old = find_live_invoice(session, order.number)
    assert old is not None
    changes = {
        "billing_address": address_of(order),
        "ap_email": "ap@example.edu",
        "po_number": "PO-8",
    }
    for _ in range(2):
        correct(session, settings, order, **changes)

    new = find_live_invoice(session, order.number)
    assert new is not None
    assert (new.replaces, new.po_number, new.email) == (old.number, "PO-8", "ap@example.edu")
    assert "9 New Street" in new.content["bill_to"]
    assert len(session.scalars(select(Invoice)).all()) == 2
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "order.changed"))
    assert entry.reason == "Moved"
    assert (entry.before or {})["po_number"] == "PO-7"
    correct(session, settings, order, phone="555 0100")
    assert find_live_invoice(session, order.number) is new


def test_correct_order_email_sends_link_to_new_address_only(
    session: Session, settings: Settings
) -> None:
    order = factories.order(session, factories.offer(session))
    old = order.email
    correct(session, settings, order, email="new@example.edu")

    sent = {email.kind: email for email in emails_for(session, order.number)}
    assert sent["order-contact-added"].to_address == "new@example.edu"
    told = session.scalars(
        select(OutboxEmail).where(OutboxEmail.kind == "order-contact-removed")
    ).one()
    assert told.to_address == old
    assert order.access_token not in str(told.facts)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("billing_address", {"country": "CA", "region": "ON", "postal_code": "K1A 0A1"}),
        ("shipping_address", {"country": "CA", "region": "ON", "postal_code": "K1A 0A1"}),
    ],
)
def test_correct_order_refuses_another_country(
    session: Session, settings: Settings, field: str, changes: dict[str, str]
) -> None:
    order = factories.order(session, factories.offer(session))
    with pytest.raises(InvalidInputError):
        correct(session, settings, order, **{field: address_of(order, **changes)})


def test_correct_order_refuses_shipping_address_once_sent_and_closed_orders(
    session: Session, settings: Settings
) -> None:
    order = factories.pay(session, factories.order(session, factories.offer(session)))
    correct(session, settings, order, shipping_address=address_of(order))
    assert (order.shipping or {})["line1"] == "9 New Street"
    ship(session, order, carrier="usps", actor=STAFF)
    with pytest.raises(InvalidInputError):
        correct(session, settings, order, shipping_address=address_of(order, line1="10 Street"))

    other = factories.order(session, factories.offer(session))
    cancel(session, other, actor=STAFF, reason="x")
    with pytest.raises(OrderClosedError):
        correct(session, settings, other, phone="1")


def test_patch_order_checks_scope_and_etag(client: TestClient, session: Session) -> None:
    order = factories.order(session, factories.offer(session))
    reader, seller = (
        {"Authorization": f"Bearer {create_key(session, label='x', scopes=scopes)}"}
        for scopes in ([Scope.ORDERS_READ], [Scope.ORDERS_READ, Scope.ORDERS_WRITE])
    )
    session.commit()
    path = f"/api/v1/admin/orders/{order.number}"
    body = {"phone": "555 0100", "reason": "Typo"}
    assert client.patch(path, json=body, headers=reader).status_code == 403
    tag = client.get(path, headers=seller).headers["etag"]
    answer = client.patch(path, json=body, headers=seller | {"If-Match": tag})
    assert answer.status_code == 200, answer.text
    assert answer.json()["buyer"]["phone"] == "555 0100"
    stale = client.patch(
        path, json={"phone": "1", "reason": "x"}, headers=seller | {"If-Match": tag}
    )
    assert stale.status_code == 412
