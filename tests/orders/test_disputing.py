import pytest
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core.errors import NotFoundError
from app.core.money import Money
from app.licenses.service import revoke
from app.licenses.states import LicenseStatus
from app.orders.allocations import Allocation
from app.orders.disputing import DisputeOutcome, forgive, record_dispute
from app.orders.errors import OrderClosedError
from app.orders.models import Order
from app.orders.paying import record_payment
from app.orders.refunding import allocate_refund, request_refund
from app.orders.states import (
    ConcernCode,
    LicenseEffect,
    PaymentMethod,
    PaymentState,
    RefundOrigin,
    RefundStatus,
)
from tests import factories
from tests.factories import STAFF


def disputed(session: Session, outcome: DisputeOutcome, dispute: str = "du_1") -> Order:
    return record_dispute(
        session,
        payment_reference="pi_1",
        dispute=dispute,
        amount=Money(39800, "USD"),
        outcome=outcome,
        actor=Actor.stripe("evt_1"),
        reason="fraudulent",
    )


@pytest.fixture
def order(session: Session) -> Order:
    return factories.pay(session, factories.order(session), reference="pi_1")


def license_status(order: Order) -> LicenseStatus | None:
    license_ = order.lines[0].license
    return license_.status if license_ else None


def test_an_open_dispute_calls_a_person_and_changes_no_license(
    session: Session, order: Order
) -> None:
    disputed(session, "open")
    disputed(session, "open")

    assert factories.states(order)[1] == PaymentState.DISPUTED
    assert order.attention == ["The buyer's bank disputes $398.00 (fraudulent)."]
    assert license_status(order) == LicenseStatus.ACTIVE
    with pytest.raises(OrderClosedError):
        request_refund(
            session,
            order,
            allocations=[Allocation(line=1, amount=100)],
            effect=LicenseEffect.KEEP,
            reason="kindness",
            actor=STAFF,
        )


def test_a_won_dispute_leaves_all_as_before(session: Session, order: Order) -> None:
    disputed(session, "open")
    disputed(session, "won")

    assert factories.states(order)[1] == PaymentState.PAID
    assert order.attention == []
    assert license_status(order) == LicenseStatus.ACTIVE
    disputed(session, "open")  # an old event, told late
    assert factories.states(order)[1] == PaymentState.PAID


def test_a_lost_dispute_books_the_money_and_suspends_the_license(
    session: Session, order: Order
) -> None:
    disputed(session, "open")
    disputed(session, "lost")
    disputed(session, "lost")

    assert factories.states(order)[1] == PaymentState.REFUNDED
    assert order.refunded == Money(39800, "USD")
    assert [(r.origin, r.status, r.reference) for r in order.refunds] == [
        (RefundOrigin.DISPUTE, RefundStatus.SUCCEEDED, "du_1")
    ]
    assert license_status(order) == LicenseStatus.SUSPENDED
    assert [c.code for c in order.concerns if c.cleared_at is None] == [ConcernCode.DISPUTE_LOST]


def test_a_person_decides_on_a_suspended_license(session: Session, order: Order) -> None:
    disputed(session, "lost")

    forgive(session, order, actor=STAFF, reason="the bank erred; they paid by check")

    assert license_status(order) == LicenseStatus.ACTIVE
    assert order.attention == []


def test_only_a_lost_dispute_can_be_forgiven(session: Session, order: Order) -> None:
    disputed(session, "open")
    disputed(session, "won")

    with pytest.raises(OrderClosedError, match="is suspended"):
        forgive(session, order, actor=STAFF, reason="to be kind")


def test_a_license_that_was_ended_stays_ended(session: Session, order: Order) -> None:
    disputed(session, "lost")
    license_ = order.lines[0].license
    assert license_ is not None
    revoke(session, license_, actor=STAFF, reason="fraud")

    forgive(session, order, actor=STAFF, reason="asked twice")

    assert license_status(order) == LicenseStatus.REVOKED
    assert order.attention == []


def test_a_lost_dispute_can_be_allocated_and_keep(session: Session) -> None:
    """Two lines: the one that the money was for is decided, the other still waits."""
    offers = factories.offer(session, amount=20000), factories.offer(session, amount=19800)
    order = factories.pay(session, factories.order(session, *offers), reference="pi_1")
    record_dispute(
        session,
        payment_reference="pi_1",
        dispute="du_1",
        amount=Money(20000, "USD"),
        outcome="lost",
        actor=STAFF,
    )

    allocate_refund(
        session,
        order,
        refund_id=order.refunds[0].id,
        allocations=[Allocation(line=1, amount=20000)],
        effect=LicenseEffect.KEEP,
        actor=STAFF,
    )

    statuses = [line.license.status for line in order.lines if line.license]
    assert statuses == [LicenseStatus.ACTIVE, LicenseStatus.SUSPENDED]
    assert [c.code for c in order.concerns if c.cleared_at is None] == [ConcernCode.DISPUTE_LOST]
    forgive(session, order, actor=STAFF, reason="the other too")
    assert order.attention == []


def test_a_lost_dispute_can_be_allocated_and_revoke(session: Session, order: Order) -> None:
    disputed(session, "lost")
    [refund] = order.refunds

    allocate_refund(
        session,
        order,
        refund_id=refund.id,
        allocations=[Allocation(line=1, amount=39800)],
        effect=LicenseEffect.REVOKE,
        actor=STAFF,
    )

    assert order.lines[0].refunded == Money(39800, "USD")
    assert order.refunded == Money(39800, "USD")
    assert license_status(order) == LicenseStatus.REVOKED
    assert order.attention == []


def test_a_dispute_of_an_unknown_payment_comes_too_early(session: Session) -> None:
    with pytest.raises(NotFoundError):
        disputed(session, "open")


def test_a_dispute_lost_in_another_currency_leaves_the_orders_sums(session: Session) -> None:
    order = factories.order(session)
    record_payment(
        session,
        number=order.number,
        paid=Money(39800, "EUR"),
        method=PaymentMethod.CARD,
        reference="pi_1",
        actor=STAFF,
    )

    record_dispute(
        session,
        payment_reference="pi_1",
        dispute="du_1",
        amount=Money(39800, "EUR"),
        outcome="lost",
        actor=STAFF,
    )

    assert order.refunded == Money(0, "USD")
    assert [refund.money for refund in order.refunds] == [Money(39800, "EUR")]
