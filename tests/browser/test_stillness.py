"""Pages hold still while they load: nobody presses a button that has just moved."""

import pytest
from playwright.sync_api import ViewportSize

from tests.browser.fitness import DESKTOP, PHONE, STILL
from tests.browser.orders import FILM
from tests.browser.tabs import Tabs
from tests.processes import Store

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

# A tenth of what is commonly called good.
MOST_SHIFT = 0.02
COUNT = """
window.shifted = 0;
new PerformanceObserver(list => {
  for (const shift of list.getEntries()) window.shifted += shift.value;
}).observe({type: 'layout-shift', buffered: true});
"""
# Pictures below the window load when they come near.
SCROLL = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 400) {
    scrollTo(0, y);
    await new Promise(done => requestAnimationFrame(done));
  }
}"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/films", f"/films/{FILM}"], ids=["home", "films", "film"])
def test_nothing_moves_while_a_page_loads(
    tabs: Tabs, store: Store, path: str, size: ViewportSize
) -> None:
    # New, for what a browser has kept comes too soon to move anything.
    page = tabs.new(viewport=size)
    page.add_init_script(COUNT)
    page.goto(store.url + path, wait_until="load")
    page.evaluate(SCROLL)
    page.evaluate(STILL)
    shifted = page.evaluate("shifted")
    page.context.close()
    assert shifted < MOST_SHIFT
