from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.core import clock
from app.core.errors import NotFoundError
from app.core.money import Money
from app.licenses.lifecycle import revoke
from app.licenses.states import LicenseStatus
from app.orders.allocations import Allocation
from app.orders.disputes import record_dispute, reinstate_suspended
from app.orders.errors import OrderClosedError
from app.orders.models import Dispute, Order
from app.orders.payment_recording import record_payment
from app.orders.queries import get_order_by_number
from app.orders.refunds import allocate_refund, request_refund
from app.orders.states import (
    CLOSED_DISPUTES,
    DISPUTE_TRANSITIONS,
    DisputeStatus,
    IssueCode,
    LicenseEffect,
    PaymentMethod,
    PaymentState,
    RefundOrigin,
    RefundStatus,
)
from tests import factories
from tests.factories import STAFF


def disputed(
    session: Session,
    status: DisputeStatus,
    dispute: str = "du_1",
    *,
    paid: str = "pi_1",
    due_by: datetime | None = None,
) -> Order:
    return record_dispute(
        session,
        payment_reference=paid,
        reference=dispute,
        amount=Money(39800, "USD"),
        status=status,
        actor=Actor.stripe("evt_1"),
        reason="fraudulent",
        due_by=due_by,
    )


@pytest.fixture
def order(session: Session) -> Order:
    return factories.pay(session, factories.order(session), reference="pi_1")


def license_status(order: Order) -> LicenseStatus | None:
    license_ = order.lines[0].license
    return license_.status if license_ else None


def test_open_dispute_raises_issue_and_keeps_licenses(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.NEEDS_RESPONSE)
    disputed(session, DisputeStatus.NEEDS_RESPONSE)

    assert factories.states(order)[1] == PaymentState.DISPUTED
    assert order.attention == ["The buyer's bank disputed $398.00 (fraudulent)."]
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


def test_won_dispute_restores_order(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.NEEDS_RESPONSE)
    disputed(session, DisputeStatus.WON)

    assert factories.states(order)[1] == PaymentState.PAID
    assert order.attention == []
    assert license_status(order) == LicenseStatus.ACTIVE
    disputed(session, DisputeStatus.NEEDS_RESPONSE)  # an old event, told late
    assert factories.states(order)[1] == PaymentState.PAID


def test_lost_dispute_records_refund_and_suspends_license(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.NEEDS_RESPONSE)
    disputed(session, DisputeStatus.LOST)
    disputed(session, DisputeStatus.LOST)

    assert factories.states(order)[1] == PaymentState.REFUNDED
    assert order.refunded == Money(39800, "USD")
    assert [(r.origin, r.status, r.reference) for r in order.refunds] == [
        (RefundOrigin.DISPUTE, RefundStatus.SUCCEEDED, "du_1")
    ]
    assert license_status(order) == LicenseStatus.SUSPENDED
    assert [c.code for c in order.issues if c.cleared_at is None] == [IssueCode.DISPUTE_LOST]


def test_suspended_license_can_be_reinstated_or_revoked(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.LOST)

    reinstate_suspended(session, order, actor=STAFF, reason="the bank erred; they paid by check")

    assert license_status(order) == LicenseStatus.ACTIVE
    assert order.attention == []


def test_reinstate_without_lost_dispute_is_refused(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.NEEDS_RESPONSE)
    disputed(session, DisputeStatus.WON)

    with pytest.raises(OrderClosedError, match="has no suspended licenses"):
        reinstate_suspended(session, order, actor=STAFF, reason="to be kind")


def test_reinstate_keeps_revoked_license_revoked(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.LOST)
    license_ = order.lines[0].license
    assert license_ is not None
    revoke(session, license_, actor=STAFF, reason="fraud")

    reinstate_suspended(session, order, actor=STAFF, reason="asked twice")

    assert license_status(order) == LicenseStatus.REVOKED
    assert order.attention == []


def test_lost_dispute_allocated_with_keep_reinstates_license(session: Session) -> None:
    """Two lines: the one that the money was for is decided, the other still waits."""
    offers = factories.offer(session, amount=20000), factories.offer(session, amount=19800)
    order = factories.pay(session, factories.order(session, *offers), reference="pi_1")
    record_dispute(
        session,
        payment_reference="pi_1",
        reference="du_1",
        amount=Money(20000, "USD"),
        status=DisputeStatus.LOST,
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
    assert [c.code for c in order.issues if c.cleared_at is None] == [IssueCode.DISPUTE_LOST]
    reinstate_suspended(session, order, actor=STAFF, reason="the other too")
    assert order.attention == []


def test_lost_dispute_allocated_with_revoke_ends_license(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.LOST)
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


def test_dispute_of_unknown_payment_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError):
        disputed(session, DisputeStatus.NEEDS_RESPONSE)


def test_dispute_lost_in_other_currency_keeps_sums(session: Session) -> None:
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
        reference="du_1",
        amount=Money(39800, "EUR"),
        status=DisputeStatus.LOST,
        actor=STAFF,
    )

    assert order.refunded == Money(0, "USD")
    assert [refund.money for refund in order.refunds] == [Money(39800, "EUR")]


def look(session: Session, order: Order) -> dict[str, object]:
    """What a dispute did to an order: its row, its money, its license, and the audit log."""
    session.expire_all()
    [dispute] = order.disputes
    actions = session.scalars(
        select(AuditEntry.action)
        .where(
            AuditEntry.object_ref == order.number,
            AuditEntry.action.startswith("order.dispute_", autoescape=True),
        )
        .order_by(AuditEntry.id)
    )
    return {
        "status": dispute.status,
        "payment": order.payment_state,
        "refunds": [refund.amount for refund in order.refunds],
        "license": license_status(order),
        "open": [concern.code for concern in order.issues if concern.cleared_at is None],
        "told": list(actions),
    }


def expected(status: DisputeStatus, *, was_open: bool) -> dict[str, object]:
    if status not in CLOSED_DISPUTES:
        state, codes, told = PaymentState.DISPUTED, [IssueCode.DISPUTE_OPEN], []
    elif status is DisputeStatus.LOST:
        state, codes, told = PaymentState.REFUNDED, [IssueCode.DISPUTE_LOST], ["lost"]
    else:
        state, codes, told = PaymentState.PAID, [], ["won"]
    is_lost = status is DisputeStatus.LOST
    return {
        "status": status,
        "payment": state,
        "refunds": [39800] if is_lost else [],
        "license": LicenseStatus.SUSPENDED if is_lost else LicenseStatus.ACTIVE,
        "open": codes,
        "told": [f"order.dispute_{word}" for word in (["open"] if was_open else []) + told],
    }


def after(*statuses: DisputeStatus) -> DisputeStatus:
    """Where a dispute stands after these were recorded, by the table."""
    now = statuses[0]
    for status in statuses[1:]:
        now = status if status in DISPUTE_TRANSITIONS[now] else now
    return now


@pytest.mark.parametrize("second", DisputeStatus)
@pytest.mark.parametrize("first", DisputeStatus)
def test_dispute_statuses_in_any_pair_are_consistent(
    session: Session, order: Order, first: DisputeStatus, second: DisputeStatus
) -> None:
    for status in (first, second, second, first):
        disputed(session, status)

    was_open = first not in CLOSED_DISPUTES
    assert look(session, order) == expected(after(first, second), was_open=was_open)


@given(statuses=st.lists(st.sampled_from(DisputeStatus), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_dispute_statuses_in_any_order_are_consistent(
    session: Session, statuses: list[DisputeStatus]
) -> None:
    order = factories.order(session)
    factories.pay(session, order, reference=f"pi_{order.number}")
    for status in statuses:
        disputed(session, status, f"du_{order.number}", paid=f"pi_{order.number}")

    was_open = statuses[0] not in CLOSED_DISPUTES
    assert look(session, order) == expected(after(*statuses), was_open=was_open)


@pytest.mark.parametrize("second", [DisputeStatus.UNDER_REVIEW, DisputeStatus.LOST])
@pytest.mark.parametrize("first", DisputeStatus)
def test_two_open_disputes_are_both_recorded(
    sessions: sessionmaker[Session], first: DisputeStatus, second: DisputeStatus
) -> None:
    with sessions.begin() as session:
        number = factories.pay(session, factories.order(session), reference="pi_1").number

    def record(status: DisputeStatus) -> None:
        with sessions.begin() as session:
            disputed(session, status)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, [first, second, first, second]))

    with sessions() as session:
        found = look(session, get_order_by_number(session, number))
    status = found["status"]
    assert status in {after(first, second), after(second, first)}
    assert found in [
        expected(DisputeStatus(str(status)), was_open=was_open) for was_open in (True, False)
    ]


def test_inquiry_can_become_chargeback(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.WARNING_NEEDS_RESPONSE)
    disputed(session, DisputeStatus.WARNING_UNDER_REVIEW)
    assert factories.states(order)[1] == PaymentState.DISPUTED

    due_by = clock.now()
    disputed(session, DisputeStatus.NEEDS_RESPONSE, due_by=due_by)
    disputed(session, DisputeStatus.WARNING_UNDER_REVIEW)  # an old event, told late

    dispute = session.get_one(Dispute, "du_1")
    assert (dispute.status, dispute.due_by) == (DisputeStatus.NEEDS_RESPONSE, due_by)
    moves = session.scalars(
        select(AuditEntry.action).where(AuditEntry.object_ref == "du_1").order_by(AuditEntry.id)
    )
    assert list(moves) == [
        "dispute.status.warning_under_review",
        "dispute.status.needs_response",
    ]
    disputed(session, DisputeStatus.LOST)
    assert factories.states(order)[1] == PaymentState.REFUNDED


def test_order_stays_disputed_until_last_dispute_closes(session: Session, order: Order) -> None:
    disputed(session, DisputeStatus.NEEDS_RESPONSE)
    disputed(session, DisputeStatus.WARNING_NEEDS_RESPONSE, "du_2")
    disputed(session, DisputeStatus.WARNING_CLOSED, "du_2")

    assert factories.states(order)[1] == PaymentState.DISPUTED
    disputed(session, DisputeStatus.PREVENTED)
    assert factories.states(order)[1] == PaymentState.PAID
    assert order.attention == []
