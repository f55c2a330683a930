"""What is in dispute, or not licensed any more, is neither packed nor sent nor handed over."""

import pytest
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core.money import Money
from app.core.pagination import PageParams
from app.licenses.lifecycle import revoke
from app.orders.disputes import record_dispute, reinstate_suspended
from app.orders.errors import OrderOnHoldError
from app.orders.fulfillment import mark_packed, ship
from app.orders.holds import find_holds
from app.orders.models import Order
from app.orders.next_steps import next_steps
from app.orders.queries import OrderFilters, find_orders
from app.orders.states import DisputeStatus, ShipmentState
from tests import factories
from tests.factories import STAFF

TO_SHIP = OrderFilters(to_ship=True)


@pytest.fixture(params=["dvd", "file"])
def order(session: Session, request: pytest.FixtureRequest) -> Order:
    offer = factories.offer(session, delivery=request.param)
    return factories.pay(session, factories.order(session, offer), reference="pi_1")


def dispute(session: Session, status: DisputeStatus) -> None:
    record_dispute(
        session,
        payment_reference="pi_1",
        reference="du_1",
        amount=Money(39800, "USD"),
        status=status,
        actor=Actor.stripe("evt_1"),
    )


def waits_to_ship(session: Session) -> bool:
    return bool(find_orders(session, TO_SHIP, PageParams(limit=10, cursor=None)))


def refuses(session: Session, order: Order, why: str) -> bool:
    with pytest.raises(OrderOnHoldError, match=why):
        mark_packed(session, order, actor=STAFF)
    with pytest.raises(OrderOnHoldError, match=why):
        ship(session, order, carrier="usps", actor=STAFF)
    return not waits_to_ship(session)


def test_disputed_order_is_on_hold_until_won(session: Session, order: Order) -> None:
    assert waits_to_ship(session)
    dispute(session, DisputeStatus.NEEDS_RESPONSE)
    assert refuses(session, order, "disputed the payment")
    assert not any("packing" in step or "preparing" in step for step in next_steps(order))
    assert any("on hold" in step for step in next_steps(order))

    dispute(session, DisputeStatus.WON)
    assert find_holds(order) == {}
    assert waits_to_ship(session)
    assert ship(session, order, carrier="usps", actor=STAFF).state is ShipmentState.SHIPPED


def test_lost_dispute_holds_order_until_decided(session: Session, order: Order) -> None:
    dispute(session, DisputeStatus.LOST)
    assert refuses(session, order, "is suspended")
    reinstate_suspended(session, order, actor=STAFF, reason="paid by check")
    ship(session, order, carrier="usps", actor=STAFF)


def test_revoked_license_is_held_unless_overridden(session: Session, order: Order) -> None:
    license_ = order.lines[0].license
    assert license_ is not None
    revoke(session, license_, actor=STAFF, reason="by hand")
    with pytest.raises(OrderOnHoldError, match="was revoked"):
        ship(session, order, carrier="usps", actor=STAFF)
    ship(session, order, carrier="usps", actor=STAFF, despite_hold=True)


def test_hold_on_one_line_keeps_other_shipment_open(session: Session) -> None:
    disc, site = factories.offer(session), factories.offer(session, delivery="file")
    order = factories.paid_order(session, disc, site)
    license_ = order.lines[1].license
    assert license_ is not None
    revoke(session, license_, actor=STAFF, reason="by hand")
    mark_packed(session, order, actor=STAFF)
    assert list(find_holds(order).values()) == [f"License {license_.number} was revoked."]
