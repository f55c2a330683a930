"""Checks: recorded once, voided when that was a mistake, and what is said of the sums meanwhile."""

import pytest
from sqlalchemy.orm import Session

from app.core.email_outbox import emails_for
from app.core.errors import NotFoundError
from app.core.money import Money
from app.licenses.states import LicenseStatus
from app.orders.acceptance import accept
from app.orders.allocations import Allocation
from app.orders.cancellation import cancel
from app.orders.errors import OrderOnHoldError, PaymentNotVoidableError
from app.orders.fulfillment import ship
from app.orders.models import Order, printed_number
from app.orders.payment_recording import record_offline, void_payment
from app.orders.refunds import apply_refund_result, request_refund, split_over_payments
from app.orders.states import LicenseEffect, PaymentMethod, PaymentState, RefundStatus
from app.payments.stripe_refunds import allocate_rest
from tests import factories
from tests.emails import text_of
from tests.factories import STAFF


def check(session: Session, order: Order, amount: int, number: str = "1001") -> Order:
    return record_offline(
        session,
        order,
        paid=Money(amount, "USD"),
        method=PaymentMethod.CHECK,
        reference=number,
        actor=STAFF,
    )


def refund(session: Session, order: Order, *allocations: Allocation) -> None:
    for payment_id, parts in split_over_payments(order, allocations):
        made = request_refund(
            session,
            order,
            allocations=parts,
            effect=LicenseEffect.KEEP,
            reason="r",
            actor=STAFF,
            payment_id=payment_id,
        )
        apply_refund_result(session, refund_id=made.id, status=RefundStatus.SUCCEEDED, actor=STAFF)


def void(session: Session, order: Order, index: int = -1) -> Order:
    payment_id = order.payments[index].id
    return void_payment(session, order, payment_id=payment_id, actor=STAFF, reason="wrong order")


def license_status(order: Order) -> LicenseStatus:
    license_ = order.lines[0].license
    assert license_ is not None
    return license_.status


def keys(session: Session, order: Order) -> list[str]:
    return [each.key.partition(":")[0] for each in emails_for(session, order.number)]


def test_missing_amount_issue_lasts_until_paid(session: Session) -> None:
    order = factories.order(session)
    check(session, order, 31000)
    assert order.attention == ["$310.00 of $398.00 was paid. $88.00 is due."]
    assert keys(session, order)[-1] == "payment-in-part"
    told = " ".join(text_of(emails_for(session, order.number)[-1]).split())
    assert "$88.00 of $398.00 is still due" in told
    assert printed_number(order.payments[0]) == "1001"

    check(session, order, 1000, "1002")
    assert order.attention == ["$320.00 of $398.00 was paid. $78.00 is due."]
    check(session, order, 7800, "1003")
    assert order.attention == []
    assert order.payment_state is PaymentState.PAID


def test_underpaid_and_overpaid_issues_exclude_each_other(session: Session) -> None:
    order = factories.order(session)
    check(session, order, 32800)
    check(session, order, 77000, "1002")
    assert order.attention == [
        ("$1,098.00 was paid, an overpayment of $700.00. Refund the difference.")
    ]
    refund(session, order, Allocation(line="overpayment", amount=70000))
    assert order.attention == []


def test_refund_resolves_issue_of_second_payment(session: Session) -> None:
    order = factories.paid_order(session)
    factories.pay(session, order)
    assert len(order.attention) == 1
    refund(session, order, Allocation(line="overpayment", amount=39800))
    assert order.attention == []


def test_void_check_undoes_its_effects(session: Session) -> None:
    order = check(session, factories.order(session), 39800)
    assert license_status(order) is LicenseStatus.ACTIVE
    payment_id = order.payments[0].id

    void(session, order)
    assert (order.payment_state, order.paid_amount, order.payments) == (PaymentState.UNPAID, 0, [])
    assert license_status(order) is LicenseStatus.SUSPENDED
    with pytest.raises(OrderOnHoldError):
        ship(session, order, carrier="usps", actor=STAFF)
    assert keys(session, order)[-1] == "payment-voided"
    with pytest.raises(NotFoundError):
        void_payment(session, order, payment_id=payment_id, actor=STAFF, reason="again")

    check(session, order, 39800)  # the same number: it is free again
    assert license_status(order) is LicenseStatus.ACTIVE
    assert order.payment_state is PaymentState.PAID
    ship(session, order, carrier="usps", actor=STAFF)


def test_void_second_check_keeps_first_and_raises_issue(
    session: Session,
) -> None:
    order = check(session, factories.order(session), 30000)
    check(session, order, 9800, "1002")
    void(session, order)
    assert order.payment_state is PaymentState.PARTIALLY_PAID
    assert order.attention == ["$300.00 of $398.00 was paid. $98.00 is due."]


def test_void_keeps_licenses_of_order_on_terms(session: Session) -> None:
    order = accept(session, factories.order(session, po_number="PO-1"), actor=STAFF)
    check(session, order, 39800)
    void(session, order)
    assert license_status(order) is LicenseStatus.ACTIVE
    assert order.payment_state is PaymentState.UNPAID


def test_void_refunded_or_card_payment_is_refused(session: Session) -> None:
    card = factories.paid_order(session)
    with pytest.raises(PaymentNotVoidableError, match="can't be voided"):
        void(session, card)
    order = check(session, factories.order(session), 39800)
    refund(session, order, Allocation(line=1, amount=100))
    with pytest.raises(PaymentNotVoidableError, match="This payment was refunded"):
        void(session, order)


def test_full_refund_takes_from_every_payment(session: Session) -> None:
    order = factories.order(session, factories.offer(session), factories.offer(session))
    check(session, order, 50000)
    check(session, order, 29600, "1002")
    refund(session, order, *allocate_rest(order))
    assert [each.amount for each in order.refunds] == [50000, 29600]
    assert order.payment_state is PaymentState.REFUNDED

    part = check(session, factories.order(session), 10000, "1003")
    assert [each.amount for each in allocate_rest(part)] == [10000]


def test_cancel_resolves_duplicate_po_issue_of_other_order(session: Session) -> None:
    first = factories.order(session, po_number="PO-9")
    second = factories.order(session, po_number="PO-9")
    assert any("PO-9 for" in why for why in second.attention)
    cancel(session, first, actor=STAFF, reason="ordered twice")
    session.expire(second)
    assert not any("PO-9 for" in why for why in second.attention)
