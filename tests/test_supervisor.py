"""``reelright serve``: one command, several processes, nothing left behind."""

import json
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

from app.supervisor import STEADY_SECONDS, Child
from tests.processes import free_port

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.once(on="postgresql"), pytest.mark.slow]
PATIENCE_SECONDS = 150  # seeding takes a minute where many share the machine


class Served:
    """A store that ``reelright serve`` runs in a folder of its own."""

    def __init__(
        self, folder: Path, *options: str, database_url: str = "", **variables: str
    ) -> None:
        self.folder = folder
        self.variables = variables
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
                    **self.variables,
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
    assert eventually(lambda: "Press Ctrl-C to stop" in stocked.said()), stocked.said()

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
    assert eventually(lambda: "Press Ctrl-C to stop" in stocked.said()), stocked.said()
    assert "created" not in stocked.said()


def test_when_the_supervisor_is_killed_nothing_stays_behind(served: Served) -> None:
    assert eventually(lambda: answers(f"{served.url}/health/ready")), served.said()
    assert eventually(lambda: answers(f"http://127.0.0.1:{served.sandbox_port}/"))

    served.end(signal.SIGKILL)

    assert eventually(lambda: not answers(f"{served.url}/health/live"))
    assert eventually(lambda: not answers(f"http://127.0.0.1:{served.sandbox_port}/"))


def children(served: Served, command: str) -> list[int]:
    """Return the processes that the supervisor runs with ``command``; directly, and no others."""
    assert served.process is not None
    listed = subprocess.run(
        ["ps", "--ppid", str(served.process.pid), "-o", "pid=,args="],
        check=False,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return sorted(int(line.split()[0]) for line in listed if f"-m {command}" in line)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.fault
def test_a_killed_web_process_is_replaced_and_nobody_else_notices(
    tmp_path: Path, database_url: str
) -> None:
    with running(Served(tmp_path, "--workers", "2", database_url=database_url)) as served:
        assert eventually(lambda: len(children(served, "app.cli web")) == 2), served.said()
        assert eventually(lambda: bool(children(served, "app.cli work")))
        assert eventually(lambda: answers(f"{served.url}/health/ready")), served.said()
        others = children(served, "app.cli work") + children(served, "stripe_sandbox")

        for _ in range(2):
            os.kill(children(served, "app.cli web")[0], signal.SIGKILL)
            assert eventually(lambda: len(children(served, "app.cli web")) == 1)
            assert eventually(lambda: len(children(served, "app.cli web")) == 2)
        assert eventually(lambda: answers(f"{served.url}/health/ready")), served.said()
        assert others == children(served, "app.cli work") + children(served, "stripe_sandbox")
        assert "in use" not in served.said()

        everybody = [*others, *children(served, "app.cli web")]
        served.end(signal.SIGKILL)
        assert eventually(lambda: all(is_gone(pid) for pid in everybody))
        assert not answers(f"{served.url}/health/live")


@pytest.mark.fault
def test_a_web_process_that_cannot_start_never_ends_the_jobs(
    tmp_path: Path, database_url: str
) -> None:
    broken = tmp_path / "broken"
    (broken / "uvicorn").mkdir(parents=True)
    (broken / "uvicorn" / "__init__.py").write_text("raise ImportError('of no use')")
    store = Served(tmp_path, database_url=database_url, PYTHONPATH=str(broken))

    with running(store) as served:
        assert eventually(lambda: "worker.started" in served.said()), served.said()
        worker = children(served, "app.cli work")
        waits = [f"child=web 1 status=1 restart_in_seconds={n}" for n in (1, 2, 4)]
        assert eventually(lambda: all(line in served.said() for line in waits)), served.said()
        assert children(served, "app.cli work") == worker

        # At once: a process that starts just now may write its bytecode there.
        (broken / "uvicorn").rename(tmp_path / "gone")
        assert eventually(lambda: answers(f"{served.url}/health/ready")), served.said()
        assert children(served, "app.cli work") == worker


@pytest.mark.once
def test_restart_pauses_grow_until_a_process_runs_steadily() -> None:
    child = Child("web 1", ["web"])
    assert [child.record_end(0) for _ in range(9)] == [1, 2, 4, 8, 15, 30, 60, 60, 60]

    assert child.record_end(STEADY_SECONDS) == 1


def test_json_logs_hold_nothing_else(tmp_path: Path, database_url: str) -> None:
    store = Served(tmp_path, database_url=database_url, REELRIGHT_LOG_FORMAT="json")
    with running(store) as served:
        # Warnings of Python and a killed worker are among what is written.
        assert eventually(lambda: "worker.started" in served.said()), served.said()
        assert eventually(lambda: answers(f"{served.url}/health/ready")), served.said()
        os.kill(children(served, "app.cli work")[0], signal.SIGKILL)
        assert eventually(lambda: served.said().count("worker.started") == 2), served.said()
        served.end(signal.SIGTERM)

    told = [json.loads(line) for line in served.said().splitlines()]
    events = {line["event"] for line in told}
    assert {"store.started", "worker.started", "process.ended", "request.answered"} <= events


@pytest.mark.once
@pytest.mark.parametrize(
    "program",
    [
        "import warnings; warnings.warn('a warning')",
        "raise ValueError('uncaught')",
        "import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        "import logging; logging.getLogger('x').info('%d', 'no number'); logging.info('after')",
        "import logging; logging.getLogger('dbos').error('of the engine')",
        "import dbos._logger as d; d.init_logger(); d.dbos_logger.error('of the engine')",
        "import logging; logging.warning('two\\nlines', stack_info=True)",
    ],
)
def test_what_python_itself_would_print_is_json_too(program: str) -> None:
    begin = "from app.core.logging import configure; configure('json')\n"
    told = subprocess.run(
        [sys.executable, "-W", "always", "-c", begin + program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr, told
    assert all(json.loads(line)["event"] for line in told.stderr.splitlines())


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
