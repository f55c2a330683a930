"""Pages hold still while they load: nobody presses a button that has just moved."""

import pytest

from tests.browser.conftest import Opener
from tests.browser.fitness import DESKTOP, PHONE, STILL
from tests.browser.orders import FILM

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
def test_nothing_moves_while_a_page_loads(open_page: Opener, path: str, size: object) -> None:
    page = open_page(viewport=size)
    page.add_init_script(COUNT)
    page.goto(path, wait_until="load")
    page.evaluate(SCROLL)
    page.evaluate(STILL)
    assert page.evaluate("shifted") < MOST_SHIFT
