"""Takes the picture in the README: ``python -m tests.browser.screenshot``.

The film page of The Red Soul, once a college has said who it is, in a fresh store of its own.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser import buying, chromium
from tests.browser.accessibility import DESKTOP, STILL
from tests.databases import ROOT, SqliteDatabases
from tests.processes import Store

PICTURE = ROOT / "docs" / "images" / "film-page.png"
# Pictures below the window load when asked to, and are waited for.
LOAD_ALL = """() => Promise.all([...document.images].map(picture => {
  picture.loading = 'eager';
  return picture.decode();
}))"""


def main() -> int:
    """Take the picture; return the exit status."""
    path = chromium.find()
    if path is None:
        print(chromium.NONE_FOUND)  # noqa: T201 - a command's answer
        return 1
    with tempfile.TemporaryDirectory() as folder, chromium.launched(path) as browser:
        store = Store(Path(folder), SqliteDatabases(Path(folder)).fresh(seeded=True))
        store.start("web")
        try:
            take(browser, store.url)
        finally:
            store.stop()
    print(PICTURE.relative_to(ROOT))  # noqa: T201 - as above
    return 0


def take(browser: Browser, address: str) -> None:
    page: Page = browser.new_page(base_url=address, viewport=DESKTOP, color_scheme="light")
    buying.choose_buyer(page)
    page.evaluate(LOAD_ALL)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    page.evaluate(STILL)
    PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=PICTURE)


if __name__ == "__main__":
    sys.exit(main())
