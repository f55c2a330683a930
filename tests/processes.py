"""A real store in real processes: web, worker and sandbox, each of which can be killed alone."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
START_SECONDS = 240  # starting takes a minute where many share the machine


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Store:
    """A store in a folder of its own. ``start`` what the test needs; ``stop`` ends all of it."""

    folder: Path
    database_url: str
    extra: dict[str, str] = field(default_factory=dict)
    settle_seconds: float = 8.0
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "REELRIGHT" not in name}
        return kept | {
            "REELRIGHT_ENVIRONMENT": "test",
            # All its buyers come from one address.
            "REELRIGHT_ORDERS_PER_HOUR": "100000",
            "REELRIGHT_API_REQUESTS_PER_MINUTE": "1000000",
            "REELRIGHT_BASE_URL": self.url,
            "REELRIGHT_DATABASE_URL": self.database_url,
            "REELRIGHT_JOBS_DATABASE_URL": f"sqlite:///{self.folder / 'jobs.db'}",
            "REELRIGHT_FILES_URL": str(self.folder / "files"),
            "REELRIGHT_SPOOL_FOLDER": str(self.folder / "spool"),
            "REELRIGHT_SANDBOX_PORT": str(self.sandbox_port),
            "REELRIGHT_SANDBOX_DATABASE": str(self.folder / "sandbox.db"),
            **self.extra,
        }

    def start(self, *names: str) -> None:
        """Start ``web``, ``work`` and ``sandbox``, or those named, and wait until they answer."""
        commands = {
            "sandbox": [
                *("sandbox", "--webhook-url", f"{self.url}/webhooks/stripe"),
                *("--settle-seconds", str(self.settle_seconds)),
            ],
            "web": ["web", "--port", str(self.port)],
            "work": ["work"],
        }
        chosen = names or tuple(commands)
        try:
            self._start(chosen, commands)
        except BaseException:
            self.stop()
            raise

    def _start(self, chosen: tuple[str, ...], commands: dict[str, list[str]]) -> None:
        for name in chosen:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "app.cli", *commands[name]],
                    cwd=ROOT,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        if "web" in chosen:
            self._wait("web", f"{self.url}/health/ready")
        if "sandbox" in chosen:
            self._wait("sandbox", f"{self.sandbox_url}/")

    def kill(self, name: str) -> None:
        """End a process as a crash would: without a word."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _wait(self, name: str, url: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            try:
                urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own
            except OSError:
                time.sleep(0.05)
            else:
                return
        msg = f"{name} did not start:\n{self.log(name)[-3000:]}"
        raise RuntimeError(msg)
