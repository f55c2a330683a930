from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.money import Money
from app.licenses.states import LicenseStatus
from app.orders import acceptance, cancellation, fulfillment, payment_recording, refunds
from app.orders.allocations import Allocation
from app.orders.models import Order
from app.orders.states import LicenseEffect, OrderState, PaymentMethod, RefundStatus
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus
from tests import factories
from tests.storefront.visitor import PERSON, Page, Visitor

STAFF = Actor.staff("staff@example.org", "Sam Staff")


def open_page(visitor: Visitor, order: Order, more: str = "") -> Page:
    return visitor.get(f"/orders/{order.number}?token={order.access_token}{more}")


def where(page: Page) -> dict[str, str]:
    return dict(
        zip(
            page.all("//*[@class='status-list']/li/*[@class='quiet']"),
            page.all("//*[@class='status-list']/li/*[@class='status-word']"),
            strict=True,
        )
    )


def attempt(
    session: Session, order: Order, status: AttemptStatus, *, last_error: str | None = None
) -> None:
    insert_ignore(
        session,
        CheckoutAttempt,
        {
            "order_id": order.id,
            "attempt": 1,
            "request": {},
            "status": status,
            "expires_at": clock.now(),
            "last_error": last_error,
        },
        index_elements=["order_id", "attempt"],
    )


def test_a_guest_sees_the_order_only_with_its_secret(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    other = factories.order(session)
    session.commit()
    for token in ("", "x", other.access_token, order.access_token[:-1]):
        page = visitor.get(f"/orders/{order.number}?token={token}")
        assert page.status == 404
        assert "Example College" not in page.html
    assert visitor.get(f"/orders/{order.number}").status == 404
    assert open_page(visitor, order).status == 200


def test_order_page_is_private(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    session.commit()
    headers = open_page(visitor, order).headers
    assert headers["cache-control"] == "private, no-store"
    # Our origin and nothing after it.
    assert headers["referrer-policy"] == "strict-origin"
    assert "noindex" in headers["x-robots-tag"]


def test_an_unpaid_order_can_be_paid(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    session.commit()
    page = open_page(visitor, order)
    assert where(page) == {
        "Order": "Received",
        "Payment": "Unpaid",
        "License": "Pending",
        "Delivery": "Pending",
    }
    assert "Pay $398.00" in page.all("//button")


def test_a_paid_order_has_its_certificate_as_pdf_and_data(
    visitor: Visitor, client: TestClient, session: Session, settings: Settings
) -> None:
    order = factories.paid_order(session)
    session.commit()
    page = open_page(visitor, order, "&payment=paid")
    assert where(page)["License"] == "Granted"
    assert "Payment received. Thank you." in page.one("//*[@role='status']")
    assert page.document.xpath(f"//form[@action='/orders/{order.number}/pay']") == []
    base = str(settings.base_url).rstrip("/")
    links = [link.removeprefix(base) for link in page.all("//*[@class='doc-links']/a/@href")]
    invoice, invoice_pdf, pdf, data, verify = links
    assert client.get(invoice).status_code == 200
    assert client.get(invoice_pdf).content.startswith(b"%PDF")
    assert client.get(pdf).content.startswith(b"%PDF")
    assert client.get(pdf).headers["referrer-policy"] == "no-referrer"
    assert client.get(data).json()["licensee"]["name"] == "Example College"
    assert client.get(pdf.split("?", maxsplit=1)[0], headers=PERSON).status_code == 404
    assert "Active" in visitor.get(verify).text


def test_a_bank_debit_on_its_way_is_explained_and_not_paid_twice(
    visitor: Visitor, session: Session
) -> None:
    order = factories.order(session)
    payment_recording.record_payment_pending(
        session, number=order.number, actor=Actor.stripe("evt_1")
    )
    session.commit()
    page = open_page(visitor, order, "&payment=pending")
    assert where(page)["Payment"] == "Processing"
    assert "Your bank debit is processing." in page.one("//*[@role='status']")
    assert page.document.xpath(f"//form[@action='/orders/{order.number}/pay']") == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (AttemptStatus.EXPIRED, "The payment page has expired."),
        (AttemptStatus.FAILED, "Payment failed."),
    ],
)
def test_failed_payment_can_be_retried(
    visitor: Visitor, session: Session, status: AttemptStatus, words: str
) -> None:
    order = factories.order(session)
    attempt(session, order, status)
    session.commit()
    page = open_page(visitor, order)
    assert words in page.one("//*[@role='status']")
    assert "You have not been charged" in page.one("//*[@role='status']")
    assert "Continue to payment" in page.all("//button")
    assert "Pay" not in page.one("//form[contains(@action, '/pay')]").split()


def test_order_state_overrides_the_address(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    session.commit()
    page = open_page(visitor, order, "&payment=paid")
    assert "has arrived" not in page.text
    assert where(page)["Payment"] == "Unpaid"


def test_abandoned_payment_page_shows_no_charge(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    attempt(session, order, AttemptStatus.OPEN)
    session.commit()
    page = open_page(visitor, order)
    assert page.one("//*[@role='status']").startswith("You have not been charged.")
    assert "Continue to payment" in page.all("//button")


@pytest.mark.parametrize("status", [None, AttemptStatus.OPEN, AttemptStatus.EXPIRED])
def test_purchase_order_page_starts_with_the_review(
    visitor: Visitor, session: Session, status: AttemptStatus | None
) -> None:
    order = factories.order(session, po_number="PO-77")
    if status is not None:
        attempt(session, order, status)
    session.commit()
    page = open_page(visitor, order)
    assert page.document.xpath("//main//*[@role='status']") == []
    assert page.one("//section[@class='next-steps']//li").startswith(
        "We're reviewing purchase order PO-77."
    )
    assert page.document.xpath("//button[contains(@class, 'button-next')]") == []
    assert ("You have not been charged." in page.text) is (status is not None)
    words = "Continue to payment" if status else "Pay $398.00"
    assert words in page.all("//button")


def test_an_accepted_order_says_that_nothing_was_charged(
    visitor: Visitor, session: Session
) -> None:
    order = factories.order(session, po_number="PO-77")
    acceptance.accept(session, order, actor=STAFF)
    attempt(session, order, AttemptStatus.OPEN)
    session.commit()
    page = open_page(visitor, order)
    assert page.one("//*[@role='status']").startswith("You have not been charged.")
    assert "Continue to payment" in page.all("//button")


def test_thanks_end_after_a_while(visitor: Visitor, session: Session) -> None:
    order = factories.paid_order(session)
    unpaid = factories.order(session)
    attempt(session, unpaid, AttemptStatus.OPEN)
    session.commit()
    more = f"&payment=unknown&at={int(clock.now().timestamp())}"
    assert "Thank you" in open_page(visitor, order, "&payment=paid").text
    assert "We're checking your payment" in open_page(visitor, unpaid, more).text
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        assert "Thank you" not in open_page(visitor, order, "&payment=paid").text
        assert "Thank you" not in open_page(visitor, unpaid, "&placed=yes").text
        assert "You have not been charged." in open_page(visitor, unpaid, more).text
    assert "We're checking your payment" not in open_page(visitor, unpaid, "&payment=unknown").text
    assert open_page(visitor, unpaid, "&payment=unknown&at=²").status == 200


def test_refused_payment_shows_another_way_to_pay(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    attempt(session, order, AttemptStatus.FAILED, last_error="Invalid email address")
    session.commit()
    said = open_page(visitor, order).one("//*[@role='status']")
    assert said.startswith("We couldn't open the payment page. You have not been charged.")
    assert "by purchase order, check, or bank transfer" in said
    assert "Invalid email" not in said


def test_returning_items_to_the_cart_cancels_the_order(visitor: Visitor, session: Session) -> None:
    order = factories.order(session, quantity=3)
    session.commit()
    form = open_page(visitor, order).form(f"/orders/{order.number}/cart")
    cart = visitor.send(form)
    assert cart.path == "/cart?filled=1"
    (quantity,) = cart.all("//input[@name='quantity']/@value")
    assert quantity == "3"
    assert "$1,194.00" in cart.text
    assert "a college or university, 4,200 FTE students, United States" in cart.text
    again = visitor.send(form)  # the second press of a double click
    assert where(again)["Order"] == "Canceled"
    assert visitor.get("/cart").all("//input[@name='quantity']/@value") == ["3"]
    session.rollback()
    assert session.scalars(select(Order.state)).all() == [OrderState.CANCELED]


def test_returned_items_are_added_to_the_cart(visitor: Visitor, session: Session) -> None:
    same, other = factories.offer(session), factories.offer(session)
    order = factories.order(session, same, quantity=2)
    session.commit()
    visitor.is_a_college()
    visitor.add(other.film.slug, other.sku)
    visitor.add(same.film.slug, same.sku)
    cart = visitor.send(open_page(visitor, order).form(f"/orders/{order.number}/cart"))
    assert sorted(cart.all("//input[@name='quantity']/@value")) == ["1", "2"]


@pytest.mark.parametrize("what", ["paid", "pending", "accepted"])
def test_paid_order_cannot_be_returned_to_the_cart(
    visitor: Visitor, session: Session, what: str
) -> None:
    order = factories.order(session, po_number="PO-1")
    session.commit()
    form = open_page(visitor, order).form(f"/orders/{order.number}/cart")
    if what == "paid":
        factories.pay(session, order)
    elif what == "pending":
        payment_recording.record_payment_pending(
            session, number=order.number, actor=Actor.stripe("evt_1")
        )
    else:
        acceptance.accept(session, order, actor=STAFF)
    session.commit()
    page = visitor.send(form)
    assert where(page)["Order"] != "Canceled"
    assert page.document.xpath(f"//form[@action='/orders/{order.number}/cart']") == []
    assert "Your cart is empty" in visitor.get("/cart").text
    assert visitor.send(form, token="x").status == 404


def test_a_shipped_disc_shows_its_carrier_and_tracking(visitor: Visitor, session: Session) -> None:
    order = factories.paid_order(session)
    fulfillment.ship(session, order, carrier="ups", tracking="1Z999AA10123456784", actor=STAFF)
    session.commit()
    page = open_page(visitor, order)
    assert where(page) == {
        "Order": "Completed",
        "Payment": "Paid",
        "License": "Granted",
        "Delivery": "Sent",
    }
    assert page.all("//a[contains(@href, 'ups.com')]") == ["1Z999AA10123456784"]
    assert "by UPS" in page.text


def test_a_canceled_order_asks_for_nothing(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    cancellation.cancel(session, order, actor=STAFF, reason="Ordered twice")
    session.commit()
    page = open_page(visitor, order)
    assert where(page) == {
        "Order": "Canceled",
        "Payment": "Unpaid",
        "License": "Not granted",
        "Delivery": "Not sent",
    }
    assert "This order is canceled. You don't need to pay." in page.text
    assert page.document.xpath(f"//form[@action='/orders/{order.number}/pay']") == []


def test_a_refunded_order_says_that_its_license_is_revoked(
    visitor: Visitor, session: Session
) -> None:
    order = factories.paid_order(session)
    refund = refunds.request_refund(
        session,
        order,
        allocations=[Allocation(line=1, amount=39800)],
        effect=LicenseEffect.REVOKE,
        reason="Bought by mistake",
        actor=STAFF,
    )
    refunds.apply_refund_result(
        session,
        refund_id=refund.id,
        status=RefundStatus.SUCCEEDED,
        reference="re_1",
        actor=Actor.stripe("evt_1"),
    )
    session.commit()
    page = open_page(visitor, order)
    assert where(page) == {
        "Order": "Canceled",
        "Payment": "Refunded",
        "License": "Revoked",
        "Delivery": "Not sent",
    }
    assert "This order is canceled, and $398.00 was refunded." in page.text


def test_paying_a_paid_order_shows_the_order(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    session.commit()
    form = open_page(visitor, order).form(f"/orders/{order.number}/pay")
    factories.pay(session, order)
    session.commit()
    assert where(visitor.send(form))["Payment"] == "Paid"


def test_paying_needs_the_secret_too(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    session.commit()
    form = open_page(visitor, order).form(f"/orders/{order.number}/pay")
    assert visitor.send(form, token="x").status == 404


def test_return_with_a_foreign_session_is_not_found(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    session.commit()
    path = f"/orders/{order.number}/return"
    assert visitor.get(f"{path}?token={order.access_token}&session_id=cs_x").status == 404
    assert visitor.get(f"{path}?token=x&session_id=cs_x").status == 404


def test_verification_shows_status_and_nothing_about_people_or_money(
    visitor: Visitor, session: Session
) -> None:
    order = factories.paid_order(session)
    session.commit()
    license_ = order.lines[0].license
    assert license_ is not None
    typed = license_.number.lower().replace("0", "o").replace("-", "%20")
    page = visitor.get(f"/verify?number={typed}")
    assert page.path == f"/verify/{license_.number}"
    assert page.one("//p[@class='eyebrow']").endswith(("EST", "EDT"))
    assert page.one("//*[@class='verify-state']") == "Active"
    assert "Example College" in page.text
    for private in ("Ada", "example.edu", "$", "Claremont", order.number):
        assert private not in page.text


def test_unknown_license_number_stays_in_its_field(visitor: Visitor) -> None:
    unknown = visitor.get("/verify/RL-00000000")
    assert unknown.status == 404
    assert unknown.problems() == ["No license has this number. Check it against the certificate."]
    assert unknown.form("/verify").fields["number"] == "RL-00000000"
    wrong = visitor.get("/verify?number=../etc")
    assert wrong.status == 422
    assert wrong.form("/verify").fields["number"] == "../etc"


def test_order_page_starts_with_the_film(visitor: Visitor, session: Session) -> None:
    order = factories.paid_order(session)
    session.commit()
    page = open_page(visitor, order)
    parts = page.document.xpath(
        "//*[@class='order-lines'] | //*[@class='status-list'] | //*[@id='summary']"
        " | //*[@id='documents'] | //*[@id='history']"
    )
    names = [part.get("class") or part.get("id") for part in parts]
    # In the order in which a phone, a screen reader and a printer show them.
    assert names == ["order-lines", "status-list", "summary", "documents", "history"]
    (folded,) = page.document.xpath("//details[.//ol[@class='history']]")
    assert folded.get("open") is None


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ({"country": "US", "region": "NY", "postal_code": "10027"}, "EST"),
        ({"country": "US", "region": "HI", "postal_code": "96822"}, "HST"),
        ({"country": "CA", "region": "AB", "postal_code": "T6G 2R3"}, "MST"),
    ],
)
def test_times_are_in_the_zone_of_the_institution(
    visitor: Visitor, session: Session, place: dict[str, str], zone: str
) -> None:
    with time_machine.travel("2026-12-02T03:30:00Z", tick=False):
        order = factories.order(session)
        order.billing = order.billing | place
        session.commit()
    page = open_page(visitor, order)
    # The evening of the day before, by the institution's own clocks.
    assert page.one("//p[@class='eyebrow']").endswith("December 1, 2026")
    (moment,) = page.all("//ol[@class='history']//time")
    assert moment.startswith("Dec 1, 2026, ")
    assert moment.endswith(f" {zone}")


@pytest.mark.parametrize("is_swept", [True, False])
def test_expired_license_offers_the_records_that_delete_it(
    visitor: Visitor, session: Session, *, is_swept: bool
) -> None:
    order = factories.paid_order(session)
    session.commit()
    assert "MARC records for your catalog" in open_page(visitor, order).html
    license_ = order.lines[0].license
    assert license_ is not None
    license_.starts_on = clock.today() - timedelta(days=400)
    license_.ends_on = clock.today() - timedelta(days=30)
    if is_swept:
        license_.status = LicenseStatus.EXPIRED
    session.commit()
    page = open_page(visitor, order)
    assert where(page)["License"] == "Expired"
    assert "MARC records for your catalog" in page.html
    form = page.document.xpath("//form[@class='no-print order-records']")[0]
    found = visitor.client.get(form.get("action"), params={"token": order.access_token})
    assert found.content[5:6] == b"d"


def test_partial_check_shows_its_number_and_the_rest(visitor: Visitor, session: Session) -> None:
    order = factories.order(session)
    payment_recording.record_offline(
        session,
        order,
        paid=Money(31000, "USD"),
        method=PaymentMethod.CHECK,
        reference="4711",
        actor=STAFF,
    )
    session.commit()
    page = open_page(visitor, order)
    assert "by check 4711" in page.html
    assert "$88.00" in page.html
