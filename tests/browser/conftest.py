"""One running store for all browser tests of a process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import DESKTOP
from tests.browser.orders import OrderDriver
from tests.browser.tabs import PATIENCE_MS, Tabs
from tests.browser.watching import Watch
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.processes import Store

expect.set_options(timeout=PATIENCE_MS)

Opener: TypeAlias = Callable[..., Page]


@pytest.fixture(scope="session")
def store(
    browser: Browser,
    databases: SqliteDatabases | PostgresDatabases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Store]:
    """A store with the sample catalog. Bank debits settle when a test says so, not by the clock."""
    assert browser.is_connected()
    url = databases.fresh(seeded=True)
    store = Store(tmp_path_factory.mktemp("store"), url, settle_seconds=3600)
    store.start()
    yield store
    store.stop()
    databases.drop(url)


@pytest.fixture(scope="session")
def clerk(store: Store) -> OrderDriver:
    """Brings orders into any state without a browser."""
    return OrderDriver(store)


@pytest.fixture
def open_page(tabs: Tabs, store: Store) -> Iterator[Opener]:
    """Open pages of strangers to one another, each watched: at the end nothing may be wrong."""
    watches: list[Watch] = []
    with ExitStack() as stack:

        def opened(**options: Any) -> Page:  # noqa: ANN401 - the browser's own options
            # Who gets pages that glide says so: each glide is waited for.
            usual = {"base_url": store.url, "viewport": DESKTOP, "reduced_motion": "reduce"}
            page = stack.enter_context(tabs.lent(**usual | options))
            watches.append(Watch(page))
            return page

        yield opened
    for watch in watches:
        watch.end()
    assert [problem for watch in watches for problem in watch.problems] == []


@pytest.fixture
def page(open_page: Opener) -> Page:
    """A page on a desk, 1280 by 800."""
    return open_page()
