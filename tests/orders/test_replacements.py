"""Corrections of an order's license, and discs that replace lost ones."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.email_models import OutboxEmail
from app.core.errors import InvalidInputError
from app.licenses.corrections import LicenseCorrection
from app.licenses.lifecycle import revoke
from app.orders.fulfillment import ship
from app.orders.models import Order
from app.orders.replacements import (
    LicenseNotInForceError,
    ReplacementPendingError,
    correct_license_of_order,
    replace_disc,
)
from app.orders.states import FulfillmentState, OrderState, ShipmentState
from tests import factories
from tests.factories import STAFF


def sent_order(session: Session, *, quantity: int = 2) -> Order:
    order = factories.pay(
        session, factories.order(session, factories.offer(session), quantity=quantity)
    )
    ship(session, order, carrier="usps", actor=STAFF)
    assert order.state is OrderState.COMPLETED
    return order


def kinds(session: Session) -> list[str]:
    return list(session.scalars(select(OutboxEmail.kind).order_by(OutboxEmail.id)))


def test_correct_license_of_order_moves_the_line_to_it_once(session: Session) -> None:
    order = sent_order(session)
    old = order.lines[0].license
    assert old is not None
    change = LicenseCorrection(licensee="New Name")
    first, second = (
        correct_license_of_order(session, old.number, change, actor=STAFF, reason="typo")
        for _ in range(2)
    )

    session.refresh(order.lines[0])
    assert order.lines[0].license == first == second
    assert kinds(session).count("license-corrected") == 1


def test_replace_disc_prepares_a_free_parcel_and_leaves_the_order_complete(
    session: Session,
) -> None:
    order = sent_order(session)
    [first] = order.shipments
    shipment = replace_disc(
        session, order, line_number=1, quantity=1, actor=STAFF, reason="cracked"
    )

    assert (shipment.replaces_id, shipment.lines) == (first.id, [{"line": 1, "quantity": 1}])
    assert (order.total_amount, order.balance.amount) == (2 * 39800, 0)
    with pytest.raises(ReplacementPendingError):
        replace_disc(session, order, line_number=1, quantity=1, actor=STAFF, reason="cracked")
    ship(session, order, carrier="ups", tracking="1Z", actor=STAFF, shipment_id=shipment.id)
    assert shipment.state is ShipmentState.SHIPPED
    assert (order.state, order.fulfillment_state) == (
        OrderState.COMPLETED,
        FulfillmentState.FULFILLED,
    )
    assert kinds(session).count("disc-replaced") == 1
    # A replacement can be lost as well.
    again = replace_disc(session, order, line_number=1, quantity=2, actor=STAFF, reason="lost")
    assert again.replaces_id == shipment.id


@pytest.mark.parametrize(("line", "quantity"), [(2, 1), (1, 0), (1, 3)])
def test_replace_disc_refuses_what_was_not_sent(session: Session, line: int, quantity: int) -> None:
    order = sent_order(session)
    with pytest.raises(InvalidInputError):
        replace_disc(
            session, order, line_number=line, quantity=quantity, actor=STAFF, reason="lost"
        )
    assert len(order.shipments) == 1


def test_replace_disc_needs_a_sent_disc_and_a_license_in_effect(session: Session) -> None:
    waiting = factories.paid_order(session, factories.offer(session))
    with pytest.raises(InvalidInputError) as refused:
        replace_disc(session, waiting, line_number=1, quantity=1, actor=STAFF, reason="lost")
    assert "not sent yet" in refused.value.errors[0].detail
    files = factories.paid_order(session, factories.offer(session, delivery="file"))
    with pytest.raises(InvalidInputError) as refused:
        replace_disc(session, files, line_number=1, quantity=1, actor=STAFF, reason="lost")
    assert "Choose a disc" in refused.value.errors[0].detail
    order = sent_order(session)
    license_ = order.lines[0].license
    assert license_ is not None
    revoke(session, license_, actor=STAFF, reason="refunded")
    with pytest.raises(LicenseNotInForceError):
        replace_disc(session, order, line_number=1, quantity=1, actor=STAFF, reason="lost")


def test_correction_of_dates_is_checked_against_the_window(session: Session) -> None:
    order = factories.paid_order(
        session, factories.offer(session, delivery="file", rights_end=date(2031, 1, 1))
    )
    license_ = order.lines[0].license
    assert license_ is not None
    with pytest.raises(InvalidInputError):
        correct_license_of_order(
            session,
            license_.number,
            LicenseCorrection(ends_on=date(2031, 1, 2)),
            actor=STAFF,
            reason="longer",
        )
