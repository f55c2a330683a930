"""Staff enter an emailed order: at a desk with suggestions, and on a phone without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import PHONE
from tests.browser.addresses import log_in
from tests.browser.conftest import Opener

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

SKU = "the-red-soul-dvd-ppr"
TYPED = {
    "buyer/institution": "Claremont College",
    "buyer/size": "4,200",
    "buyer/contact_name": "Ada Reader",
    "buyer/email": "ada@example.edu",
    "billing_address/line1": "170 Claremont Avenue",
    "billing_address/city": "New York",
    "billing_address/region": "NY",
    "billing_address/postal_code": "10027",
}


def enter_order(page: Page, po_number: str, *, has_script: bool) -> None:
    """Enter an order with an agreed price, look at its totals, and place it on terms."""
    log_in(page)
    page.get_by_role("link", name="New order or quote").click()
    for name, value in TYPED.items():
        page.locator(f"[id='{name}']").fill(value)
    page.get_by_label("Class").select_option("college")
    offer = page.locator("[id='lines/0/offer']")
    offer.fill("red soul dvd")
    if has_script:
        expect(page.locator(f"#offer-options option[value='{SKU}']")).to_have_count(1)
        offer.fill(SKU)
    else:
        page.get_by_role("button", name="Search").last.click()
        page.get_by_role("button", name=re.compile("The Red Soul .*DVD")).click()
        expect(offer).to_have_value(SKU)
    page.get_by_label("Agreed unit price").fill("350")
    page.get_by_label("Purchase order number").fill(po_number)
    page.get_by_label("License texts accepted by").select_option("purchase_order")
    page.get_by_role("button", name="Preview totals").click()

    page.get_by_role("alert").get_by_role("link", name="Enter why the price differs.").click()
    reason = page.get_by_label("Reason for the price")
    expect(reason).to_be_focused()
    reason.fill("Consortium discount")
    expect(page.locator("[id='buyer/institution']")).to_have_value("Claremont College")
    page.get_by_role("button", name="Preview totals").click()
    expect(page.locator("#preview .sum")).to_contain_text("$350.00")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Place order on terms").click()

    expect(page.get_by_role("status")).to_have_text("Order placed.")
    expect(page.get_by_text("list $398.00")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Claremont College")


def test_order_is_entered_at_a_desk(page: Page) -> None:
    enter_order(page, "PO-DESK", has_script=True)


def test_order_is_entered_on_a_phone_without_script(open_page: Opener) -> None:
    enter_order(open_page(viewport=PHONE, java_script_enabled=False), "PO-PHONE", has_script=False)
