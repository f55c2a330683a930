"""The main job: a college finds The Red Soul, buys the DVD at $398, and staff send it."""

import pytest
from playwright.sync_api import Page, expect

from app.accounts.demo import DEMO_PASSWORD
from tests.browser import buying
from tests.browser.conftest import Opener

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

TRACKING = "9400111899560000000000"


def test_a_college_buys_the_dvd_and_staff_ship_it(page: Page, open_page: Opener) -> None:
    page.goto("/")
    page.get_by_role("link", name="Films", exact=True).click()
    page.get_by_role("search").get_by_label("Search films").fill("red soul")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="The Red Soul").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The Red Soul")

    buying.choose_buyer(page)
    expect(page.get_by_role("table").first.get_by_role("columnheader")).to_have_count(5)
    expect(buying.dvd_price(page)).to_have_text("$398.00")
    buying.put_dvd_in_cart(page)
    expect(page.get_by_role("row", name="Shipping to United States")).to_contain_text("Free")
    expect(page.get_by_role("row", name="Total").get_by_role("cell")).to_have_text("$398.00")
    buying.fill_in_checkout(page)
    buying.place_order(page)
    buying.pay_by_card(page, buying.PAYS)

    page.wait_for_url("**/orders/**")
    expect(page.get_by_role("status")).to_contain_text("Payment received. Thank you")
    buying.expect_status(page, "Payment", "Paid")
    buying.expect_status(page, "License", "Granted")
    assert_certificate(page)
    number = buying.order_number(page)

    ship(open_page(), number)

    page.reload()
    buying.expect_status(page, "Delivery", "Sent")
    buying.expect_status(page, "Order", "Completed")
    expect(page.get_by_role("link", name=TRACKING)).to_have_attribute(
        "href", f"https://tools.usps.com/go/TrackConfirmAction?tLabels={TRACKING}"
    )


def assert_certificate(page: Page) -> None:
    """The certificate comes as a PDF and as data, and anyone may verify the license."""
    pdf = page.get_by_role("link", name="Certificate (PDF)").get_attribute("href")
    data = page.get_by_role("link", name="JSON").get_attribute("href")
    assert pdf
    assert data
    certificate = page.request.get(pdf)
    assert certificate.status == 200
    assert certificate.headers["content-type"] == "application/pdf"
    assert certificate.body().startswith(b"%PDF-")
    facts = page.request.get(data).text()
    assert "Claremont College" in facts
    assert "The Red Soul" in facts
    page.get_by_role("link", name="Verify", exact=True).click()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text("Ada")
    expect(page.get_by_role("main")).not_to_contain_text("$398")
    page.go_back()


def ship(page: Page, number: str) -> None:
    """Log in as who packs, find the order in the queue, pack it and send it."""
    page.goto("/console")
    page.get_by_label("Email address").fill("fulfillment@example.org")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto("/console/queue")
    row = page.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text("Claremont College")
    expect(row).to_contain_text("$398.00")
    row.get_by_role("link", name=number, exact=True).click()
    page.get_by_role("button", name="Mark as packed").click()
    expect(page.get_by_role("status")).to_have_text("Marked as packed.")
    page.get_by_label("Carrier", exact=True).select_option("usps")
    page.get_by_label("Tracking number").fill(TRACKING)
    page.get_by_role("button", name="Mark as shipped").click()
    expect(page.get_by_role("status")).to_contain_text("Marked as sent.")
    page.goto("/console/queue")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=number)).to_have_count(0)
