"""A whole purchase on a phone, and one without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import buying
from tests.browser.accessibility import PHONE, assert_fits_window
from tests.browser.conftest import Opener

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]


def buy(page: Page) -> None:
    buying.choose_buyer(page)
    assert_fits_window(page)
    buying.put_dvd_in_cart(page)
    assert_fits_window(page)
    buying.fill_in_checkout(page)
    assert_fits_window(page)
    buying.place_order(page)
    assert_fits_window(page)
    buying.pay_by_card(page, buying.PAYS)
    page.wait_for_url("**/orders/**")
    assert_fits_window(page)
    buying.expect_status(page, "Payment", "Paid")
    expect(page.get_by_role("link", name="Certificate (PDF)")).to_be_visible()


def test_a_whole_purchase_on_a_phone(open_page: Opener) -> None:
    buy(open_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2))


def test_a_whole_purchase_without_javascript(open_page: Opener) -> None:
    buy(open_page(java_script_enabled=False))
