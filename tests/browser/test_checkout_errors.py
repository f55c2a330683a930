"""A form filled in badly says what is wrong where it was typed, and forgets nothing."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import buying
from tests.browser.addresses import see_checkout, see_checkout_errors

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

TYPED = {
    "institution": "Ångström & “Søn” College <Library>",
    "contact_name": "Åsa Reader",
    "email": "not an address",
    "phone": "+1 212 555 0100",
    "billing_line1": "170 Claremont Avenue",
    "billing_line2": "Room 4",
    "billing_region": "NY",
    "billing_postal_code": "10027",
    "shipping_line1": "1 Mail Room",
    "shipping_city": "New York",
    "po_number": "PO-77",
}
NOTE = "Please ring twice.\nThe door is green."


def test_nothing_typed_is_lost(page: Page) -> None:
    see_checkout(page)
    page.get_by_label("Different address").check()
    page.get_by_label("Pay later with a purchase order").check()
    for name, value in TYPED.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#billing_country").select_option("CA")
    page.locator("#note").fill(NOTE)
    page.get_by_role("checkbox", name=re.compile("My institution accepts")).check()
    page.get_by_role("button", name="Place order").click()

    expect(page.get_by_role("alert").get_by_role("link")).to_have_text(
        [
            re.compile("Enter an email address"),
            re.compile("Enter the town or city of the billing"),
            re.compile("province of the billing address. Enter the two-letter province"),
            re.compile("code of the billing address. Enter a postal code"),
            re.compile("Enter the state or province of the shipping address"),
            re.compile("Enter the ZIP or postal code of the shipping address"),
        ]
    )
    for name, value in TYPED.items():
        expect(page.locator(f"#{name}")).to_have_value(value)
    expect(page.locator("#billing_country")).to_have_value("CA")
    expect(page.locator("#note")).to_have_value(NOTE)
    expect(page.get_by_label("Different address")).to_be_checked()
    expect(page.get_by_role("checkbox", name=re.compile("My institution accepts"))).to_be_checked()
    expect(page).to_have_title(re.compile("^Error: "))


def test_each_error_of_the_summary_leads_to_its_field(page: Page) -> None:
    see_checkout_errors(page)
    expect(page.locator("#error-summary")).to_be_focused()
    links = page.get_by_role("alert").get_by_role("link")
    count = links.count()
    assert count >= 6
    for place in range(count):
        link = links.nth(place)
        name = (link.get_attribute("href") or "").removeprefix("#")
        link.click()
        field = page.locator(f"#{name}")
        expect(field).to_be_focused()
        expect(field).to_be_in_viewport()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#{name}-error")).to_contain_text(link.inner_text())


def test_corrected_form_leads_to_the_payment(page: Page) -> None:
    see_checkout_errors(page)
    for name, value in buying.DETAILS.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("checkbox", name=re.compile("My institution accepts")).check()
    buying.place_order(page)
    expect(page.get_by_text("$398.00").first).to_be_visible()
