"""Close an unpaid order, so that its items can go back to the cart."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.orders import cancellation
from app.orders.models import Order
from app.orders.next_steps import can_be_changed
from app.orders.queries import lock_order
from app.payments.checkout import RETRY_AFTER
from app.payments.errors import (
    GatewayError,
    NotChangeableError,
    PaymentsUnavailableError,
)
from app.payments.gateway import StripeGateway
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus
from app.payments.stripe_sync import sync_checkout

Result = TypeVar("Result")
# Another payment page may open in the meantime.
MAX_TRIES = 3


def close_unpaid(
    sessions: sessionmaker[Session],
    gateway: StripeGateway,
    *,
    number: str,
    restore: Callable[[Session, Order], Result],
) -> Result:
    """Close an unpaid order and do ``restore_lines`` with it, both or neither.

    Its payment page is closed at Stripe first: were it left open, the order could still be paid.

    Raises:
        NotFoundError: no such order.
        NotChangeableError: it is paid, accepted, or closed, or a payment is on its way.
        PaymentsUnavailableError: Stripe cannot be reached, so its page cannot be closed.
    """
    actor = Actor.system("back to the cart")
    for _ in range(MAX_TRIES):
        with sessions() as session:
            pages = _find_open_pages(session, number)
        for session_id in pages:
            try:
                checkout = gateway.expire_checkout(session_id)
            except GatewayError as error:
                detail = (
                    "We can't close this order's payment page right now, so the order has not "
                    "changed. You have not been charged. Try again in a minute."
                )
                raise PaymentsUnavailableError(detail, headers=RETRY_AFTER) from error
            with sessions.begin() as session:
                sync_checkout(session, checkout, actor=actor)
        with sessions.begin() as session:
            order = lock_order(session, number)
            if not can_be_changed(order):
                detail = f"Order {number} is paid, accepted, or closed, so it can't be changed."
                raise NotChangeableError(detail)
            if _find_open_pages(session, number):
                continue  # opened in the meantime
            result = restore(session, order)
            cancellation.cancel(
                session,
                order,
                actor=Actor.guest(order.email),
                reason="Its items were moved back to the cart",
            )
            return result
    detail = "This order's payment page keeps reopening. Try again in a minute."
    raise PaymentsUnavailableError(detail, headers=RETRY_AFTER)


def _find_open_pages(session: Session, number: str) -> list[str]:
    session_ids = session.scalars(
        select(CheckoutAttempt.session_id)
        .join(Order, Order.id == CheckoutAttempt.order_id)
        .where(Order.number == number, CheckoutAttempt.status == AttemptStatus.OPEN)
    )
    return [session_id for session_id in session_ids if session_id is not None]
