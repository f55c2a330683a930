"""Whatever is refunded, fails and is disputed, the sums stay exact: no cent appears or is lost."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.core.errors import ConflictError, InvalidInputError
from app.core.money import Money
from app.orders.allocations import Allocation
from app.orders.disputes import record_dispute
from app.orders.drafts import Charge
from app.orders.models import Order
from app.orders.refunds import (
    apply_refund_result,
    record_external_refund,
    refundable,
    refundable_total,
    request_refund,
)
from app.orders.states import (
    DisputeStatus,
    LicenseEffect,
    PaymentState,
    RefundStatus,
    derive_payment_state,
)
from app.orders.taxes import part_taxes
from tests import factories
from tests.factories import SETTINGS, STAFF

STRIPE = Actor.stripe("evt_1")
PARTS = st.sampled_from([1, 2, 3, "charges", "shipping", "overpayment"])
REFUSALS = (ConflictError, InvalidInputError)
AMOUNTS = st.integers(1, 50_000)
STEPS = st.one_of(
    st.tuples(st.just("request"), st.lists(st.tuples(PARTS, AMOUNTS), min_size=1, max_size=3)),
    st.tuples(st.just("settle"), st.tuples(st.integers(0, 5), st.sampled_from(RefundStatus))),
    st.tuples(st.just("foreign"), st.tuples(st.integers(0, 2), AMOUNTS)),
    st.tuples(st.just("dispute"), st.sampled_from(DisputeStatus)),
    st.tuples(st.just("pay"), st.tuples(st.integers(0, 3), AMOUNTS)),
)


def check(order: Order) -> None:
    """What must hold after every step, whatever the steps were."""
    assert order.subtotal_amount == sum(line.total_amount for line in order.lines)
    assert order.charges_amount == sum(charge["amount"] for charge in order.charges)
    assert order.total_amount == (
        order.subtotal_amount + order.charges_amount + order.shipping_amount + order.tax_amount
    )
    taxes = part_taxes(order)
    assert order.tax_amount == sum(taxes.values())
    assert order.paid_amount == sum(payment.amount for payment in order.payments)
    gone = [refund for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED]
    assert order.refunded_amount == sum(refund.amount for refund in gone)
    assert 0 <= order.refunded_amount <= order.paid_amount
    for line in order.lines:
        taken = [e["amount"] for r in gone for e in r.allocations if e["line"] == line.number]
        assert line.refunded_amount == sum(taken) <= line.gross_amount
    for part, refunded, amount in (
        ("charges", order.charges_refunded_amount, order.charges_amount + taxes.get("charges", 0)),
        (
            "shipping",
            order.shipping_refunded_amount,
            order.shipping_amount + taxes.get("shipping", 0),
        ),
    ):
        taken = [e["amount"] for r in gone for e in r.allocations if e["line"] == part]
        assert refunded == sum(taken) <= amount
    counted = [refund for refund in order.refunds if refund.status is not RefundStatus.FAILED]
    for kind, left in refundable(order).items():
        parts = [e for r in counted for e in r.allocations if e["line"] == kind]
        assert all(0 <= entry["tax"] <= entry["amount"] for entry in parts)
        tax = sum(entry["tax"] for entry in parts)
        assert tax <= taxes.get(kind, 0)
        if not left and kind != "overpayment":
            assert tax == taxes.get(kind, 0)
    for refund in order.refunds:
        if refund.allocations:
            assert refund.amount == sum(entry["amount"] for entry in refund.allocations)
    for payment in order.payments:
        promised = [
            refund.amount
            for refund in order.refunds
            if refund.payment_id == payment.id and refund.status is not RefundStatus.FAILED
        ]
        assert sum(promised) <= payment.amount
    assert all(amount >= 0 for amount in refundable(order).values())
    assert refundable_total(order).amount >= 0
    if order.payment_state not in {PaymentState.UNPAID, PaymentState.WRITTEN_OFF}:
        assert order.payment_state is derive_payment_state(
            total=order.total_amount,
            paid=order.paid_amount,
            refunded=order.refunded_amount,
            disputed=order.has_open_dispute,
        )


def take(session: Session, order: Order, step: str, told: Any) -> None:  # noqa: ANN401 - by step
    if step == "request":
        request_refund(
            session,
            order,
            allocations=[Allocation(line=part, amount=amount) for part, amount in told],
            effect=LicenseEffect.REVOKE,
            reason="Returned",
            actor=STAFF,
        )
    elif step == "settle" and order.refunds:
        index, status = told
        refund = order.refunds[index % len(order.refunds)]
        apply_refund_result(session, refund_id=refund.id, status=status, actor=STRIPE)
    elif step == "foreign":
        index, amount = told
        # Stripe never refunds more of a payment than is left, and counts those under way.
        left = min(amount, refundable_total(order).amount)
        if left and len(order.payments) == 1:
            record_external_refund(
                session,
                payment_reference=order.payments[0].reference,
                reference=f"re_{order.number}_{index}",
                amount=Money(left, "USD"),
                status=RefundStatus.SUCCEEDED,
                actor=STRIPE,
            )
    elif step == "dispute":
        record_dispute(
            session,
            payment_reference=order.payments[0].reference,
            reference=f"du_{order.number}",
            amount=Money(1, "USD"),
            status=told,
            actor=STRIPE,
        )
    elif step == "pay":
        index, amount = told
        factories.pay(session, order, amount=amount, reference=f"pi_{order.number}_{index}")


@pytest.mark.once(on="postgresql")
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=12))
def test_refund_events_in_any_order_keep_sums(
    sessions: sessionmaker[Session], steps: list[tuple[str, object]]
) -> None:
    with sessions() as session:
        disc = factories.offer(session, amount=9900)
        site = factories.offer(session, amount=15001, delivery="file")
        other = factories.offer(session, amount=1)
        for kind, percent in (("tangible", "8.875"), ("digital", "7"), ("shipping", "33.3333")):
            factories.tax_rate(session, kind=kind, percent=percent)
        factories.tax_rate(session, kind="charge", percent="0")
        priced = SETTINGS.model_copy(update={"shipping_domestic_amount": 700, "tax": "rates"})
        charges = [Charge(description="Captioning", amount=5000)]
        order = factories.priced_order(session, disc, site, other, charges=charges, settings=priced)
        for step, told in [("pay", (0, order.total_amount)), *steps]:
            with session.begin_nested() as savepoint:
                try:
                    take(session, order, step, told)
                except REFUSALS:
                    savepoint.rollback()
            session.refresh(order)
            check(order)
        session.rollback()
