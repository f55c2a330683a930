"""An order is confirmed by the link that was emailed to its address, and by no other."""

import re

from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.models import AuditEntry
from app.core.email_models import OutboxEmail
from app.orders.models import Order
from app.portal.lost_links import send_lost_links
from tests import factories
from tests.emails import text_of
from tests.factories import SETTINGS
from tests.institutions.people import add_institution, add_member, sign_in
from tests.storefront.visitor import Visitor

CONFIRM = re.compile(r"confirm=([\w-]+)")


def test_only_the_emailed_link_confirms_an_order(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        college = add_institution(session, "Example College", "example.edu")
        colleague = add_member(session, "bo@example.edu", college)
        order = factories.order(session)
        number, token = order.number, order.access_token
        send_lost_links(session, SETTINGS, email=order.email)
    with sessions() as session:
        texts = [text_of(email) for email in session.scalars(select(OutboxEmail))]
    keys = {key for text in texts for key in CONFIRM.findall(text)}
    assert [bool(CONFIRM.search(text)) for text in texts].count(True) == 2  # not the staff's
    (key,) = keys
    visitor = Visitor(client)
    page = f"/orders/{number}?token={token}"
    assert "Confirm this order" not in visitor.get(page).text
    assert "Confirm this order" not in visitor.get(f"{page}&confirm=x").text
    forged = client.post(f"/orders/{number}/confirm", data={"token": token, "confirm": token})
    assert forged.status_code == 404
    shown = visitor.get(f"{page}&confirm={key}")
    assert "Confirm this order" in shown.text
    with sessions() as session:
        order = session.scalars(select(Order)).one()
        assert order.is_unconfirmed, "mail scanners open links"
    for _ in range(2):
        sent = client.post(f"/orders/{number}/confirm", data={"token": token, "confirm": key})
        assert "Order confirmed" in visitor.get(sent.headers["location"]).text
    with sessions() as session:
        order = session.scalars(select(Order)).one()
        assert (order.is_unconfirmed, order.confirmed_by) == (False, "ada@example.edu")
        actions = session.scalars(select(AuditEntry.action)).all()
        assert actions.count("order.confirmed") == 1
    sign_in(client, colleague)
    assert client.get(f"/account/orders/{number}").status_code == 404  # a requester


def test_person_of_the_address_finds_the_order_in_the_account_and_confirms_it(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        college = add_institution(session, "Example College", "example.edu")
        owner = add_member(session, "ada@example.edu", college)
        number = factories.order(session).number
    sign_in(client, owner)
    page = Visitor(client).get(f"/account/orders/{number}")
    assert "Confirm this order" in page.text
