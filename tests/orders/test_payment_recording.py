from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.core.email_outbox import emails_for
from app.core.errors import NotFoundError
from app.core.money import Money
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.offers import queries, window_service
from app.offers.staff_schemas import WindowPatch
from app.offers.states import HeldRight
from app.orders.acceptance import accept
from app.orders.cancellation import cancel
from app.orders.errors import PaymentReferenceTakenError
from app.orders.expiry import expire_unpaid
from app.orders.fulfillment import ship
from app.orders.history import find_public_history
from app.orders.models import Order, Payment
from app.orders.next_steps import can_be_paid
from app.orders.payment_recording import (
    record_payment,
    record_payment_failure,
    record_payment_pending,
)
from app.orders.states import (
    FulfillmentState,
    IssueCode,
    OrderState,
    PaymentMethod,
    PaymentState,
    ShipmentKind,
    ShipmentState,
)
from tests import factories
from tests.emails import text_of
from tests.factories import STAFF

STRIPE = Actor.stripe("evt_1")


def keys(session: Session, order: Order) -> list[str]:
    return [m.key for m in emails_for(session, order.number)]


def codes(order: Order) -> list[IssueCode]:
    return [c.code for c in order.issues if c.cleared_at is None]


def test_payment_accepts_order_and_grants_licenses(session: Session) -> None:
    disc = factories.offer(session, amount=39800)
    site = factories.offer(session, amount=15000, delivery="file")
    order = factories.order(session, disc, site)

    factories.pay(session, order, reference="pi_1")

    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
    assert factories.states(order)[2] == FulfillmentState.NONE
    assert order.paid == Money(54800, "USD")
    assert order.balance == Money(0, "USD")
    licenses = [line.license for line in order.lines]
    assert [x.granted_for for x in licenses if x] == [f"{order.number}/1", f"{order.number}/2"]
    assert [(s.kind, s.state, s.lines) for s in order.shipments] == [
        (ShipmentKind.PARCEL, ShipmentState.PENDING, [{"line": 1, "quantity": 1}]),
        (ShipmentKind.ELECTRONIC, ShipmentState.PENDING, [{"line": 2, "quantity": 1}]),
    ]
    assert licenses[0] is not None
    # The buyer gets one mail, which says all that three would.
    assert keys(session, order) == [
        f"staff-new-order:{order.number}",
        f"payment-received:{order.number}:pi_1",
    ]


def test_repeated_payment_changes_nothing(session: Session) -> None:
    order = factories.order(session)
    factories.pay(session, order, reference="pi_1")
    before = (keys(session, order), order.updated_at, len(order.shipments))

    for _ in range(5):
        factories.pay(session, order, reference="pi_1")

    assert (keys(session, order), order.updated_at, len(order.shipments)) == before
    assert session.scalar(select(func.count(Payment.id))) == 1
    assert session.scalar(select(func.count(License.id))) == 1
    assert order.paid == Money(39800, "USD")


def test_underpayment_raises_issue_and_grants_nothing(session: Session) -> None:
    order = factories.order(session)

    factories.pay(session, order, amount=10000, reference="pi_1")

    assert (order.state, order.payment_state) == (
        OrderState.SUBMITTED,
        PaymentState.PARTIALLY_PAID,
    )
    assert order.balance == Money(29800, "USD")
    assert order.attention == ["$100.00 of $398.00 was paid. $298.00 is due."]
    assert order.lines[0].license is None
    assert order.shipments == []


def test_payment_of_rest_completes_order(session: Session) -> None:
    order = factories.order(session)
    factories.pay(session, order, amount=10000)

    factories.pay(session, order, amount=29800)

    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
    assert order.lines[0].license is not None


def test_overpayment_fulfills_order_and_raises_issue(session: Session) -> None:
    order = factories.order(session)

    factories.pay(session, order, amount=40000)

    assert factories.states(order)[1] == PaymentState.PAID
    assert order.lines[0].license is not None
    assert order.attention == ["$400.00 was paid, an overpayment of $2.00. Refund the difference."]


def test_second_payment_raises_issue_and_grants_once(session: Session) -> None:
    order = factories.paid_order(session)

    factories.pay(session, order, reference="pi_second")

    assert factories.states(order)[1] == PaymentState.PAID
    assert order.paid == Money(79600, "USD")
    assert codes(order) == [IssueCode.PAID_TWICE]
    assert session.scalar(select(func.count(License.id))) == 1


def test_payment_in_other_currency_raises_issue(session: Session) -> None:
    order = factories.order(session)

    record_payment(
        session,
        number=order.number,
        paid=Money(39800, "CAD"),
        method=PaymentMethod.CARD,
        reference="pi_1",
        actor=STRIPE,
    )

    assert factories.states(order)[1] == PaymentState.UNPAID
    assert order.paid == Money(0, "USD")
    assert order.attention == ["398.00 CAD was paid, but the order is in USD."]
    assert [p.money for p in order.payments] == [Money(39800, "CAD")]


def test_payment_of_closed_order_reopens_it(session: Session) -> None:
    canceled = factories.order(session)
    cancel(session, canceled, actor=STAFF, reason="no answer")
    expired = factories.order(session)
    expire_unpaid(session, on=clock.now() + timedelta(days=31))

    factories.pay(session, canceled)
    factories.pay(session, expired)

    for order, was in ((canceled, "canceled"), (expired, "expired")):
        assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
        assert order.lines[0].license is not None
        assert order.attention == [
            f"Paid after it was {was}. The order was accepted again. Check that this is right."
        ]


def test_payment_reinstates_license_revoked_by_cancellation(session: Session) -> None:
    order = factories.order(session, po_number="PO-1")
    accept(session, order, actor=STAFF)
    cancel(session, order, actor=STAFF, reason="the purchase order was withdrawn")

    factories.pay(session, order)

    [line] = order.lines
    assert line.license is not None
    assert line.license.status == LicenseStatus.ACTIVE
    assert [s.state for s in order.shipments] == [ShipmentState.CANCELED, ShipmentState.PENDING]


def test_payment_of_other_order_is_refused(session: Session) -> None:
    first = factories.order(session)
    second = factories.order(session)
    factories.pay(session, first, reference="pi_1")

    with pytest.raises(PaymentReferenceTakenError):
        factories.pay(session, second, reference="pi_1")

    assert factories.states(second)[1] == PaymentState.UNPAID


@pytest.mark.parametrize("number", ["RR-00000000", "nonsense", "RR-\x00"])
def test_payment_of_unknown_order_is_refused(session: Session, number: str) -> None:
    with pytest.raises(NotFoundError):
        record_payment(
            session,
            number=number,
            paid=Money(1, "USD"),
            method=PaymentMethod.CARD,
            reference="pi_1",
            actor=STRIPE,
        )


def test_pending_debit_settles(session: Session) -> None:
    order = factories.order(session)
    patience = order.expires_at

    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=False):
        record_payment_pending(session, number=order.number, actor=STRIPE, reference="pi_1")
        record_payment_pending(session, number=order.number, actor=STRIPE, reference="pi_1")

    assert factories.states(order)[1] == PaymentState.PENDING
    assert patience is not None
    assert order.expires_at == datetime(2030, 1, 22, tzinfo=UTC)
    assert order.lines[0].license is None
    assert keys(session, order)[2:] == [f"payment-pending:{order.number}:pi_1"]
    factories.pay(session, order, reference="pi_1")
    assert factories.states(order)[1] == PaymentState.PAID
    record_payment_pending(session, number=order.number, actor=STRIPE)  # told late
    assert factories.states(order)[1] == PaymentState.PAID


def test_pending_debit_for_rest_settles(session: Session) -> None:
    order = factories.pay(session, factories.order(session), amount=10000, reference="check 1")

    record_payment_pending(session, number=order.number, actor=STRIPE, reference="cs_1")
    assert factories.states(order)[1] == PaymentState.PENDING
    assert not can_be_paid(order)
    assert order.balance == Money(29800, "USD")
    factories.pay(session, order, amount=5000, reference="check 2")
    assert factories.states(order)[1] == PaymentState.PENDING
    assert order.balance == Money(24800, "USD")
    factories.pay(session, order, amount=29800, reference="pi_1")

    assert factories.states(order)[:2] == (OrderState.ACCEPTED, PaymentState.PAID)
    assert order.attention == ["$448.00 was paid, an overpayment of $50.00. Refund the difference."]


def test_failed_debit_for_rest_leaves_balance(session: Session) -> None:
    order = factories.pay(session, factories.order(session), amount=10000, reference="check 1")
    record_payment_pending(session, number=order.number, actor=STRIPE, reference="cs_1")

    for _ in range(2):
        record_payment_failure(
            session, number=order.number, actor=STRIPE, reason="Account closed.", reference="cs_1"
        )

    assert factories.states(order)[1] == PaymentState.PARTIALLY_PAID
    assert can_be_paid(order)
    assert [item.text for item in find_public_history(session, order)] == [
        "Order placed",
        "Payment of $100.00 received",
        "Bank debit started",
        "Payment failed",
    ]
    assert keys(session, order)[2:] == [
        f"payment-pending:{order.number}:cs_1",
        f"payment-failed:{order.number}:cs_1",
    ]


def test_failed_debit_leaves_order_unpaid(session: Session) -> None:
    order = factories.order(session)
    record_payment_pending(session, number=order.number, actor=STRIPE, reference="pi_1")

    for _ in range(2):
        record_payment_failure(
            session, number=order.number, actor=STRIPE, reason="account closed", reference="pi_1"
        )

    assert (order.state, order.payment_state) == (OrderState.SUBMITTED, PaymentState.UNPAID)
    assert keys(session, order)[-1] == f"payment-failed:{order.number}:pi_1"
    text = " ".join(text_of(emails_for(session, order.number)[-1]).split())
    assert "Reason from the bank: account closed." in text
    factories.pay(session, order, reference="pi_2")
    record_payment_failure(session, number=order.number, actor=STRIPE, reason="told late")
    assert factories.states(order)[1] == PaymentState.PAID


def over_everywhere() -> date:
    """Return a day that is past on every licensee's calendar, at any hour of UTC."""
    return clock.today() - timedelta(days=2)


def test_ended_rights_are_not_licensed_on_payment(session: Session) -> None:
    film = factories.film(session)
    offer = factories.offer(session, of=film, amount=39800)
    order = factories.order(session, offer)
    for window in queries.find_windows(session, [film.id]):
        if window.right is HeldRight.PPR:
            patch = WindowPatch(ends_on=over_everywhere())
            window_service.change_window(session, ref=window.ref, patch=patch, actor=STAFF)

    factories.pay(session, order)

    assert factories.states(order)[1] == PaymentState.PAID
    assert [line.license for line in order.lines] == [None]
    assert order.shipments == []
    assert codes(order) == [IssueCode.LICENSE_NOT_GRANTED]
    assert "Our rights for public performance ended on" in order.attention[0]

    for window in queries.find_windows(session, [film.id]):
        window_service.change_window(
            session, ref=window.ref, patch=WindowPatch(ends_on=None), actor=STAFF
        )
    accept(session, order, actor=STAFF)

    assert order.lines[0].license is not None
    assert len(order.shipments) == 1
    assert order.attention == []


def test_order_with_unlicensed_line_is_not_completed(session: Session) -> None:
    film = factories.film(session)
    lost, held = factories.offer(session, of=film), factories.offer(session)
    order = factories.order(session, lost, held)
    for window in queries.find_windows(session, [film.id]):
        patch = WindowPatch(ends_on=over_everywhere())
        window_service.change_window(session, ref=window.ref, patch=patch, actor=STAFF)
    factories.pay(session, order)

    ship(session, order, actor=STAFF, carrier="ups")

    assert factories.states(order)[0] == OrderState.ACCEPTED
    assert factories.states(order)[2] == FulfillmentState.PARTIAL

    for window in queries.find_windows(session, [film.id]):
        window_service.change_window(
            session, ref=window.ref, patch=WindowPatch(ends_on=None), actor=STAFF
        )
    accept(session, order, actor=STAFF)
    ship(session, order, actor=STAFF, carrier="ups")

    assert factories.states(order)[2] == FulfillmentState.FULFILLED
    assert factories.states(order)[0] == OrderState.COMPLETED
