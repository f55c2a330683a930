"""Staff find an order by whatever number or name is in front of them."""

import pytest
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.core.money import Money
from app.core.pagination import PageParams
from app.orders.fulfillment import ship
from app.orders.models import Order
from app.orders.payment_recording import record_offline
from app.orders.queries import OrderFilters, find_orders
from app.orders.states import PaymentMethod
from tests import factories
from tests.factories import STAFF


@pytest.fixture
def order(session: Session) -> Order:
    film = factories.film(session, title="Élégie de Moscou")
    order = factories.order(
        session,
        factories.offer(session, of=film),
        po_number="PO-2026/77",
        buyer=factories.draft_json(session)["buyer"]
        | {
            "institution": "Université de Montréal",
            "email": "acquisitions@umontreal.example",
        },
    )
    record_offline(
        session,
        order,
        paid=Money(order.total_amount, "USD"),
        method=PaymentMethod.BANK_TRANSFER,
        reference="TR 55-301",
        actor=STAFF,
    )
    ship(session, order, carrier="usps", tracking="9400 1118 9956", actor=STAFF)
    factories.order(session)  # another, which nothing below may find
    return order


def found(session: Session, q: str) -> list[str]:
    page = PageParams(limit=10, cursor=None)
    return [each.number for each in find_orders(session, OrderFilters(q=q), page)]


def test_search_finds_order_by_number_and_name(session: Session, order: Order) -> None:
    license_ = order.lines[0].license
    assert license_ is not None
    words = [
        order.number,
        order.number.removeprefix("RR-"),
        order.number.removeprefix("RR-").lower()[:5],
        order.number.replace("RR-", "rr "),
        license_.number,
        license_.number.removeprefix("RL-").lower(),
        license_.number.replace("-", " ").lower(),
        "TR 55-301",
        "tr55301",
        "TR 55",
        "9400111899",
        "9400 1118 9956",
        "Élégie de Moscou",
        "de moscou",
        "Université",
        "universite de montreal",
        "umontreal.example",
        "PO-2026/77",
        order.lines[0].sku,
    ]
    assert {word: found(session, word) for word in words} == {
        word: [order.number] for word in words
    }


def test_search_finds_number_whose_letters_begin_like_its_prefix(
    session: Session, order: Order
) -> None:
    order.number = "RR-RR3QF9TD"
    session.flush()
    words = ("RR-RR3QF9TD", "rr rr3q", "RR3QF9TD", "rr3q")
    assert [found(session, word) for word in words] == [[order.number]] * len(words)


def test_search_finds_order_by_old_and_new_film_title(session: Session, order: Order) -> None:
    session.get_one(Film, order.lines[0].film_id).title = "Moscow Elegy"
    session.flush()
    assert found(session, "Moscow Elegy") == [order.number]
    assert found(session, "Élégie de") == [order.number]


def test_search_finds_order_by_stripe_reference(session: Session) -> None:
    paid = factories.pay(session, factories.order(session), reference="pi_3Nabc")
    assert found(session, "pi_3nab") == [paid.number]
    assert found(session, "%") == []
    assert found(session, "--") == []
