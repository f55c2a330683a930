"""A whole purchase on a phone, and one without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import buying
from tests.browser.conftest import Opener

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}


def buy(page: Page) -> None:
    buying.go_to_payment(page)
    buying.pay_by_card(page, buying.PAYS)
    page.wait_for_url("**/orders/**")
    buying.expect_status(page, "Payment", "Paid")
    expect(page.get_by_role("link", name="Certificate (PDF)")).to_be_visible()


def test_a_whole_purchase_on_a_phone(open_page: Opener) -> None:
    buy(open_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2))


def test_a_whole_purchase_without_javascript(open_page: Opener) -> None:
    buy(open_page(java_script_enabled=False))
