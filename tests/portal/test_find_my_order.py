import re

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core.email_models import OutboxEmail
from app.orders.models import Order
from tests import factories
from tests.emails import text_of
from tests.quotes import quote_factories
from tests.storefront.visitor import Page, Visitor


def ask(visitor: Visitor, email: str) -> Page:
    return visitor.send(visitor.get("/find-my-order").form("/find-my-order"), email=email)


def sent_links(sessions: sessionmaker[Session]) -> list[OutboxEmail]:
    with sessions() as session:
        found = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "lost-links"))
        return list(found)


def order_of(session: Session, email: str) -> Order:
    buyer = factories.draft_json(session)["buyer"] | {"email": email}
    return factories.order(session, buyer=buyer)


def test_lost_links_are_sent_to_their_address_and_open_its_orders_only(
    visitor: Visitor, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        mine = [order_of(session, email) for email in ("Ada@Example.edu", "ada@example.edu")]
        other = order_of(session, "bo@example.edu")
        quote = quote_factories.quote(session).access_token
        numbers, theirs = {order.number for order in mine}, (other.number, other.access_token)

    page = ask(visitor, "ada@example.edu")

    assert page.heading == "Check your email"
    assert not any(number in page.html for number in numbers)
    (email,) = sent_links(sessions)
    assert email.to_address == "ada@example.edu"
    text = text_of(email)
    assert set(re.findall(r"RR-\w{8}", text)) == numbers
    assert quote in text
    assert "Received, unpaid" in " ".join(text.split())
    assert theirs[1] not in text
    for path in re.findall(r"http://\S+?(/orders/\S+)", text):
        assert visitor.get(path).status == 200


def test_answer_is_the_same_for_every_address(
    visitor: Visitor, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        order_of(session, "ada@example.edu")
    known, unknown = (ask(visitor, email) for email in ("ada@example.edu", "xyz@example.edu"))

    assert known.status == unknown.status == 200
    assert known.html.replace("ada@", "xyz@") == unknown.html
    assert {email.to_address for email in sent_links(sessions)} == {"ada@example.edu"}


def test_links_are_limited_by_address_known_or_not(
    visitor: Visitor, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        order_of(session, "ada@example.edu")
    for email in ("ada@example.edu", "xyz@example.edu"):
        answers = [ask(visitor, email).status for _ in range(4)]
        assert answers == [200, 200, 200, 429]
    assert len(sent_links(sessions)) == 3


def test_no_address_is_refused_beside_the_field(visitor: Visitor) -> None:
    page = ask(visitor, "ada at example")
    assert page.status == 422
    assert page.problems() == ["Enter the email address of the order, like name@example.edu"]
    assert page.one("//h1") == "Find my order"


def test_order_page_not_found_leads_to_the_links(visitor: Visitor) -> None:
    page = visitor.get("/orders/RR-7K3QF9TD?token=x")
    assert page.status == 404
    assert "/find-my-order" in page.all("//main//a/@href")
