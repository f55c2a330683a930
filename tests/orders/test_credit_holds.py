"""Orders on terms wait for staff when an institution owes too much, or for too long."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.money import Money
from app.core.numbers import new_number
from app.core.text import normalize_key
from app.institutions.models import Institution
from app.orders.acceptance import accept
from app.orders.credit_checks import find_holds_of, release_credit_hold
from app.orders.errors import CreditHoldError
from app.orders.models import Order
from app.orders.queries import get_order_by_number
from app.orders.states import OrderState
from tests import factories
from tests.factories import STAFF
from tests.orders.test_races import Work, at_once

NAME = "Example College"


def institution(session: Session, name: str = NAME, **fields: object) -> Institution:
    made = Institution(
        ref=new_number("IN"),
        name=name,
        name_key=normalize_key(name),
        customer_class=CustomerClass.COLLEGE,
        country="US",
        **fields,
    )
    session.add(made)
    session.flush()
    return made


def waiting(session: Session, of: Institution | None = None) -> Order:
    order = factories.order(session, po_number=f"PO-{new_number('X')}")
    if of is not None:
        order.institution_id = of.id
        session.flush()
    return order


def codes(session: Session, order: Order) -> list[str]:
    return [hold.code for hold in find_holds_of(session, order)]


def test_order_over_the_limit_is_held_until_released(session: Session) -> None:
    of = institution(session, credit_limit=80000)
    first, second, third = (waiting(session, of) for _ in range(3))
    accept(session, first, actor=STAFF)
    accept(session, second, actor=STAFF)
    assert codes(session, third) == ["over_limit"]
    with pytest.raises(CreditHoldError, match=r"the credit limit of \$800\.00 is exceeded"):
        accept(session, third, actor=STAFF)
    assert third.state is OrderState.SUBMITTED
    for _ in range(2):
        release_credit_hold(session, third, actor=STAFF, reason="The dean confirmed payment")
    assert accept(session, third, actor=STAFF).state is OrderState.ACCEPTED
    released = [
        entry
        for entry in entries_about(session, "order", third.number)
        if entry.action == "order.credit_hold_released"
    ]
    assert [(entry.reason, entry.after) for entry in released] == [
        ("The dean confirmed payment", {"holds": ["over_limit"]})
    ]


def test_payment_makes_room_under_the_limit(session: Session) -> None:
    of = institution(session, credit_limit=39800)
    first, second = waiting(session, of), waiting(session, of)
    factories.pay(session, accept(session, first, actor=STAFF))
    assert accept(session, second, actor=STAFF).state is OrderState.ACCEPTED


@pytest.mark.parametrize(("days", "held"), [(30, []), (31, ["overdue"])])
def test_overdue_invoice_holds_orders_of_guests_too(
    session: Session, days: int, held: list[str]
) -> None:
    old = accept(session, waiting(session), actor=STAFF)
    old.due_on = clock.today("America/New_York") - timedelta(days=days)
    session.flush()
    assert codes(session, waiting(session)) == held


def test_hold_reason_applies_to_a_guest_with_the_same_name(session: Session) -> None:
    institution(session, hold_reason="Owes for a lost disc.")
    order = waiting(session)
    with pytest.raises(CreditHoldError, match="Owes for a lost disc"):
        accept(session, order, actor=STAFF)
    # Paying at once needs no credit.
    assert factories.pay(session, order).state is OrderState.ACCEPTED


@pytest.mark.slow
@pytest.mark.once(on="postgresql")
@pytest.mark.parametrize("has_record", [True, False])
def test_concurrent_orders_never_exceed_the_limit(
    sessions: sessionmaker[Session], *, has_record: bool
) -> None:
    limit = 5 * 39800 + 100
    with sessions.begin() as session:
        of = institution(session, credit_limit=limit)
        offer = factories.offer(session)
        numbers = []
        for index in range(50):
            order = factories.order(session, offer, po_number=f"PO-{index}")
            order.institution_id = of.id if has_record else None
            numbers.append(order.number)

    def accepting(number: str) -> Work:
        return lambda session: (
            accept(session, get_order_by_number(session, number), actor=STAFF).number
        )

    results = [
        result
        for start in range(0, 50, 25)
        for result in at_once(sessions, *map(accepting, numbers[start : start + 25]))
    ]
    assert sum(isinstance(result, str) for result in results) == 5
    assert sum(isinstance(result, CreditHoldError) for result in results) == 45
    with sessions() as session:
        orders = [get_order_by_number(session, number) for number in numbers]
        owed = sum(order.total_amount for order in orders if order.on_terms)
        assert Money(owed, "USD") == Money(5 * 39800, "USD")
