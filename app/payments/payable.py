"""Whether an order can be paid on a payment page now, and if not, why not."""

from app.orders.charges import is_too_small, min_charge
from app.orders.models import Order
from app.orders.next_steps import other_ways
from app.orders.states import OrderState, PaymentState
from app.payments.errors import AlreadyPaidError, NotPayableError
from app.payments.models import CheckoutAttempt


def ensure_payable(order: Order, last: CheckoutAttempt | None) -> None:
    """Return if a payment page may be opened for ``order`` after its ``last`` one.

    Raises:
        AlreadyPaidError: nothing is left to pay, or a bank debit is on its way.
        NotPayableError: the order is canceled, expired, refunded or in dispute.
    """
    # The order's own state may say otherwise for a while, if other money came meanwhile.
    if order.payment_state is PaymentState.PENDING or (last is not None and last.waits_for_debit):
        detail = "A bank debit is processing. It can take up to five business days to settle."
        raise AlreadyPaidError(detail)
    if order.payment_state in {PaymentState.REFUNDED, PaymentState.PARTIALLY_REFUNDED}:
        detail = f"Order {order.number} was paid and refunded. Place a new order."
        raise NotPayableError(detail)
    if order.payment_state is PaymentState.DISPUTED:
        detail = f"The payment for order {order.number} is disputed. Email us."
        raise NotPayableError(detail)
    if order.balance.amount == 0:
        detail = f"Order {order.number} is already paid."
        raise AlreadyPaidError(detail)
    if is_too_small(order.balance):
        detail = (
            f"{order.balance.words()} is below the card payment minimum of "
            f"{min_charge(order.currency).words()}. {other_ways(order)}"
        )
        raise NotPayableError(detail)
    if order.state is OrderState.CANCELED:
        detail = f"Order {order.number} was canceled. Place a new order."
        raise NotPayableError(detail)
    if order.state is OrderState.EXPIRED:
        detail = f"Order {order.number} expired before it was paid. Place a new order."
        raise NotPayableError(detail)
