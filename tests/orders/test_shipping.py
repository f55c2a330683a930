import pytest
from sqlalchemy.orm import Session

from app.core.email_outbox import emails_for
from app.core.errors import InvalidInputError
from app.orders.carriers import carrier_label, tracking_url
from app.orders.errors import NothingToShipError
from app.orders.fulfillment import mark_packed, ship
from app.orders.states import (
    FulfillmentState,
    OrderState,
    ShipmentKind,
    ShipmentState,
)
from tests import factories
from tests.emails import text_of
from tests.factories import STAFF


def test_packed_and_shipped_order_is_completed(session: Session) -> None:
    order = factories.paid_order(session)

    mark_packed(session, order, actor=STAFF)
    mark_packed(session, order, actor=STAFF)
    [parcel] = order.shipments
    assert parcel.state == ShipmentState.PACKED
    assert parcel.packed_at is not None
    ship(session, order, carrier="usps", tracking="9400 1118", actor=STAFF)

    assert (parcel.state, parcel.carrier, parcel.tracking) == (
        ShipmentState.SHIPPED,
        "usps",
        "9400 1118",
    )
    assert parcel.shipped_at is not None
    assert factories.states(order)[2] == FulfillmentState.FULFILLED
    assert factories.states(order)[0] == OrderState.COMPLETED
    told = emails_for(session, order.number)[-1]
    assert told.key == f"shipped:{order.number}:{parcel.id}"
    assert "tools.usps.com/go/TrackConfirmAction?tLabels=9400%201118" in text_of(told)


def test_mixed_order_has_two_shipments(session: Session) -> None:
    disc = factories.offer(session)
    site = factories.offer(session, delivery="file")
    order = factories.paid_order(session, disc, site)

    parcel = ship(session, order, carrier="ups", tracking="1Z", actor=STAFF)
    assert parcel.kind == ShipmentKind.PARCEL
    assert factories.states(order)[2] == FulfillmentState.PARTIAL
    assert factories.states(order)[0] == OrderState.ACCEPTED
    access = ship(session, order, carrier="", actor=STAFF)

    assert (access.kind, access.carrier) == (ShipmentKind.ELECTRONIC, "electronic")
    assert factories.states(order)[2] == FulfillmentState.FULFILLED
    assert factories.states(order)[0] == OrderState.COMPLETED


def test_ship_part_leaves_rest_open(session: Session) -> None:
    first = factories.offer(session)
    second = factories.offer(session)
    order = factories.order(session, first, second, quantity=3)
    factories.pay(session, order)

    ship(session, order, carrier="ups", actor=STAFF, quantities={1: 2})
    assert [(s.state, s.lines) for s in order.shipments] == [
        (ShipmentState.SHIPPED, [{"line": 1, "quantity": 2}]),
        (ShipmentState.PENDING, [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 3}]),
    ]
    assert factories.states(order)[2] == FulfillmentState.PARTIAL
    ship(session, order, carrier="ups", actor=STAFF)

    assert factories.states(order)[2] == FulfillmentState.FULFILLED


@pytest.mark.parametrize("quantities", [{1: 4}, {2: 1}, {1: 0}, {}])
def test_ship_more_than_open_is_refused(session: Session, quantities: dict[int, int]) -> None:
    order = factories.order(session, factories.offer(session), quantity=3)
    factories.pay(session, order)

    with pytest.raises(InvalidInputError) as caught:
        ship(session, order, carrier="ups", actor=STAFF, quantities=quantities)

    assert [problem.pointer for problem in caught.value.errors] == ["#/lines"]
    assert [(s.state, s.lines) for s in order.shipments] == [
        (ShipmentState.PENDING, [{"line": 1, "quantity": 3}])
    ]


def test_ship_before_payment_or_twice_is_refused(session: Session) -> None:
    unpaid = factories.order(session)
    sent = factories.paid_order(session)
    ship(session, sent, carrier="ups", actor=STAFF)

    for order in (unpaid, sent):
        with pytest.raises(NothingToShipError):
            ship(session, order, carrier="ups", actor=STAFF)
        with pytest.raises(NothingToShipError):
            mark_packed(session, order, actor=STAFF)


def test_ship_parcel_without_carrier_is_refused(session: Session) -> None:
    order = factories.paid_order(session)

    for carrier in ("", "electronic"):
        with pytest.raises(InvalidInputError) as caught:
            ship(session, order, carrier=carrier, actor=STAFF)
        assert [problem.pointer for problem in caught.value.errors] == ["#/carrier"]


@pytest.mark.once
def test_known_carriers_have_label_and_tracking_url() -> None:
    assert tracking_url("ups", "1Z 9") == "https://www.ups.com/track?tracknum=1Z%209"
    assert tracking_url("ups", "") is None
    assert tracking_url("A bicycle", "7") is None
    assert (carrier_label("usps"), carrier_label("A bicycle")) == ("USPS", "A bicycle")
