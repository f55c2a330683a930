"""Payment pages that Stripe refuses: what is checked before, and what the buyer and staff learn."""

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from app.core.email_outbox import emails_for
from app.core.money import DECIMALS, Money
from app.orders.acceptance import accept
from app.orders.charges import MIN_CHARGE
from app.orders.issues import resolve_issue
from app.orders.models import Order, OrderIssue
from app.orders.next_steps import can_be_paid, next_steps
from app.orders.states import IssueCode
from app.payments import checkout
from app.payments.errors import NotPayableError, PaymentsRefusedError
from app.payments.gateway import StripeGateway
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus
from tests import factories
from tests.emails import text_of
from tests.factories import STAFF
from tests.payments.conftest import Shop
from tests.storefront.visitor import Visitor

REFUSED = {"base_url": "javascript:alert(1)"}


def concerns(shop: Shop, order: Order) -> list[OrderIssue]:
    found = shop.now(order).issues
    return [each for each in found if each.code is IssueCode.PAYMENT_REFUSED]


def start_refused(shop: Shop, order: Order) -> PaymentsRefusedError:
    wrong = shop.settings.model_copy(update=REFUSED)
    with pytest.raises(PaymentsRefusedError) as refused:
        checkout.start_checkout(shop.sessions, shop.gateway, wrong, number=order.number)
    return refused.value


def test_every_currency_has_minimum_charge() -> None:
    assert MIN_CHARGE.keys() == DECIMALS.keys()


@pytest.mark.parametrize("email", ["first..last@example.edu", "ada.@example.edu"])
def test_refused_email_is_left_to_checkout_page(shop: Shop, email: str) -> None:
    order = shop.place()
    with shop.sessions.begin() as session:
        session.execute(update(Order).where(Order.id == order.id).values(email=email))

    url = shop.start(order)

    assert shop.attempt(order).status is AttemptStatus.OPEN
    assert concerns(shop, order) == []
    assert shop.start(order) == url
    shop.sandbox.pay(url)
    assert shop.deliver_all()
    assert shop.now(order).balance == Money(0, "USD")


def test_crash_after_refused_email_gives_same_page(shop: Shop) -> None:
    order = shop.place()
    with shop.sessions.begin() as session:
        session.execute(update(Order).where(Order.id == order.id).values(email="a..b@example.edu"))
    url = shop.start(order)
    with shop.sessions.begin() as session:  # as if the answer had never arrived
        session.execute(
            update(CheckoutAttempt).values(status=AttemptStatus.OPENING, session_id=None, url=None)
        )

    assert shop.start(order) == url
    assert shop.sandbox.state()["objects"]["checkout.session"] == 1


def test_refusal_is_shown_to_staff_and_buyer(shop: Shop) -> None:
    order = shop.place()

    refused = start_refused(shop, order)

    assert "you have not been charged" in refused.detail
    assert "by purchase order, check, or bank transfer" in refused.detail
    assert order.number in refused.detail
    (concern,) = concerns(shop, order)
    assert concern.cleared_at is None
    assert concern.detail.startswith("Stripe refuses the payment page: ")
    assert concern.detail.endswith("Not a valid URL")


def test_refusal_issue_reopens_and_resolves_when_page_opens(
    shop: Shop,
) -> None:
    order = shop.place()
    start_refused(shop, order)
    start_refused(shop, order)
    (concern,) = concerns(shop, order)
    with shop.sessions.begin() as session:
        resolve_issue(session, shop.now(order), issue_id=concern.id, actor=STAFF)

    start_refused(shop, order)
    (again,) = concerns(shop, order)
    shop.start(order)
    (after,) = concerns(shop, order)

    assert (again.id, again.cleared_at, again.cleared_by) == (concern.id, None, "")
    assert after.cleared_at is not None


def test_refusal_issue_resolves_with_other_payment(shop: Shop) -> None:
    order = shop.place()
    start_refused(shop, order)

    with shop.sessions.begin() as session:
        factories.pay(session, shop.now(order), reference="check 7")

    (concern,) = concerns(shop, order)
    assert concern.cleared_at is not None


def test_wrong_stripe_key_raises_issue(shop: Shop) -> None:
    order = shop.place()
    other = {
        "stripe_secret_key": SecretStr("sk_test_other"),
        "stripe_api_base": shop.settings.sandbox_url,
    }
    wrong = StripeGateway(shop.settings.model_copy(update=other))
    with pytest.raises(PaymentsRefusedError):
        checkout.start_checkout(shop.sessions, wrong, shop.settings, number=order.number)

    (concern,) = concerns(shop, order)
    assert "Invalid API Key" in concern.detail


def test_page_of_other_account_is_replaced(shop: Shop) -> None:
    order = shop.place()
    shop.start(order)
    with shop.sessions.begin() as session:
        session.execute(update(CheckoutAttempt).values(session_id="cs_test_gone"))

    url = shop.start(order)

    assert url
    assert [a.status for a in shop.attempts(order)] == [AttemptStatus.FAILED, AttemptStatus.OPEN]


def test_order_below_minimum_charge_needs_po(shop: Shop) -> None:
    with shop.sessions.begin() as session:
        offer = factories.offer(session, amount=49)
        draft = factories.draft_json(session, offer.sku)

    refused = shop.client.post("/api/v1/orders", json=draft)
    with_po = shop.client.post("/api/v1/orders", json=draft | {"po_number": "PO-1"})

    assert refused.status_code == 422
    [problem] = refused.json()["errors"]
    assert problem["pointer"] == "#/lines"
    assert "$0.49" in problem["detail"]
    assert "start at $0.50" in problem["detail"]
    placed = with_po.json()
    assert (with_po.status_code, placed["can_be_paid"]) == (201, False)
    page = shop.client.post(
        f"/api/v1/orders/{placed['number']}/checkout", headers={"X-Order-Token": placed["token"]}
    )
    assert (page.status_code, page.json()["type"]) == (409, "order-not-payable")
    assert "by purchase order, check, or bank transfer" in page.json()["detail"]


def test_balance_below_minimum_charge_shows_other_ways(shop: Shop) -> None:
    order = shop.place()
    with shop.sessions.begin() as session:
        factories.pay(session, shop.now(order), amount=39800 - 25)

    left = shop.now(order)

    assert left.balance == Money(25, "USD")
    assert not can_be_paid(left)
    assert next_steps(left)
    with pytest.raises(NotPayableError, match="below the card payment minimum"):
        shop.start(order)


def test_emails_offer_no_card_below_minimum_charge(shop: Shop) -> None:
    with shop.sessions.begin() as session:
        small = factories.order(session, factories.offer(session, amount=49), po_number="PO-1")
        accept(session, small, actor=STAFF)
        rest = factories.pay(session, factories.order(session), amount=39800 - 25)
        free = factories.order(session, factories.offer(session, amount=0, delivery="file"))

    with shop.sessions() as session:
        texts = {
            order.number: " ".join(text_of(each) for each in emails_for(session, order.number))
            for order in (small, rest, free)
        }

    assert "PO-1" in texts[small.number]
    assert "card" not in texts[small.number]
    assert "too small for a card payment" in " ".join(texts[rest.number].split())
    assert "card or bank debit" not in texts[free.number]


def test_page_of_refused_order_shows_other_ways(shop: Shop) -> None:
    order = shop.place()
    start_refused(shop, order)
    visitor = Visitor(shop.client)

    page = visitor.get(f"/orders/{order.number}?token={order.access_token}")

    said = page.one("//*[@role='status']")
    assert "You have not been charged" in said
    assert "by purchase order, check, or bank transfer" in said
    assert "URL" not in said
