"""Orders of lines that were priced before, as quotes and staff place them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core import clock
from app.core.email_outbox import emails_for
from app.core.errors import InvalidInputError
from app.core.money import Money
from app.offers import offer_service
from app.offers.models import Offer, RightsWindow
from app.orders.drafts import Charge
from app.orders.placement import OrderDetails, place_lines
from tests import factories
from tests.emails import text_of
from tests.factories import BUYER, SETTINGS, STAFF

CAPTIONS = Charge(description="Captioning <by hand>", amount=5000)


def close_rights(session: Session, offer: Offer) -> None:
    for window in session.query(RightsWindow).filter_by(film_id=offer.film_id):
        window.ends_on = clock.today() - timedelta(days=1)
    session.flush()


def withdraw(session: Session, offer: Offer) -> None:
    offer_service.withdraw_offer(session, sku=offer.sku, actor=STAFF)


def test_priced_lines_keep_agreed_price_and_add_charges(session: Session) -> None:
    offer = factories.offer(session, amount=39800)

    order = factories.priced_order(session, offer, charges=[CAPTIONS], unit_amount=30000)

    [line] = order.lines
    assert (line.unit_amount, line.list_unit_amount) == (30000, 39800)
    assert (order.subtotal_amount, order.charges_amount, order.total_amount) == (30000, 5000, 35000)
    assert order.priced_charges == [(CAPTIONS.description, Money(5000, "USD"))]


@pytest.mark.parametrize(
    ("change", "detail"),
    [(close_rights, "rights for"), (withdraw, "This license is no longer available.")],
)
def test_priced_line_is_refused_when_it_cannot_be_licensed_today(
    session: Session, change: Callable[[Session, Offer], None], detail: str
) -> None:
    offer = factories.offer(session)
    lines = factories.priced_lines(session, offer)
    draft = factories.draft_json(session, offer.sku)
    draft.pop("lines")
    change(session, offer)

    with pytest.raises(InvalidInputError) as caught:
        place_lines(
            session,
            OrderDetails.model_validate(draft),
            lines,
            settings=SETTINGS,
            actor=BUYER,
        )

    assert {problem.pointer for problem in caught.value.errors} == {"#/lines/0/offer"}
    assert detail in caught.value.errors[0].detail


def test_priced_lines_need_texts_address_and_territory(session: Session) -> None:
    offer = factories.offer(session)
    lines = factories.priced_lines(session, offer)
    draft = factories.draft_json(session, offer.sku, accepted_texts=[], shipping_address=None)
    draft.pop("lines")
    abroad = factories.ADDRESS | {"country": "FR", "region": "", "postal_code": "75001"}
    draft["billing_address"] = abroad

    with pytest.raises(InvalidInputError) as caught:
        place_lines(
            session, OrderDetails.model_validate(draft), lines, settings=SETTINGS, actor=BUYER
        )

    assert {problem.pointer for problem in caught.value.errors} == {
        "#/lines/0/offer",
        "#/accepted_texts",
        "#/shipping_address",
    }


def test_charges_are_shown_to_buyer(session: Session, client: TestClient) -> None:
    order = factories.priced_order(session, factories.offer(session), charges=[CAPTIONS])
    session.commit()
    token = {"token": order.access_token}

    page = client.get(f"/orders/{order.number}", params=token)
    document = client.get(f"/api/v1/orders/{order.number}", params=token).json()
    [email, *_] = emails_for(session, order.number)

    assert "Captioning &lt;by hand&gt;" in page.text
    assert document["charges"] == [
        {"description": CAPTIONS.description, "amount": {"amount": 5000, "currency": "USD"}}
    ]
    assert document["total"]["amount"] == order.subtotal_amount + 5000
    assert CAPTIONS.description in text_of(email)
