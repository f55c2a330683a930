"""Whatever happens to quotes in whatever order, each leads to at most one order at its price."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.errors import ConflictError, InvalidInputError
from app.orders.models import Order
from app.quotes.models import Quote
from app.quotes.service import (
    decline_quote,
    expire_quotes,
    extend_quote,
    send_expiry_notices,
    withdraw_quote,
)
from app.quotes.states import QUOTE_TRANSITIONS, QuoteState
from tests import factories
from tests.factories import BUYER, STAFF
from tests.quotes.quote_factories import accept, quote

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["accept", "decline", "withdraw", "extend", "supersede", "expire"]),
        st.integers(0, 3),
        st.integers(0, 50),
    ),
    max_size=12,
)
REFUSALS = (ConflictError, InvalidInputError)


def take(session: Session, of: Quote, step: str, offer: Any) -> None:  # noqa: ANN401 - an offer
    if step == "accept":
        accept(session, of)
    elif step == "decline":
        decline_quote(session, of.number, actor=BUYER, reason="No budget")
    elif step == "withdraw":
        withdraw_quote(session, of.number, actor=STAFF, reason="A claim")
    elif step == "extend":
        day = of.valid_through + timedelta(days=30)
        extend_quote(session, of.number, valid_through=day, actor=STAFF, reason="Asked for")
    elif step == "supersede":
        quote(session, offer, supersedes={"number": of.number, "token": of.access_token})
    else:
        send_expiry_notices(session)
        expire_quotes(session)


def check(session: Session) -> None:
    quotes = session.scalars(select(Quote)).all()
    orders = {order.quote_number: order for order in session.scalars(select(Order))}
    assert len(orders) == session.query(Order).count()
    superseded = {found.supersedes_id for found in quotes}
    for found in quotes:
        assert found.total_amount == (
            sum(line.total_amount for line in found.lines)
            + found.charges_amount
            + found.shipping_amount
        )
        assert (found.state is QuoteState.ACCEPTED) == (found.number in orders)
        assert (found.state is QuoteState.SUPERSEDED) == (found.id in superseded)
        if found.number in orders:
            assert orders[found.number].number == found.order_number
            assert orders[found.number].total_amount == found.total_amount


def test_closed_states_have_no_way_out() -> None:
    closed = {state for state, targets in QUOTE_TRANSITIONS.items() if not targets}
    assert closed == {QuoteState.ACCEPTED, QuoteState.SUPERSEDED, QuoteState.WITHDRAWN}
    assert set(QUOTE_TRANSITIONS) == set(QuoteState)


@pytest.mark.once(on="postgresql")
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_steps_in_any_order_keep_one_order_a_quote(
    sessions: sessionmaker[Session], steps: list[tuple[str, int, int]]
) -> None:
    with sessions() as session, time_machine.travel(clock.now(), tick=False) as traveller:
        offer = factories.offer(session)
        states = {quote(session, offer).id: QuoteState.OPEN}
        for step, index, days in steps:
            traveller.shift(timedelta(days=days))
            quotes = session.scalars(select(Quote).order_by(Quote.id)).all()
            with session.begin_nested() as savepoint:
                try:
                    take(session, quotes[index % len(quotes)], step, offer)
                except REFUSALS:
                    savepoint.rollback()
            session.expire_all()
            check(session)
            for found in session.scalars(select(Quote)):
                before = states.get(found.id, QuoteState.OPEN)
                assert found.state is before or found.state in QUOTE_TRANSITIONS[before]
                states[found.id] = found.state
        session.rollback()
