"""Pages of the browser, lent to one test after the other.

A new context is a new process with cold caches and cold code: opening one takes longer than most
tests. The store keeps nothing in a browser but cookies and where a film was left, so without them a
page is as good as new.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, StorageState

# Nine processes may share the machine; a page that takes so long is broken all the same.
PATIENCE_MS = 30_000


@dataclass
class Tabs:
    """The pages of one browser that are free, by the options of their contexts."""

    browser: Browser
    free: dict[str, list[Page]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def lent(
        self,
        *,
        storage_state: StorageState | None = None,
        **options: Any,  # noqa: ANN401 - the browser's own options
    ) -> Iterator[Page]:
        """Lend a page that knows nothing but ``storage_state``; no two share a context.

        What a page cannot forget, such as a script for every later page, must not be asked of it.
        """
        free = self.free[json.dumps(options, sort_keys=True)]
        page = free.pop() if free else self.new(**options)
        if storage_state is not None:
            cookies = storage_state["cookies"]
            page.context.add_cookies(cookies)  # type: ignore[arg-type] # as they came from one
        yield page
        # It stays where it is: about:blank would be another process, cold again.
        page.context.clear_cookies()
        page.evaluate("localStorage.clear()")
        page.emulate_media(color_scheme="light")
        if page.viewport_size != options["viewport"]:
            page.set_viewport_size(options["viewport"])
        free.append(page)

    def new(self, **options: Any) -> Page:  # noqa: ANN401 - as above
        """Open a page that nobody has used, in a context of its own."""
        context = self.browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()
