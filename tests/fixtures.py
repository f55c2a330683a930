"""Fixtures and hooks that need no store. The tests of the Stripe sandbox use no others."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import stripe

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.tabs import Tabs


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "once(on='sqlite'): no database changes it, so it runs on one only: the one with more time",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a browser test without a browser; fail it if CI is set."""
    if item.get_closest_marker("browser") is None:
        return
    from tests.browser import chromium  # noqa: PLC0415 - few tests need a browser

    if chromium.find() is None:
        # From here, and not from a fixture, all of them come to one line of the summary.
        give_up = pytest.fail if "CI" in os.environ else pytest.skip
        give_up(chromium.NONE_FOUND)


@pytest.fixture(scope="session", autouse=True)
def sdk_pause() -> Iterator[float]:
    """Shorten the first retry delay of Stripe's SDK, and return the real one in seconds."""
    real: float = stripe.HTTPClient.INITIAL_DELAY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
        yield real


@pytest.fixture
def patient_sdk(sdk_pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the SDK's real retry delay, for a concurrent request that is still running at Stripe."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", sdk_pause)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """The system's Chromium: one for all tests of a process, as the driver allows no second."""
    from tests.browser import chromium  # noqa: PLC0415 - few tests need a browser

    path = chromium.find()
    assert path is not None, chromium.NONE_FOUND
    with chromium.launched(path) as running:
        yield running


@pytest.fixture(scope="session")
def tabs(browser: "Browser") -> "Tabs":
    """The browser's pages, lent to one test after the other."""
    from tests.browser.tabs import Tabs  # noqa: PLC0415 - as above

    return Tabs(browser)
