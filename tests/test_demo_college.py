"""The college of the sample data: it has one of everything, and is made once."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.demo import DEMO_DOMAIN, DEMO_LIBRARIAN
from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core import clock
from app.demo_college import seed_demo_college
from app.institutions.members import lock_member
from app.institutions.models import Institution
from app.licenses.models import License
from app.offers.models import Offer
from app.orders.models import Order
from app.orders.states import OrderState, PaymentState
from app.quotes.models import Quote
from tests.factories import SETTINGS
from tests.institutions.people import sign_in

pytestmark = pytest.mark.seeded
PAGES = ("", "/orders", "/quotes", "/invoices", "/licenses", "/statement", "/people")


def test_demo_college_has_an_order_of_each_kind(client: TestClient, session: Session) -> None:
    assert seed_demo_college(session, SETTINGS)
    today = clock.today()
    orders = session.scalars(select(Order).order_by(Order.id)).all()
    assert [(order.state, order.payment_state) for order in orders] == [
        (OrderState.COMPLETED, PaymentState.PAID),
        (OrderState.COMPLETED, PaymentState.PAID),
        (OrderState.ACCEPTED, PaymentState.UNPAID),
        (OrderState.ACCEPTED, PaymentState.UNPAID),
        (OrderState.SUBMITTED, PaymentState.UNPAID),
    ]
    invoices = session.scalars(select(Invoice).order_by(Invoice.id)).all()
    assert [invoice.state for invoice in invoices] == [InvoiceState.PAID] * 2 + [
        InvoiceState.OPEN
    ] * 2
    assert [invoice.due_on < today for invoice in invoices[2:]] == [True, False]
    ends = [license_.ends_on for license_ in session.scalars(select(License))]
    assert any(end is not None and 0 < (end - today).days < 60 for end in ends)
    (college,) = session.scalars(select(Institution))
    assert college.is_verified
    assert {order.institution_id for order in orders} == {college.id}

    librarian = lock_member(session, DEMO_LIBRARIAN)
    session.commit()
    sign_in(client, librarian)
    for page in PAGES:
        answer = client.get(f"/account{page}")
        assert answer.status_code == 200, page
        assert "Lakemont" in answer.text or DEMO_DOMAIN in answer.text, page


def test_demo_college_is_made_once(session: Session) -> None:
    assert seed_demo_college(session, SETTINGS)
    assert not seed_demo_college(session, SETTINGS)
    assert session.scalar(select(func.count()).select_from(Quote)) == 1


def test_demo_college_without_its_films_makes_nothing(session: Session) -> None:
    offer = session.scalars(select(Offer).where(Offer.sku == "the-red-soul-dvd-ppr")).one()
    offer.sku = "something-else"
    session.flush()
    assert not seed_demo_college(session, SETTINGS)
    assert session.scalar(select(func.count()).select_from(Institution)) == 0
    assert session.scalar(select(func.count()).select_from(Order)) == 0
