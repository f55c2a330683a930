"""Credit holds: whether an institution may get another order on terms (docs/invoicing.md)."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.credit import CreditFacts, CreditHold, find_credit_holds
from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core import clock
from app.core.money import Money
from app.institutions.models import Institution
from app.orders.errors import CreditHoldError, OrderClosedError
from app.orders.invoicing import seller_of
from app.orders.models import Order
from app.orders.queries import lock_order
from app.orders.states import OrderState, PaymentState

_OWING_STATES = (OrderState.ACCEPTED, OrderState.COMPLETED)


def check_credit(session: Session, order: Order) -> None:
    """Return if the order may be accepted on terms, or staff released its hold.

    The institution is locked until the transaction ends, so that orders that are accepted at the
    same moment are counted one after another.

    Raises:
        CreditHoldError: a hold applies.
    """
    if order.credit_release:
        return
    institutions = _find_institutions(session, order, lock=True)
    holds = _find_holds(session, order, institutions)
    if holds:
        detail = (
            f"{' '.join(hold.detail for hold in holds)} Order {order.number} is under review. "
            "Staff with billing permissions can release it."
        )
        raise CreditHoldError(detail)


def find_holds_of(session: Session, order: Order) -> list[CreditHold]:
    """Return the holds that apply to an order that waits to be accepted, for staff."""
    if order.state is not OrderState.SUBMITTED or order.credit_release:
        return []
    return _find_holds(session, order, _find_institutions(session, order, lock=False))


def release_credit_hold(session: Session, order: Order, *, actor: Actor, reason: str) -> Order:
    """Let this one order be accepted on terms whatever is owed. Safe to repeat.

    Raises:
        OrderClosedError: it does not wait to be accepted.
    """
    order = lock_order(session, order.number)
    if order.credit_release:
        return order
    if order.state is not OrderState.SUBMITTED:
        detail = f"Order {order.number} is {order.state}."
        raise OrderClosedError(detail)
    holds = find_holds_of(session, order)
    order.credit_release = reason
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="order.credit_hold_released",
        object_type="order",
        object_ref=order.number,
        after={"holds": [hold.code for hold in holds]},
        reason=reason,
    )
    return order


def _find_institutions(session: Session, order: Order, *, lock: bool) -> list[Institution]:
    """Return the institution of the order; for a guest's order, each that has the same name."""
    if order.institution_id is not None:
        own = Institution.id == order.institution_id
    else:
        own = Institution.name_key == order.institution_key
    statement = select(Institution).where(own).order_by(Institution.id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(statement))


def _find_holds(
    session: Session, order: Order, institutions: list[Institution]
) -> list[CreditHold]:
    debts = _owed_by(order, institutions)
    owed = session.scalar(select(func.sum(Order.total_amount - Order.paid_amount)).where(*debts))
    oldest, due_on = _find_oldest(session, order, debts)
    limits = [item.credit_limit for item in institutions if item.credit_limit is not None]
    reasons = [item.hold_reason for item in institutions if item.hold_reason]
    today = clock.today(seller_of(order).time_zone)
    facts = CreditFacts(
        owed=Money(int(owed or 0), order.currency),
        asked=order.balance,
        limit=Money(min(limits), order.currency) if limits else None,
        hold_reason=reasons[0] if reasons else "",
        days_overdue=max((today - due_on) // timedelta(days=1), 0) if due_on else 0,
        oldest=oldest,
    )
    # Orders that were placed before this setting existed have no limit of days.
    days = order.seller.get("credit_hold_days")
    return find_credit_holds(facts, max_days_overdue=days if days is not None else 10**6)


def _owed_by(order: Order, institutions: list[Institution]) -> list[ColumnElement[bool]]:
    """Return the conditions of accepted orders of the same institution that are not paid.

    A limit is in the store's currency, so it counts only what is owed in that of the order.
    """
    return [
        or_(
            Order.institution_id.in_([institution.id for institution in institutions]),
            Order.institution_key == order.institution_key,
        ),
        Order.on_terms.is_(True),
        Order.state.in_(_OWING_STATES),
        Order.payment_state != PaymentState.WRITTEN_OFF,
        Order.paid_amount < Order.total_amount,
        Order.currency == order.currency,
    ]


def _find_oldest(
    session: Session, order: Order, debts: list[ColumnElement[bool]]
) -> tuple[str, date | None]:
    """Return the invoice that has been due the longest, or its order's number, and the day."""
    found = session.execute(
        select(Order.number, Order.due_on)
        .where(*debts, Order.due_on.is_not(None), Order.number != order.number)
        .order_by(Order.due_on, Order.id)
        .limit(1)
    ).first()
    if found is None:
        return "", None
    invoice = session.scalar(
        select(Invoice.number).where(
            Invoice.order_number == found.number, Invoice.state == InvoiceState.OPEN
        )
    )
    return invoice or f"of order {found.number}", found.due_on
