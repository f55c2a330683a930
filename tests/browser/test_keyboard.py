"""A whole purchase with the keyboard alone, and always with the focus to be seen."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import buying
from tests.browser.conftest import Opener
from tests.browser.orders import FILM

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

MAX_STOPS = 120
MAX_SCROLLING = 40
# What the element that has the focus looks like: is any of it in the window, and is it marked?
LOOK = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  // A choice may be marked as a whole, with its words.
  const marked = [at, at.closest('label')].some(part => {
    if (!part) return false;
    const style = getComputedStyle(part);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  });
  return {
    what: at.outerHTML.slice(0, 120),
    inside: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight
      && box.right > 0 && box.left < innerWidth,
    marked,
  };
}"""


@dataclass
class Keyboard:
    """Somebody without a mouse."""

    page: Page
    stops: int = 0

    def tab_to(self, wanted: Locator) -> None:
        """Press Tab until ``wanted`` has the focus."""
        expect(wanted).to_have_count(1)
        for _ in range(MAX_STOPS):
            self.press("Tab")
            look = self.page.evaluate(LOOK)
            for _ in range(MAX_SCROLLING):
                if look["inside"]:
                    break
                self.page.wait_for_timeout(50)  # the page may glide there
                look = self.page.evaluate(LOOK)
            assert look["inside"], f"the focus is out of sight: {look['what']}"
            assert look["marked"], f"the focus is not to be seen: {look['what']}"
            self.stops += 1
            if wanted.evaluate("element => element === document.activeElement"):
                return
        pytest.fail(f"{wanted} cannot be reached")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type_into(self, wanted: Locator, text: str) -> None:
        self.tab_to(wanted)
        self.page.keyboard.type(text)

    def follow(self, wanted: Locator, *, to: str) -> None:
        """Press Enter on a link or button and wait for the page it leads to."""
        self.tab_to(wanted)
        with self.page.expect_navigation(url=to):
            self.press("Enter")


def test_a_whole_purchase_by_keyboard_alone(open_page: Opener) -> None:
    page = open_page(reduced_motion="no-preference")
    hand = Keyboard(page)
    page.goto("/")
    hand.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    hand.press("Enter")
    featured = page.get_by_role("main").get_by_role("link", name="The Red Soul")
    hand.follow(featured.first, to=f"**/films/{FILM}")

    hand.tab_to(page.get_by_label("Institution type"))
    page.keyboard.type("College")
    hand.type_into(page.locator("#size"), "4200")
    hand.follow(page.get_by_role("button", name="Show available licenses"), to=f"**/films/{FILM}**")
    offer = page.locator(f"form:has(input[value={FILM}-dvd-ppr])").get_by_role("button")
    hand.follow(offer, to="**/cart**")
    hand.follow(page.get_by_role("link", name="Go to checkout"), to="**/checkout")
    for name, value in buying.DETAILS.items():
        hand.type_into(page.locator(f"#{name}"), value)
    hand.tab_to(page.get_by_role("checkbox"))
    hand.press("Space")
    hand.follow(page.get_by_role("button", name="Place order"), to="**/c/pay/**")

    hand.type_into(page.get_by_label("Card number"), buying.PAYS)
    hand.type_into(page.get_by_label("Expires"), "12 / 34")
    hand.type_into(page.get_by_label("Security code"), "123")
    hand.type_into(page.get_by_label("Name of the card or account holder"), "Ada Reader")
    hand.follow(page.get_by_role("button", name=f"Pay {buying.PRICE}"), to="**/orders/**")
    buying.expect_status(page, "Payment", "Paid")
    hand.tab_to(page.get_by_role("link", name="Certificate (PDF)"))
    assert hand.stops > 40
