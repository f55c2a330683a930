"""The two servers under load, each a process of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 120
# A worker waits for its requests to end first.
STOP_SECONDS = 60
# Of every half second a worker at rest is busy for no more: it looks for garbage.
IDLE_SECONDS = 0.06


@dataclass(frozen=True)
class RunningServer:
    """A server that answers."""

    url: str
    process: subprocess.Popen[bytes]
    cold_start_seconds: float

    @property
    def memory_mb(self) -> float:
        """Resident memory now, in MB (of 10^6 bytes); 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0.0
        line = next(n for n in status.read_text().splitlines() if n.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6

    @property
    def busy_seconds(self) -> float:
        """How long it has been at work: less than the clock says on a busy machine."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serve(factory: str, *, path: str, environment: Mapping[str, str]) -> Iterator[RunningServer]:
    """Serve an application factory with one uvicorn process until the block ends.

    ``path`` is asked until it answers: that time is the cold start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "uvicorn", factory, "--factory", "--port", str(port),
            "--no-access-log", "--log-level", "warning", "--ws", "none",
        ],
        env=_environment(environment),
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url + path):
            if process.poll() is not None or time.perf_counter() - started > START_SECONDS:
                msg = f"{factory} did not start"
                raise RuntimeError(msg)
            time.sleep(0.01)
        yield RunningServer(url, process, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def settle(running: RunningServer) -> None:
    """Wait until it rests: after its start it goes on reading for searches to come."""
    before = -1.0
    while running.busy_seconds - before > IDLE_SECONDS:
        before = running.busy_seconds
        time.sleep(0.5)


def fetch(url: str) -> tuple[str, str]:
    """Return the media type and the text of an address."""
    with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:  # noqa: S310 - our own
        return answer.headers["content-type"], answer.read().decode()


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a server: it keeps its bytecode, as where it is installed.

    All its requests come from one address, so that their number must not be limited.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"REELRIGHT_API_REQUESTS_PER_MINUTE": "1000000000"} | dict(given)


def _answers(url: str) -> bool:
    try:
        fetch(url)
    except urllib.error.HTTPError:
        raise
    except OSError:
        return False
    return True
