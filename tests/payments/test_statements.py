"""What buying asks of the database: how long it takes is mostly the number of statements.

Those of the transactions that write are counted; each request looks once more before it does.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.payments.models import CheckoutAttempt
from tests import factories
from tests.catalog.counting import counted
from tests.payments.conftest import Shop


def test_place_and_pay_statement_counts(shop: Shop, session: Session) -> None:
    draft = factories.draft_json(session, factories.offer(session).sku, po_number="PO-1")
    session.commit()

    with counted(session) as placing:
        placed = shop.client.post(
            "/api/v1/orders", json=draft, headers={"Idempotency-Key": "one"}
        ).json()
    with counted(session) as opening:
        page = shop.client.post(
            f"/api/v1/orders/{placed['number']}/checkout",
            headers={"X-Order-Token": placed["token"]},
        )
    assert page.status_code == 200
    shop.sandbox.pay(str(session.scalar(select(CheckoutAttempt.session_id))))
    session.rollback()
    event = next(each for each in shop.events() if each.type == "checkout.session.completed")
    with counted(session) as paying:
        assert shop.deliver(event) == 200

    assert (len(placing), len(opening), len(paying)) == (29, 8, 33)
