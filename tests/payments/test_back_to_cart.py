"""An unpaid order goes back into the cart: never are there two orders of one cart to pay."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.orders import cancellation
from app.orders.models import Cart, Order
from app.orders.states import OrderState, PaymentState
from app.payments import back_to_cart, checkout
from app.payments.errors import (
    NotChangeableError,
    NotPayableError,
)
from app.payments.facts import CheckoutRequest, CheckoutSession
from app.payments.gateway import StripeGateway
from app.payments.states import AttemptStatus, CheckoutStatus
from tests import factories
from tests.factories import STAFF
from tests.payments.conftest import Shop
from tests.storefront.visitor import BUYER, PERSON, Page, Visitor


def close(shop: Shop, order: Order) -> list[str]:
    restored: list[str] = []

    def restore(session: Session, order: Order) -> list[str]:
        assert session.in_transaction()
        restored.append(order.number)
        return restored

    return back_to_cart.close_unpaid(
        shop.sessions, shop.gateway, number=order.number, restore=restore
    )


def put_back(shop: Shop, order: Order) -> Page:
    visitor = Visitor(shop.client)
    page = visitor.get(f"/orders/{order.number}?token={order.access_token}")
    return visitor.send(page.form(f"/orders/{order.number}/cart"))


def test_close_unpaid_closes_page_at_stripe(shop: Shop) -> None:
    order = shop.place()
    session_id = shop.start(order)

    cart = put_back(shop, order)

    assert cart.path.partition("?")[0] == "/cart"
    assert len(cart.all("//*[@class='order-line']")) == 1
    assert shop.now(order).state is OrderState.CANCELED
    assert shop.gateway.fetch_checkout(session_id).status is CheckoutStatus.EXPIRED
    assert shop.attempt(order).status is AttemptStatus.EXPIRED
    with pytest.raises(NotPayableError):
        shop.start(order)


def test_close_unpaid_keeps_order_paid_meanwhile(shop: Shop) -> None:
    order = shop.place()
    shop.sandbox.pay(shop.start(order))

    with pytest.raises(NotChangeableError):
        close(shop, order)

    paid = shop.now(order)
    assert (paid.state, paid.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)


def test_close_unpaid_without_stripe_changes_nothing(shop: Shop) -> None:
    order = shop.place()
    shop.start(order)
    shop.sandbox.faults(api_fault="error_before", api_count=20, api_path="/v1/checkout")

    page = put_back(shop, order)

    assert page.status == 503
    assert "Order not changed" in page.one("//*[@role='status']")
    assert shop.now(order).state is OrderState.SUBMITTED
    with shop.sessions() as session:
        assert session.scalars(select(Cart)).all() == []
    shop.sandbox.act("faults/reset")
    assert close(shop, order) == [order.number]


def test_close_unpaid_with_failed_restore_keeps_order(shop: Shop) -> None:
    order = shop.place()

    def fail(_session: Session, _order: Order) -> None:
        msg = "the cart is full"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="full"):
        back_to_cart.close_unpaid(shop.sessions, shop.gateway, number=order.number, restore=fail)

    assert shop.now(order).state is OrderState.SUBMITTED


def test_order_closed_while_page_opens_has_no_page(shop: Shop) -> None:
    order = shop.place()

    class Slow(StripeGateway):
        def start_checkout(
            self, request: CheckoutRequest, *, idempotency_key: str
        ) -> CheckoutSession:
            made = super().start_checkout(request, idempotency_key=idempotency_key)
            with shop.sessions.begin() as session:
                cancellation.cancel(session, order, actor=STAFF, reason="Changed")
            return made

    with pytest.raises(NotPayableError):
        checkout.start_checkout(
            shop.sessions, Slow(shop.settings), shop.settings, number=order.number
        )

    attempt = shop.attempt(order)
    assert attempt.status is AttemptStatus.EXPIRED
    assert shop.gateway.fetch_checkout(attempt.session_id or "").status is CheckoutStatus.EXPIRED


def test_empty_cart_links_unpaid_order(shop: Shop) -> None:
    with shop.sessions.begin() as session:
        offer = factories.offer(session)
        slug, sku = offer.film.slug, offer.sku
    visitor = Visitor(shop.client)
    visitor.is_a_college()
    visitor.add(slug, sku)
    form = visitor.checkout().form("/checkout")
    boxes = {box.get("name"): box.get("value") for box in form.xpath(".//input[@type='checkbox']")}
    typed = {**dict(form.form_values()), **BUYER, **boxes}
    answer = visitor.client.post("/checkout", data=typed, headers=PERSON)
    assert answer.status_code == 303
    assert "/c/pay/" in answer.headers["location"]

    cart = visitor.checkout()  # as when the browser goes back

    assert cart.path.partition("?")[0] == "/cart"
    assert "has not been paid" in cart.text
    (action,) = [form.action for form in cart.document.forms if form.action.endswith("/cart")]
    back = visitor.send(cart.form(action))
    assert back.path.partition("?")[0] == "/cart"
    assert len(back.all("//*[@class='order-line']")) == 1
    assert "has not been paid" not in back.text
    with shop.sessions() as session:
        states = session.scalars(select(Order.state)).all()
    assert states == [OrderState.CANCELED]
