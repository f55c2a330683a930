"""Accepting on terms, cancelling, expiring."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.audit import entries_about
from app.core import clock
from app.core.email_outbox import emails_for
from app.core.errors import InvalidInputError
from app.licenses.states import LicenseStatus
from app.orders.acceptance import accept
from app.orders.cancellation import cancel
from app.orders.errors import OrderClosedError, RefundFirstError
from app.orders.expiry import expire_unpaid
from app.orders.fulfillment import ship
from app.orders.models import Order
from app.orders.payment_recording import record_payment_pending
from app.orders.states import IssueCode, OrderState, PaymentState, ShipmentState
from tests import factories
from tests.factories import STAFF


def last_mail(session: Session, order: Order) -> str:
    return emails_for(session, order.number)[-1].key


def test_accept_grants_licenses_before_payment(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")

    with time_machine.travel(datetime(2030, 3, 1, 12, tzinfo=UTC), tick=False):
        accept(session, order, actor=STAFF, terms_days=45)
        accept(session, order, actor=STAFF)

    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.UNPAID)
    assert order.on_terms
    assert str(order.due_on) == "2030-04-15"
    assert order.expires_at is None
    assert order.lines[0].license is not None
    assert order.lines[0].license.po_number == "PO-7"
    assert [shipment.state for shipment in order.shipments] == [ShipmentState.PENDING]
    assert order.attention == []
    assert last_mail(session, order) == f"order-accepted:{order.number}"
    moves = [e for e in entries_about(session, "order", order.number) if ".state." in e.action]
    assert [(e.actor_label, e.reason) for e in moves] == [
        ("Sam Staff", "purchase order PO-7, net 45 days")
    ]


def test_accept_without_po_number_is_refused(session: Session) -> None:
    order = factories.order(session)

    with pytest.raises(InvalidInputError) as caught:
        accept(session, order, actor=STAFF)
    assert [problem.pointer for problem in caught.value.errors] == ["#/po_number"]
    assert order.lines[0].license is None

    accept(session, order, actor=STAFF, po_number="PO-8")
    assert (order.po_number, order.state) == ("PO-8", OrderState.ACCEPTED)


def test_accepted_order_completes_when_sent_and_paid(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    accept(session, order, actor=STAFF)

    ship(session, order, carrier="ups", tracking="1Z", actor=STAFF)
    assert factories.states(order)[0] == OrderState.ACCEPTED
    factories.pay(session, order)

    assert factories.states(order)[0] == OrderState.COMPLETED
    assert factories.states(order)[1] == PaymentState.PAID


def test_cancel_revokes_licenses_and_emails_buyer(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    accept(session, order, actor=STAFF)

    cancel(session, order, actor=STAFF, reason="Budget withdrawn")
    cancel(session, order, actor=STAFF, reason="Budget withdrawn")

    assert factories.states(order)[0] == OrderState.CANCELED
    assert order.lines[0].license is not None
    assert order.lines[0].license.status == LicenseStatus.REVOKED
    assert [shipment.state for shipment in order.shipments] == [ShipmentState.CANCELED]
    assert last_mail(session, order) == f"order-canceled:{order.number}"
    with pytest.raises(OrderClosedError):
        accept(session, order, actor=STAFF)


def test_cancel_paid_order_is_refused(session: Session) -> None:
    paid = factories.paid_order(session)
    underway = factories.order(session)
    record_payment_pending(
        session, number=underway.number, actor=Actor.stripe("evt"), reference="pi"
    )

    for order in (paid, underway):
        with pytest.raises(RefundFirstError):
            cancel(session, order, actor=STAFF, reason="changed my mind")

    assert (paid.state, underway.state) == (OrderState.ACCEPTED, OrderState.SUBMITTED)


def test_cancel_sent_order_is_refused(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    accept(session, order, actor=STAFF)
    ship(session, order, carrier="ups", actor=STAFF)

    with pytest.raises(OrderClosedError):
        cancel(session, order, actor=STAFF, reason="too late")


def test_expire_unpaid_expires_only_unpaid_orders(session: Session) -> None:
    stale = factories.order(session, po_number="PO-1")
    paid = factories.paid_order(session)
    underway = factories.order(session)
    record_payment_pending(
        session, number=underway.number, actor=Actor.stripe("evt"), reference="pi"
    )
    on_terms = factories.order(session, po_number="PO-2")
    accept(session, on_terms, actor=STAFF)

    assert expire_unpaid(session, on=clock.now() + timedelta(days=29)) == []
    later = clock.now() + timedelta(days=60)
    assert expire_unpaid(session, on=later) == [stale.number]
    assert expire_unpaid(session, on=later) == []

    states = [order.state for order in (stale, paid, underway, on_terms)]
    assert states == [
        OrderState.EXPIRED,
        OrderState.ACCEPTED,
        OrderState.SUBMITTED,
        OrderState.ACCEPTED,
    ]
    assert stale.attention == []
    assert last_mail(session, stale) == f"order-expired:{stale.number}"


def test_paid_order_accepts_po_number(session: Session) -> None:
    order = factories.paid_order(session)

    accept(session, order, actor=STAFF, po_number="PO-8")
    accept(session, order, actor=STAFF, po_number="po 8")

    assert (order.po_number, order.po_key, order.on_terms) == ("PO-8", "po8", False)
    entries = entries_about(session, "order", order.number)
    added = [entry for entry in entries if entry.action == "order.po_number_added"]
    assert [entry.after for entry in added] == [{"po_number": "PO-8"}]


def test_duplicate_po_number_of_paid_order_raises_issue(session: Session) -> None:
    factories.order(session, po_number="PO-8")
    order = factories.paid_order(session)

    accept(session, order, actor=STAFF, po_number="PO-8")

    session.refresh(order, ["issues"])
    assert [concern.code for concern in order.issues] == [IssueCode.DUPLICATE_PO]


@pytest.mark.parametrize("is_paid", [True, False])
def test_accepted_order_refuses_other_po_number_and_terms(
    session: Session, *, is_paid: bool
) -> None:
    order = factories.order(session, po_number="PO-1")
    if is_paid:
        factories.pay(session, order)
    else:
        accept(session, order, actor=STAFF, terms_days=45)
        accept(session, order, actor=STAFF, terms_days=45, po_number="PO-1")

    with pytest.raises(InvalidInputError) as refused:
        accept(session, order, actor=STAFF, po_number="PO-2", terms_days=30)
    with pytest.raises(InvalidInputError) as too_long:
        accept(session, order, actor=STAFF, po_number="9" * 61)

    pointers = [problem.pointer for problem in refused.value.errors]
    assert pointers == ["#/po_number", "#/terms_days"]
    assert [problem.pointer for problem in too_long.value.errors] == ["#/po_number"]
    assert order.po_number == "PO-1"
