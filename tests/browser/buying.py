"""The steps of a purchase, as a buyer takes them with mouse and keyboard."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.orders import FILM

PRICE = "$398.00"
PAYS = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
AUTHENTICATES = "4000 0025 0000 3155"
ADDRESS = {
    "billing_line1": "170 Claremont Avenue",
    "billing_city": "New York",
    "billing_region": "NY",
    "billing_postal_code": "10027",
}
DETAILS = {
    "institution": "Claremont College",
    "contact_name": "Ada Reader",
    "email": "ada@example.edu",
    **ADDRESS,
}


def choose_buyer(page: Page) -> None:
    """Open the film and say that one buys for a college of 4,200 students."""
    page.goto(f"/films/{FILM}")
    page.get_by_label("Institution type").select_option(label="College or university")
    page.locator("#size").fill("4,200")
    page.get_by_role("button", name="Show available licenses").click()
    expect(page.get_by_role("heading", name="What you may license")).to_be_visible()


def dvd_price(page: Page) -> Locator:
    """Return the price in the DVD's column of the table of offers."""
    return _dvd_form(page).locator("xpath=..").locator(".compare-price")


def put_dvd_in_cart(page: Page) -> None:
    _dvd_form(page).get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Your cart")).to_be_visible()


def fill_in_checkout(page: Page, details: dict[str, str] = DETAILS) -> None:
    """Go from the cart to the checkout and fill it in, license text accepted."""
    page.get_by_role("link", name="Go to checkout").click()
    for name, value in details.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("checkbox", name=re.compile("My institution accepts")).check()


def place_order(page: Page) -> None:
    """Place order, and arrive at the payment page."""
    page.get_by_role("button", name=f"Place order, {PRICE}").click()
    page.wait_for_url("**/c/pay/**")


def pay_by_card(page: Page, number: str) -> None:
    """Fill in the hosted page and press Pay."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expires").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name of the card or account holder").fill("Ada Reader")
    page.get_by_role("button", name=f"Pay {PRICE}").click()


def pay_from_bank(page: Page) -> None:
    page.get_by_label("US bank account").check()
    page.get_by_label("Name of the card or account holder").fill("Ada Reader")
    page.get_by_role("button", name=f"Pay {PRICE}").click()


def order_number(page: Page) -> str:
    """Return the number of the order whose page this is."""
    found = re.search(r"/orders/(RR-[0-9A-Z]+)", page.url)
    assert found, page.url
    return found[1]


def expect_status(page: Page, axis: str, word: str) -> None:
    """Expect what the order's page says on one axis, loading it again until it does."""
    shown = page.get_by_role("list", name="Order status").get_by_role("listitem")
    status = shown.filter(has=page.get_by_text(axis, exact=True))
    for _ in range(100):
        if status.inner_text().split("\n")[-1].strip() == word:
            return
        page.wait_for_timeout(100)
        page.reload()
    expect(status).to_contain_text(word)


def _dvd_form(page: Page) -> Locator:
    offer = page.locator(f"input[name=offer][value={FILM}-dvd-ppr]")
    return page.locator("form[action='/cart/lines']").filter(has=offer)
