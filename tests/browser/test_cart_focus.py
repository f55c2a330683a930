"""After the cart changed, the focus is where that is said, and the page's title says it too."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import buying

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]


def expect_said(page: Page, words: str) -> None:
    notice = page.get_by_role("status").filter(has_text=words)
    expect(notice).to_be_focused()
    expect(notice).to_be_in_viewport()
    assert words in page.title()


def test_what_was_done_to_the_cart_has_the_focus(page: Page) -> None:
    buying.choose_buyer(page)
    buying.put_dvd_in_cart(page)
    expect_said(page, "Added to your cart: The Red Soul")

    page.get_by_label("Copies of The Red Soul").fill("3")
    page.get_by_role("button", name="Update").click()
    expect_said(page, "Quantity changed to 3 copies: The Red Soul")
    line = page.get_by_role("listitem").filter(has=page.get_by_role("status"))
    expect(line).to_contain_text("$1,194.00")

    page.get_by_label("Copies of The Red Soul").fill("0.5")
    page.locator("form[action^='/cart/lines/']").first.evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Update").click()
    expect(page.get_by_label("Copies of The Red Soul")).to_be_focused()
    assert page.title().startswith("Error: ")

    page.get_by_role("button", name="Remove").click()
    expect_said(page, "Removed from your cart: The Red Soul")
