"""Two at once: threads with sessions of their own, on the real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.core import clock
from app.core.email_models import OutboxEmail
from app.core.errors import AppError
from app.core.money import Money
from app.licenses.models import License
from app.orders.allocations import Allocation
from app.orders.cancellation import cancel
from app.orders.expiry import expire_unpaid
from app.orders.fulfillment import ship
from app.orders.models import Order, Payment, Refund, Shipment
from app.orders.payment_recording import record_payment
from app.orders.queries import get_order_by_number, lock_order
from app.orders.refunds import apply_refund_result, request_refund
from app.orders.states import (
    FulfillmentState,
    LicenseEffect,
    OrderState,
    PaymentMethod,
    PaymentState,
    RefundStatus,
    ShipmentState,
)
from tests import factories
from tests.factories import STAFF

Sessions = sessionmaker[Session]
Work = Callable[[Session], object]


def at_once(sessions: Sessions, *works: Work) -> list[object]:
    """Start all at the same moment, each in its own transaction; return results or app errors."""
    barrier = Barrier(len(works))

    def run(work: Work) -> object:
        barrier.wait()
        try:
            with sessions.begin() as session:
                return work(session)
        except AppError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def paying(number: str, reference: str, amount: int = 39800) -> Work:
    def work(session: Session) -> object:
        return record_payment(
            session,
            number=number,
            paid=Money(amount, "USD"),
            method=PaymentMethod.CARD,
            reference=reference,
            actor=Actor.stripe("evt_1"),
        ).payment_state

    return work


def cancelling(number: str) -> Work:
    def work(session: Session) -> object:
        return cancel(session, get_order_by_number(session, number), actor=STAFF, reason="x").state

    return work


def counted(
    session: Session, model: type[License | OutboxEmail | Payment | Refund | Shipment]
) -> int:
    return session.scalar(select(func.count(model.id))) or 0


def placed(session: Session) -> str:
    number = factories.order(session).number
    session.commit()
    return number


def test_concurrent_deliveries_record_one_payment(session: Session, sessions: Sessions) -> None:
    for _ in range(3):
        number = placed(session)
        before = counted(session, OutboxEmail)
        session.rollback()

        states = at_once(sessions, *[paying(number, f"pi_{number}") for _ in range(8)])

        assert states == [PaymentState.PAID] * 8
        order = get_order_by_number(session, number)
        assert order.paid_amount == 39800
        assert len(order.payments) == 1
        assert len(order.shipments) == 1
        assert order.attention == []
        granted = select(func.count(License.id)).where(License.order_number == number)
        assert session.scalar(granted) == 1
        # One mail more, which replaces the one that waited.
        assert counted(session, OutboxEmail) == before
        moves = select(AuditEntry.action).where(
            AuditEntry.object_ref == number, AuditEntry.action.like("order.%state.%")
        )
        assert sorted(session.scalars(moves)) == [
            "order.payment_state.paid",
            "order.state.accepted",
        ]
        session.rollback()


def test_concurrent_payments_grant_once_and_raise_issue(
    session: Session, sessions: Sessions
) -> None:
    number = placed(session)

    works = [paying(number, reference) for reference in ("pi_a", "pi_b") for _ in range(4)]
    at_once(sessions, *works)

    order = get_order_by_number(session, number)
    assert order.paid_amount == 79600
    assert sorted(payment.reference for payment in order.payments) == ["pi_a", "pi_b"]
    assert [concern.code for concern in order.issues] == ["paid_twice"]
    assert counted(session, License) == 1


def test_payment_wins_over_concurrent_expiry(session: Session, sessions: Sessions) -> None:
    later = clock.now() + timedelta(days=31)
    for _ in range(4):
        number = placed(session)

        at_once(
            sessions,
            paying(number, f"pi_{number}"),
            lambda s: expire_unpaid(s, on=later),
        )

        order = get_order_by_number(session, number)
        assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
        assert order.lines[0].license is not None
        session.rollback()


def test_concurrent_payment_and_cancellation_lose_nothing(
    session: Session, sessions: Sessions
) -> None:
    for _ in range(4):
        number = placed(session)

        at_once(
            sessions,
            paying(number, f"pi_{number}"),
            cancelling(number),
        )

        order = get_order_by_number(session, number)
        assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
        session.rollback()


def test_concurrent_refunds_never_exceed_payment(session: Session, sessions: Sessions) -> None:
    number = factories.paid_order(session).number
    session.commit()

    def refunding(s: Session) -> object:
        return request_refund(
            s,
            get_order_by_number(s, number),
            allocations=[Allocation(line=1, amount=20000)],
            effect=LicenseEffect.KEEP,
            reason="half back",
            actor=STAFF,
        )

    results = at_once(sessions, *[refunding] * 6)

    assert sum(isinstance(result, Refund) for result in results) == 1
    assert counted(session, Refund) == 1


def test_concurrent_refund_results_apply_once(session: Session, sessions: Sessions) -> None:
    order = factories.paid_order(session)
    refund = request_refund(
        session,
        order,
        allocations=[Allocation(line=1, amount=39800)],
        effect=LicenseEffect.REVOKE,
        reason="all back",
        actor=STAFF,
    )
    session.commit()
    refund_id = refund.id

    def settling(s: Session) -> object:
        return apply_refund_result(
            s,
            refund_id=refund_id,
            status=RefundStatus.SUCCEEDED,
            reference="re_1",
            actor=Actor.stripe("evt_2"),
        ).status

    results = at_once(sessions, *[settling] * 8)

    assert results == [RefundStatus.SUCCEEDED] * 8
    session.expire_all()
    kept = session.scalars(select(Order)).one()
    assert (kept.refunded_amount, kept.lines[0].refunded_amount) == (39800, 39800)
    assert factories.states(kept)[1] == PaymentState.REFUNDED


def test_concurrent_shipping_ships_once(session: Session, sessions: Sessions) -> None:
    number = factories.paid_order(session).number
    session.commit()

    def shipping(s: Session) -> object:
        return ship(s, get_order_by_number(s, number), carrier="usps", tracking="9400", actor=STAFF)

    results = at_once(sessions, *[shipping] * 5)

    assert sum(isinstance(result, Shipment) for result in results) == 1
    session.expire_all()
    order = get_order_by_number(session, number)
    assert factories.states(order)[0] == OrderState.COMPLETED
    keys = session.scalars(select(OutboxEmail.key).where(OutboxEmail.key.like("shipped:%"))).all()
    assert len(keys) == 1


def test_lock_order_reads_current_state(session: Session, sessions: Sessions) -> None:
    """What the session read before it had the lock may be old, parts and all."""
    number = factories.paid_order(session).number
    session.commit()
    known = get_order_by_number(session, number)
    (shipment,) = known.shipments
    assert known.lines[0].license is not None
    session.commit()
    with sessions.begin() as other:
        ship(
            other, get_order_by_number(other, number), actor=STAFF, carrier="usps", tracking="9400"
        )

    fresh = lock_order(session, number)

    assert fresh is known
    assert fresh.fulfillment_state is FulfillmentState.FULFILLED
    assert fresh.shipments == [shipment]
    assert (shipment.state, shipment.tracking) == (ShipmentState.SHIPPED, "9400")
