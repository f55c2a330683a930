"""What else happens at a payment page: cards are declined, people walk off, banks take days."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import buying
from tests.browser.accessibility import DESKTOP, PHONE
from tests.browser.conftest import Opener
from tests.browser.orders import OrderDriver

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def at_payment(request: pytest.FixtureRequest, open_page: Opener, clerk: OrderDriver) -> Page:
    """An order is placed, and its buyer stands before the payment page."""
    page = open_page(viewport=request.param)
    page.goto(clerk.path(clerk.placed()))
    page.get_by_role("button", name=f"Pay {buying.PRICE}").click()
    page.wait_for_url("**/c/pay/**")
    return page


def expect_paid(page: Page) -> None:
    page.wait_for_url("**/orders/**")
    buying.expect_status(page, "Payment", "Paid")
    expect(page.get_by_role("link", name="Certificate (PDF)")).to_have_count(1)
    expect(page.get_by_role("button", name="Pay")).to_have_count(0)


def test_a_declined_card_can_be_replaced_by_another(at_payment: Page) -> None:
    page = at_payment
    buying.pay_by_card(page, buying.DECLINED)
    expect(page.get_by_role("alert")).to_contain_text("Your card was declined")
    expect(page.get_by_label("Name of the card or account holder")).to_have_value("Ada Reader")
    buying.pay_by_card(page, buying.PAYS)
    expect_paid(page)


def test_an_abandoned_page_is_restarted_from_the_order(
    at_payment: Page, clerk: OrderDriver
) -> None:
    page = at_payment
    first = page.url
    page.get_by_role("link", name="Back to the store without paying").click()
    buying.expect_status(page, "Payment", "Unpaid")
    order = page.url
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url("**/c/pay/**")
    assert page.url == first  # the page is still open, and is the same one

    clerk.sandbox(f"sessions/{first.rsplit('/', maxsplit=1)[-1]}/expire", {})
    page.reload()
    expect(page.get_by_role("heading", name="This checkout has ended")).to_be_visible()
    page.goto(order)
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url("**/c/pay/**")
    assert page.url != first
    buying.pay_by_card(page, buying.PAYS)
    expect_paid(page)


def test_back_from_the_payment_page_the_cart_is_filled_with_one_press(open_page: Opener) -> None:
    page = open_page()
    buying.choose_buyer(page)
    buying.put_dvd_in_cart(page)
    buying.fill_in_checkout(page)
    buying.place_order(page)
    payment_page = page.url
    page.goto("/checkout")
    expect(page.get_by_role("heading", name="Your cart", exact=True)).to_be_visible()
    page.get_by_role("button", name="Cancel order and edit items").click()
    expect(page.get_by_role("link", name="Go to checkout")).to_be_visible()
    page.goto(payment_page)
    expect(page.get_by_role("heading", name="This checkout has ended")).to_be_visible()


def test_a_bank_debit_that_settles_later_grants_the_license_then(
    at_payment: Page, clerk: OrderDriver
) -> None:
    page = at_payment
    buying.pay_from_bank(page)
    page.wait_for_url("**/orders/**")
    buying.expect_status(page, "Payment", "Processing")
    expect(page.get_by_role("status")).to_contain_text("Your bank debit is processing")
    expect(page.get_by_role("button", name="Pay")).to_have_count(0)
    expect(page.get_by_role("link", name="Certificate (PDF)")).to_have_count(0)
    clerk.end_debit(buying.order_number(page), "settle")
    expect_paid(page)


def test_a_bank_debit_that_fails_is_followed_by_a_card(
    at_payment: Page, clerk: OrderDriver
) -> None:
    page = at_payment
    buying.pay_from_bank(page)
    page.wait_for_url("**/orders/**")
    buying.expect_status(page, "Payment", "Processing")
    clerk.end_debit(buying.order_number(page), "fail")
    buying.expect_status(page, "Payment", "Unpaid")
    expect(page.get_by_role("status")).to_contain_text("Payment failed")
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url("**/c/pay/**")
    buying.pay_by_card(page, buying.PAYS)
    expect_paid(page)


def test_three_d_secure_completes_after_one_failure(at_payment: Page) -> None:
    page = at_payment
    buying.pay_by_card(page, buying.AUTHENTICATES)
    page.get_by_role("button", name="Fail authentication").click()
    expect(page.get_by_role("alert")).to_contain_text("Your payment was not completed")
    buying.pay_by_card(page, buying.AUTHENTICATES)
    page.get_by_role("button", name="Complete authentication").click()
    expect_paid(page)
