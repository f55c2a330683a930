"""The two doors of a film are apart: what an individual watches is in no cart."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import buying
from tests.browser.orders import FILM

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]


def test_a_watch_link_leads_outside_and_never_into_the_cart(page: Page) -> None:
    page.goto(f"/films/{FILM}")
    home = page.get_by_role("region", name="Watch at home")
    links = home.get_by_role("link")
    assert links.count() >= 1
    for place in range(links.count()):
        address = links.nth(place).get_attribute("href") or ""
        assert address.startswith("https://")
        assert "external" in (links.nth(place).get_attribute("rel") or "")
    expect(home.locator("form, button, input")).to_have_count(0)


def test_only_offers_to_institutions_can_be_put_into_the_cart(page: Page) -> None:
    page.goto(f"/films/{FILM}")
    expect(page.locator("form[action='/cart/lines']")).to_have_count(0)  # who for is not known yet
    buying.choose_buyer(page)
    offered = page.locator("form[action='/cart/lines'] input[name=offer]")
    skus = {offered.nth(place).input_value() for place in range(offered.count())}
    assert skus == {f"{FILM}-{offer}" for offer in ("dvd-ppr", "dsl-1y", "dsl-3y", "dsl-perpetual")}
    expect(page.get_by_role("region", name="Watch at home").locator("form")).to_have_count(0)
