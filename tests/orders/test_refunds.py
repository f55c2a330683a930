import pytest
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.transitions import InvalidTransitionError
from app.core.email_outbox import emails_for
from app.core.errors import InvalidInputError, NotFoundError
from app.core.money import Money
from app.licenses.states import LicenseStatus
from app.orders.allocations import Allocation, Part
from app.orders.models import Order, Refund
from app.orders.payment_recording import record_payment
from app.orders.refunds import (
    allocate_refund,
    apply_refund_result,
    record_external_refund,
    refundable,
    refundable_total,
    request_refund,
)
from app.orders.states import (
    IssueCode,
    LicenseEffect,
    PaymentMethod,
    PaymentState,
    RefundOrigin,
    RefundStatus,
)
from tests import factories
from tests.emails import text_of
from tests.factories import SETTINGS, STAFF

STRIPE = Actor.stripe("evt_1")
KEEP, REVOKE = LicenseEffect.KEEP, LicenseEffect.REVOKE
SHIPPED = SETTINGS.model_copy(update={"shipping_domestic_amount": 700})


@pytest.fixture
def order(session: Session) -> Order:
    """A disc at $398 and a site license at $150, with $7 of shipping, paid."""
    disc = factories.offer(session, amount=39800)
    site = factories.offer(session, amount=15000, delivery="file")
    made = factories.order(session, disc, site, settings=SHIPPED)
    return factories.pay(session, made, reference="pi_1")


def ask(
    session: Session,
    order: Order,
    *parts: tuple[Part, int],
    effect: LicenseEffect = KEEP,
) -> Refund:
    return request_refund(
        session,
        order,
        allocations=[Allocation(line=part, amount=amount) for part, amount in parts],
        effect=effect,
        reason="Returned",
        actor=STAFF,
    )


def settle(
    session: Session, refund: Refund, status: RefundStatus = RefundStatus.SUCCEEDED
) -> Refund:
    return apply_refund_result(
        session,
        refund_id=refund.id,
        status=status,
        reference=f"re_{refund.id}",
        actor=STRIPE,
        failure="account closed" if status == RefundStatus.FAILED else "",
    )


def statuses(order: Order) -> list[LicenseStatus | None]:
    return [line.license.status if line.license else None for line in order.lines]


def test_refund_reserves_its_part_and_changes_sums_on_success(
    session: Session, order: Order
) -> None:
    refund = ask(session, order, (1, 10000), ("shipping", 700))

    assert [r.status for r in order.refunds] == [RefundStatus.REQUESTED]
    assert refund.money == Money(10700, "USD")
    assert refundable(order) == {1: 29800, 2: 15000, "shipping": 0}
    assert order.refunded == Money(0, "USD")
    assert factories.states(order)[1] == PaymentState.PAID

    settle(session, refund, RefundStatus.PENDING)
    settle(session, refund)
    settle(session, refund)
    settle(session, refund, RefundStatus.PENDING)  # told late

    assert refund.status == RefundStatus.SUCCEEDED
    assert refund.reference == f"re_{refund.id}"
    assert order.refunded == Money(10700, "USD")
    assert order.lines[0].refunded == Money(10000, "USD")
    assert order.shipping_refunded_amount == 700
    assert factories.states(order)[1] == PaymentState.PARTIALLY_REFUNDED
    assert statuses(order) == [LicenseStatus.ACTIVE, LicenseStatus.ACTIVE]
    told = emails_for(session, order.number)[-1]
    assert told.key == f"refunded:{order.number}:{refund.id}"
    assert "Your licenses are unchanged." in " ".join(text_of(told).split())


def test_refund_of_check_does_not_mention_card(session: Session, order: Order) -> None:
    (payment,) = order.payments
    payment.method = PaymentMethod.CHECK

    settle(session, ask(session, order, (1, 10000)))

    told = emails_for(session, order.number)[-1]
    assert "We refunded $100.00" in text_of(told)
    assert "It appears on your statement" not in text_of(told)


def test_refund_revokes_only_licenses_of_its_lines(session: Session, order: Order) -> None:
    settle(session, ask(session, order, (1, 39800), effect=REVOKE))

    assert statuses(order) == [LicenseStatus.REVOKED, LicenseStatus.ACTIVE]


def test_full_refund_sets_state_refunded(session: Session, order: Order) -> None:
    settle(session, ask(session, order, (1, 39800), (2, 15000), ("shipping", 700)))

    assert factories.states(order)[1] == PaymentState.REFUNDED
    assert refundable_total(order) == Money(0, "USD")
    assert set(refundable(order).values()) == {0}


def test_refund_above_part_is_refused(session: Session, order: Order) -> None:
    ask(session, order, (1, 30000))

    with pytest.raises(InvalidInputError) as caught:
        ask(session, order, (1, 9801), (2, 15001), (7, 1), (2, 1))
    with pytest.raises(InvalidInputError) as empty:
        ask(session, order)

    assert [(p.pointer, p.detail) for p in caught.value.errors] == [
        ("#/allocations/0/amount", "Enter at most $98.00."),
        ("#/allocations/1/amount", "Enter at most $150.00."),
        ("#/allocations/2/line", "Unknown part. The order has 1, 2, shipping."),
        ("#/allocations/3/line", "Enter each part once."),
    ]
    assert [p.pointer for p in empty.value.errors] == ["#/allocations"]
    assert len(order.refunds) == 1


def test_unpaid_order_has_nothing_refundable(session: Session) -> None:
    order = factories.order(session)

    with pytest.raises(InvalidInputError) as caught:
        ask(session, order, (1, 100))

    assert [p.pointer for p in caught.value.errors] == ["#/allocations"]


def test_overpayment_can_be_refunded_alone(session: Session) -> None:
    order = factories.paid_order(session)
    factories.pay(session, order, reference="pi_again")

    assert refundable(order) == {1: 39800, "overpayment": 39800}
    refund = ask(session, order, ("overpayment", 39800))
    settle(session, refund)

    assert refund.payment.reference == "pi_again"
    assert order.lines[0].refunded == Money(0, "USD")
    assert factories.states(order)[1] == PaymentState.PARTIALLY_REFUNDED
    assert refundable(order) == {1: 39800, "overpayment": 0}


def test_refund_comes_from_one_payment(session: Session) -> None:
    order = factories.order(session)
    factories.pay(session, order, amount=10000)
    factories.pay(session, order, amount=29800)

    with pytest.raises(InvalidInputError) as caught:
        ask(session, order, (1, 39800))

    [problem] = caught.value.errors
    assert problem.detail == (
        "Enter at most $298.00. A refund can't exceed what is left of a single payment."
    )


def test_failed_refund_frees_its_part_and_raises_issue(session: Session, order: Order) -> None:
    refund = ask(session, order, (1, 39800), effect=REVOKE)
    settle(session, refund, RefundStatus.FAILED)

    assert refundable(order)[1] == 39800
    assert statuses(order) == [LicenseStatus.ACTIVE, LicenseStatus.ACTIVE]
    assert order.attention == ["The refund of $398.00 failed: account closed."]
    with pytest.raises(InvalidTransitionError):
        settle(session, refund)


def test_refund_failing_after_success_is_undone(session: Session, order: Order) -> None:
    refund = ask(session, order, (1, 39800), effect=REVOKE)
    settle(session, refund)
    settle(session, refund, RefundStatus.FAILED)

    assert order.refunded == Money(0, "USD")
    assert order.lines[0].refunded == Money(0, "USD")
    assert factories.states(order)[1] == PaymentState.PAID
    assert statuses(order) == [LicenseStatus.ACTIVE, LicenseStatus.ACTIVE]
    assert [c.code for c in order.issues] == [IssueCode.REFUND_FAILED]


def test_failed_refund_keeps_license_that_other_refund_ended(
    session: Session, order: Order
) -> None:
    first = ask(session, order, (1, 10000), effect=REVOKE)
    settle(session, first)
    settle(session, ask(session, order, (1, 29800), effect=REVOKE))

    settle(session, first, RefundStatus.FAILED)

    assert statuses(order) == [LicenseStatus.REVOKED, LicenseStatus.ACTIVE]


def test_payment_in_other_currency_keeps_sums(session: Session) -> None:
    order = factories.order(session)
    record_payment(
        session,
        number=order.number,
        paid=Money(10000, "EUR"),
        method=PaymentMethod.CARD,
        reference="pi_eur",
        actor=STRIPE,
    )

    record_external_refund(
        session,
        payment_reference="pi_eur",
        reference="re_eur",
        amount=Money(10000, "EUR"),
        status=RefundStatus.SUCCEEDED,
        actor=STRIPE,
    )

    assert (order.paid, order.refunded) == (Money(0, "USD"), Money(0, "USD"))
    assert factories.states(order)[1] == PaymentState.UNPAID


def test_refunded_line_is_not_shipped(session: Session, order: Order) -> None:
    settle(session, ask(session, order, (1, 39800), effect=REVOKE))

    assert [(s.kind, s.state) for s in order.shipments] == [
        ("parcel", "canceled"),
        ("electronic", "pending"),
    ]
    assert factories.states(order)[0] == "accepted"


def test_unsent_refunded_order_is_canceled_and_reopens_if_refund_fails(
    session: Session, order: Order
) -> None:
    refund = ask(session, order, (1, 39800), (2, 15000), ("shipping", 700), effect=REVOKE)
    settle(session, refund)

    assert factories.states(order) == ("canceled", "refunded", "none")
    assert [s.state for s in order.shipments] == ["canceled", "canceled"]

    settle(session, refund, RefundStatus.FAILED)

    assert factories.states(order) == ("accepted", "paid", "none")
    assert statuses(order) == [LicenseStatus.ACTIVE, LicenseStatus.ACTIVE]
    assert [s.state for s in order.shipments][2:] == ["pending", "pending"]


def foreign(session: Session, status: RefundStatus = RefundStatus.SUCCEEDED) -> Refund:
    return record_external_refund(
        session,
        payment_reference="pi_1",
        reference="re_dashboard",
        amount=Money(15000, "USD"),
        status=status,
        actor=STRIPE,
    )


def test_external_refund_is_recorded_once_and_needs_allocation(
    session: Session, order: Order
) -> None:
    foreign(session, RefundStatus.PENDING)
    refund = foreign(session)
    foreign(session)

    assert [(r.origin, r.allocations) for r in order.refunds] == [(RefundOrigin.EXTERNAL, [])]
    assert order.refunded == Money(15000, "USD")
    assert [line.refunded.amount for line in order.lines] == [0, 0]
    assert order.attention == ["$150.00 was refunded outside the store. Allocate it to lines."]

    with pytest.raises(InvalidInputError):
        allocated(session, order, refund, 14999)
    allocated(session, order, refund, 15000)

    assert [line.refunded.amount for line in order.lines] == [0, 15000]
    assert order.refunded == Money(15000, "USD")
    assert statuses(order) == [LicenseStatus.ACTIVE, LicenseStatus.REVOKED]
    assert order.attention == []
    with pytest.raises(NotFoundError):
        allocated(session, order, refund, 15000)


def allocated(session: Session, order: Order, refund: Refund, amount: int) -> Refund:
    return allocate_refund(
        session,
        order,
        refund_id=refund.id,
        allocations=[Allocation(line=2, amount=amount)],
        effect=REVOKE,
        actor=STAFF,
    )


def test_own_refund_reported_as_external_is_not_duplicated(session: Session, order: Order) -> None:
    refund = ask(session, order, (2, 15000))
    apply_refund_result(
        session,
        refund_id=refund.id,
        status=RefundStatus.PENDING,
        reference="re_dashboard",
        actor=STRIPE,
    )

    foreign(session)

    assert [r.origin for r in order.refunds] == [RefundOrigin.STAFF]
    assert refund.status == RefundStatus.SUCCEEDED
    assert order.lines[1].refunded == Money(15000, "USD")
