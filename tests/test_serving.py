"""``reelright serve``: one command, several processes, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import free_port

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.once(on="postgresql"), pytest.mark.slow]
PATIENCE_SECONDS = 60


class Served:
    """A store that ``reelright serve`` runs in a folder of its own."""

    def __init__(self, folder: Path, *options: str, database_url: str = "") -> None:
        self.folder = folder
        self.options = options
        self.database_url = database_url or f"sqlite:///{folder / 'store.db'}"
        self.port, self.sandbox_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        clean = {n: v for n, v in os.environ.items() if not n.startswith("REELRIGHT")}
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve", *self.options],
                cwd=ROOT,
                env=clean
                | {
                    "PORT": str(self.port),
                    "REELRIGHT_DATABASE_URL": self.database_url,
                    "REELRIGHT_SANDBOX_DATABASE": str(self.folder / "sandbox.db"),
                    "REELRIGHT_SANDBOX_PORT": str(self.sandbox_port),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def end(self, how: signal.Signals) -> int:
        process = self.process
        assert process is not None
        process.send_signal(how)
        self.process = None
        return process.wait(30)


@contextmanager
def running(served: Served) -> Iterator[Served]:
    served.start()
    try:
        yield served
    finally:
        if served.process is not None:
            served.end(signal.SIGTERM)


@pytest.fixture
def stocked(tmp_path: Path) -> Iterator[Served]:
    """What ``make run`` starts, from nothing."""
    with running(Served(tmp_path, "--prepare")) as served:
        yield served


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Iterator[Served]:
    """A store over an empty database that is ready for it."""
    with running(Served(tmp_path, database_url=database_url)) as served:
        yield served


def eventually(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.1)
    return False


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own
    except OSError:
        return False
    return True


def test_one_command_serves_a_stocked_store_and_says_where_to_click(stocked: Served) -> None:
    assert eventually(lambda: "Ctrl-C stops it" in stocked.said()), stocked.said()

    said = stocked.said()
    for told in (
        f"{stocked.url}/",
        f"{stocked.url}/console",
        "admin@example.org",
        "reelright-demo",
        "4242 4242 4242 4242",
    ):
        assert told in said
    assert answers(f"{stocked.url}/films/the-red-soul")
    assert eventually(lambda: answers(f"http://127.0.0.1:{stocked.sandbox_port}/"))
    assert stocked.end(signal.SIGINT) == 0
    assert not answers(f"{stocked.url}/health/live")

    stocked.start()  # again: nothing is loaded anew
    assert eventually(lambda: "Ctrl-C stops it" in stocked.said()), stocked.said()
    assert "created" not in stocked.said()


def test_when_the_supervisor_is_killed_nothing_stays_behind(served: Served) -> None:
    assert eventually(lambda: answers(f"{served.url}/health/ready")), served.said()
    assert eventually(lambda: answers(f"http://127.0.0.1:{served.sandbox_port}/"))

    served.end(signal.SIGKILL)

    assert eventually(lambda: not answers(f"{served.url}/health/live"))
    assert eventually(lambda: not answers(f"http://127.0.0.1:{served.sandbox_port}/"))


def test_a_taken_port_is_told_with_advice(served: Served, tmp_path: Path) -> None:
    assert eventually(lambda: answers(f"{served.url}/health/ready")), served.said()
    second = Served(tmp_path / "second")
    second.folder.mkdir()
    second.port = served.port
    second.start()
    assert second.process is not None
    assert second.process.wait(30) == 1
    assert "is not free" in second.said()
    assert "PORT" in second.said()
