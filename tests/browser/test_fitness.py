"""Every page: nothing serious for axe in light and dark, and no scrolling sideways on a phone.

As in every browser test, the console must stay empty and nothing outside this machine be asked for.
"""

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser import addresses, private_pages
from tests.browser.accessibility import assert_accessible, assert_nothing_grave
from tests.browser.conftest import Opener
from tests.browser.orders import OrderDriver
from tests.processes import Store

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]


@pytest.fixture(scope="session")
def login(browser: Browser, store: Store) -> StorageState:
    """The cookies of an admin who is logged in."""
    context = browser.new_context(base_url=store.url)
    addresses.log_in(context.new_page())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="session")
def busy(clerk: OrderDriver) -> OrderDriver:
    """A store at which something happened, so that no list of the console is empty."""
    clerk.dispute(clerk.paid())
    clerk.paid()
    return clerk


def test_violations_are_found(page: Page) -> None:
    page.goto("/privacy")
    page.evaluate("document.querySelector('main p').style.color = 'rgba(120, 120, 120, 0.6)'")
    for _ in range(2):  # and is not taken for known
        with pytest.raises(AssertionError, match="color-contrast"):
            assert_nothing_grave(page)
    page.goto("/privacy")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    with pytest.raises(AssertionError, match="html-has-lang"):
        assert_nothing_grave(page)


@pytest.mark.parametrize("name", addresses.PUBLIC)
def test_public_page_is_accessible(page: Page, name: str) -> None:
    answer = page.goto(addresses.PUBLIC[name])
    assert answer
    assert answer.status == (404 if name in addresses.MISSING else 200)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert_accessible(page)


@pytest.mark.parametrize("name", addresses.VISITED)
def test_visit_page_is_accessible(page: Page, name: str) -> None:
    addresses.VISITED[name](page)
    assert_accessible(page)


@pytest.mark.parametrize("name", private_pages.READERS)
def test_private_page_is_accessible(page: Page, store: Store, name: str) -> None:
    page.goto(private_pages.READERS[name](store))
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert_accessible(page)


@pytest.mark.parametrize("state", addresses.ORDERS)
def test_order_in_each_state_is_accessible(page: Page, clerk: OrderDriver, state: str) -> None:
    page.goto(clerk.path(addresses.ORDERS[state](clerk)))
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert_accessible(page)


def test_verified_license_is_accessible(page: Page, busy: OrderDriver) -> None:
    page.goto(busy.path(busy.paid()))
    page.get_by_role("link", name="Verify", exact=True).click()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()
    assert_accessible(page)


def test_login_is_accessible(page: Page) -> None:
    page.goto("/console/login")
    assert_accessible(page)


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("name", addresses.CONSOLE)
def test_console_page_is_accessible(
    open_page: Opener,
    login: StorageState,
    name: str,
) -> None:
    page = open_page(storage_state=login)
    answer = page.goto(f"/console/{name}")
    assert answer
    assert answer.status == 200
    assert_accessible(page)
    if (kind := name.partition("?")[0]) in addresses.CONSOLE_DETAILS:
        page.get_by_role("main").locator("tbody a").first.click()
        page.wait_for_url(f"**/console/{kind}/*")
        assert_accessible(page)


def test_refund_is_accessible(open_page: Opener, login: StorageState, busy: OrderDriver) -> None:
    page = open_page(storage_state=login)
    page.goto(f"/console/orders/{busy.paid().number}/refund")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert_accessible(page)
