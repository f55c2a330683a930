"""A PostgreSQL that is frozen: it takes connections and statements, and answers none."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.freezing import FreezingProxy
from tests.processes import Store

pytestmark = [
    pytest.mark.seeded,
    pytest.mark.fault,
    pytest.mark.slow,
    pytest.mark.once(on="postgresql"),
]
# More than the process has threads, so that some wait in line.
READERS = 30
PAGE, LISTING, STATIC = "/films/the-red-soul", "/api/v1/films", "/static/css/base.css"
WAITS = "/api/v1/films?q=anything"
PATIENCE = 40


@pytest.fixture
def proxy(database_url: str) -> Iterator[FreezingProxy]:
    with FreezingProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FreezingProxy, tmp_path: Path) -> Iterator[Store]:
    limits = {
        "REELRIGHT_DATABASE_POOL_SIZE": "10",
        "REELRIGHT_DATABASE_CONNECT_SECONDS": "2",
        "REELRIGHT_DATABASE_STATEMENT_SECONDS": "4",
    }
    store = Store(tmp_path, proxy.url, limits)
    store.start("web")
    yield store
    store.stop()


def test_frozen_database_stops_only_what_needs_it(store: Store, proxy: FreezingProxy) -> None:
    paths = (PAGE, LISTING, STATIC, "/health/live")
    for path in paths:
        assert ask(store, path)[0] == 200

    proxy.freeze()
    with ThreadPoolExecutor(READERS) as readers:
        waiting = [readers.submit(ask, store, f"{WAITS}{n}") for n in range(READERS)]
        time.sleep(0.5)
        for path in (*paths, *paths):
            status, seconds = ask(store, path)
            assert (status, seconds < 5) == (200, True), (path, status, seconds)
        status, seconds = ask(store, "/health/ready")
        assert (status, seconds < 6) == (503, True), (status, seconds)
        ends = [each.result() for each in waiting]
    assert {status for status, _ in ends} == {503}
    assert max(seconds for _, seconds in ends) < PATIENCE

    proxy.thaw()
    deadline = time.monotonic() + PATIENCE
    while ask(store, "/health/ready")[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    for path in (*paths, WAITS, "/health/ready"):
        assert ask(store, path)[0] == 200, path


def ask(store: Store, path: str) -> tuple[int, float]:
    """Return the status of the answer, and after how many seconds it came."""
    started = time.monotonic()
    request = urllib.request.Request(store.url + path, headers={"Accept-Encoding": "gzip"})  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - our own
            answer.read()
            status = answer.status
    except urllib.error.HTTPError as refused:
        status = refused.code
    return status, time.monotonic() - started
