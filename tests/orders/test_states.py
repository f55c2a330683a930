import pytest

from app.orders.states import (
    CLOSED_DISPUTES,
    DISPUTE_TRANSITIONS,
    FULFILLMENT_TRANSITIONS,
    ORDER_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    SHIPMENT_TRANSITIONS,
    DisputeStatus,
    FulfillmentState,
    OrderState,
    PaymentState,
    RefundStatus,
    ShipmentState,
    derive_payment_state,
)

pytestmark = pytest.mark.once


def test_every_state_has_transitions() -> None:
    assert set(ORDER_TRANSITIONS) == set(OrderState)
    assert set(PAYMENT_TRANSITIONS) == set(PaymentState)
    assert set(FULFILLMENT_TRANSITIONS) == set(FulfillmentState)
    assert set(SHIPMENT_TRANSITIONS) == set(ShipmentState)
    assert set(REFUND_TRANSITIONS) == set(RefundStatus)
    assert set(DISPUTE_TRANSITIONS) == set(DisputeStatus)


def test_final_states_have_no_transitions() -> None:
    assert ORDER_TRANSITIONS[OrderState.COMPLETED] == frozenset()
    assert SHIPMENT_TRANSITIONS[ShipmentState.SHIPPED] == frozenset()
    assert REFUND_TRANSITIONS[RefundStatus.FAILED] == frozenset()
    over = {status for status, ends in DISPUTE_TRANSITIONS.items() if not ends}
    assert over == CLOSED_DISPUTES
    # Money that was here is never forgotten: back to unpaid leads only a bank debit that failed,
    # a check that was recorded by mistake, or a write-off that was undone.
    leading_back = {
        start for start, ends in PAYMENT_TRANSITIONS.items() if PaymentState.UNPAID in ends
    }
    assert leading_back == {
        PaymentState.PENDING,
        PaymentState.PARTIALLY_PAID,
        PaymentState.PAID,
        PaymentState.WRITTEN_OFF,
    }


def test_dispute_transitions_lead_forwards() -> None:
    for start, ends in DISPUTE_TRANSITIONS.items():
        assert all(start not in DISPUTE_TRANSITIONS[end] for end in ends), start
        assert all(DISPUTE_TRANSITIONS[end] <= ends for end in ends), start


@pytest.mark.parametrize(
    ("paid", "refunded", "disputed", "state"),
    [
        (0, 0, False, PaymentState.UNPAID),
        (99, 0, False, PaymentState.PARTIALLY_PAID),
        (100, 0, False, PaymentState.PAID),
        (101, 0, False, PaymentState.PAID),
        (100, 1, False, PaymentState.PARTIALLY_REFUNDED),
        (100, 100, False, PaymentState.REFUNDED),
        (99, 99, False, PaymentState.REFUNDED),
        (100, 50, True, PaymentState.DISPUTED),
    ],
)
def test_payment_state_follows_sums(
    *, paid: int, refunded: int, disputed: bool, state: PaymentState
) -> None:
    assert derive_payment_state(total=100, paid=paid, refunded=refunded, disputed=disputed) is state


def test_payment_state_of_free_order_is_paid() -> None:
    assert derive_payment_state(total=0, paid=0, refunded=0, disputed=False) is PaymentState.PAID
