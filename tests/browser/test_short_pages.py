"""What one came for is in sight: buttons on the first screen, tables that fit, paper well used."""

import io

import pikepdf
import pytest
from playwright.sync_api import Page, expect

from tests.browser import addresses, buying
from tests.browser.conftest import Opener
from tests.browser.orders import FILM, OrderDriver

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

FOUR_FILMS = f"/compare?film={FILM}&film=alice-street&film=putins-witnesses&film=the-apology"
TITLES = "The Red Soul\nAlice Street\nPutin's Witnesses\nThe Apology"
# Of 2,729 pixels that it had.
MAX_CHECKOUT_HEIGHT = 1_850


def test_a_license_goes_into_the_cart_from_the_first_screen(page: Page) -> None:
    buying.choose_buyer(page)
    page.goto(f"/films/{FILM}")
    add = page.locator(".door-list").get_by_role("button", name="DVD with public performance")
    expect(add).to_be_in_viewport(ratio=1)
    add.click()
    expect(page.get_by_role("heading", name="Your cart")).to_be_visible()


def test_the_checkout_is_short_and_begins_with_the_order_on_a_phone(open_page: Opener) -> None:
    page = open_page()
    addresses.see_checkout(page)
    assert page.evaluate("document.documentElement.scrollHeight") < MAX_CHECKOUT_HEIGHT
    page.set_viewport_size({"width": 390, "height": 844})
    summary = page.get_by_role("region", name="Your order").bounding_box()
    form = page.locator("form[action='/checkout']").bounding_box()
    assert summary
    assert form
    assert summary["y"] + summary["height"] <= form["y"]


def test_four_films_are_compared_without_scrolling_sideways(page: Page) -> None:
    buying.choose_buyer(page)
    page.goto(FOUR_FILMS)
    fits = "box => box.scrollWidth <= box.clientWidth"
    assert page.get_by_role("region", name="Comparison", exact=True).evaluate(fits)
    expect(page.get_by_role("row", name="May we show it in class?")).to_be_hidden()
    page.get_by_label("with identical answers").check()
    expect(page.get_by_role("row", name="May we show it in class?")).to_be_visible()
    page.get_by_role("link", name="All licenses").click()
    expect(page.get_by_text("Scroll sideways to see all")).to_be_visible()


def test_a_column_of_a_list_is_chosen_and_the_total_follows(page: Page) -> None:
    buying.choose_buyer(page)
    page.goto("/lookup")
    page.get_by_label("Titles, one per line").fill(TITLES)
    page.get_by_role("button", name="Look up titles").click()
    total, button = page.locator("#chosen-total"), page.get_by_role("button", name="Select all")
    discs = button.filter(has_text="DVD")
    expect(total).to_have_text("$0.00")
    expect(page.get_by_role("button", name="Add selected to cart")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Update total")).to_be_hidden()

    discs.click()

    expect(discs).to_have_attribute("aria-pressed", "true")
    checked = page.locator(".lookup-table input[name=offer]:checked")
    expect(checked).to_have_count(4)
    chosen = total.inner_text()
    assert chosen.startswith("$1,")
    checked.first.uncheck()
    expect(discs).to_have_attribute("aria-pressed", "false")
    expect(total).not_to_have_text(chosen)
    discs.click()
    discs.click()
    expect(total).to_have_text("$0.00")


def test_an_order_of_one_film_is_printed_on_one_sheet(page: Page, clerk: OrderDriver) -> None:
    for order in (clerk.placed(), clerk.paid()):
        page.goto(clerk.path(order))
        with pikepdf.open(io.BytesIO(page.pdf(format="Letter"))) as paper:
            assert len(paper.pages) == 1


def test_the_console_tells_times_as_the_readers_clock_does(
    open_page: Opener, clerk: OrderDriver
) -> None:
    number = clerk.placed().number
    page = open_page(timezone_id="Pacific/Auckland", locale="en-NZ")
    addresses.log_in(page)
    page.goto(f"/console/orders/{number}")
    shown = page.locator("time[data-local]").first
    utc = shown.get_attribute("datetime")
    there = page.evaluate(
        "utc => new Date(utc).toLocaleTimeString('en-US', {hourCycle: 'h23',"
        " hour: '2-digit', minute: '2-digit', timeZone: 'Pacific/Auckland'})",
        utc,
    )
    assert shown.inner_text().endswith(there)
    expect(page.get_by_text("Times are in your time zone, Pacific/Auckland.")).to_be_visible()


def test_two_tabs_of_a_new_visitor_both_work(open_page: Opener) -> None:
    first = open_page()
    first.goto("/buyer?next=/collections")
    second = first.context.new_page()
    first.context.clear_cookies()  # as if both had been asked for at once
    second.goto("/buyer")
    second.close()
    first.get_by_label("Institution type").select_option("college")
    first.locator("#size").fill("4321")
    first.get_by_role("button", name="Show my prices").click()
    first.wait_for_url("**/collections")
    first.goto("/buyer")
    expect(first.locator("#size")).to_have_value("4321")
