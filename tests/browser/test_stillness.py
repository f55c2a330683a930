"""Pages hold still while they load: nobody presses a button that has just moved."""

import pytest
from playwright.sync_api import Route, ViewportSize

from tests.browser.accessibility import DESKTOP, PHONE, STILL
from tests.browser.orders import FILM
from tests.browser.tabs import Tabs
from tests.processes import Store

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

# A fiftieth of what is commonly called good.
MAX_SHIFT = 0.002
FONTS = "**/*.woff2"
PAINTED = """() => new Promise(done => {
  new PerformanceObserver(list => {
    if (list.getEntriesByName('first-contentful-paint').length) done();
  }).observe({type: 'paint', buffered: true});
})"""
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
def test_layout_does_not_shift_during_load(
    tabs: Tabs, store: Store, path: str, size: ViewportSize
) -> None:
    # New, for what a browser has kept comes too soon to move anything.
    page = tabs.new(viewport=size)
    page.add_init_script(COUNT)
    # The letters come when the page has been painted without them, however fast the machine is.
    late: list[Route] = []
    page.route(FONTS, lambda route: late.append(route))  # noqa: PLW0108 - it needs a signature
    page.goto(store.url + path, wait_until="domcontentloaded")
    page.evaluate(PAINTED)
    assert len(late) > 1
    for route in late:
        route.continue_()
    page.unroute(FONTS)
    page.wait_for_load_state("load")
    assert page.evaluate("document.fonts.ready.then(fonts => fonts.check('16px Literata'))")
    page.evaluate(SCROLL)
    page.evaluate(STILL)
    shifted = page.evaluate("shifted")
    page.context.close()
    assert shifted < MAX_SHIFT
