"""Run the store's processes together: the web workers, the worker for jobs, and the sandbox.

Each is a process of its own, so that one can be killed and restarted without the others. A process
that dies is started again; when this one ends, however it ends, the others end too.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.core.config import Settings

PARENT = "REELRIGHT_PARENT_PROCESS"
GRACE_SECONDS = 8
RESTART_SECONDS = 1.0


@dataclass
class Child:
    """One process to keep running."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)


class PortTakenError(Exception):
    """Another program listens where we would."""


def refuse_taken_port(host: str, port: int, *, setting: str) -> None:
    """Raise ``PortTakenError`` with advice, rather than let a child fail with a traceback."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"{host}:{port} is not free ({error.strerror}); choose another with {setting}"
            raise PortTakenError(message) from error


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int,
    prepare: bool,
    on_started: Callable[[], None],
) -> int:
    """Run everything until interrupted; return an exit status.

    The web process comes first, and the others when it listens: with ``prepare`` it migrates and
    seeds the database that they need.

    Raises:
        PortTakenError: the store's or the sandbox's port is in use.
    """
    refuse_taken_port(host, port, setting="PORT")
    web = ["web", "--host", host, "--port", str(port), "--workers", str(workers)]
    children = [Child("web", [*web, "--prepare"] if prepare else web)]
    if settings.sandbox_enabled:
        refuse_taken_port(
            settings.sandbox_host, settings.sandbox_port, setting="REELRIGHT_SANDBOX_PORT"
        )
        webhook = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/webhooks/stripe"  # noqa: S104 - only compared
        children.append(Child("sandbox", ["sandbox", "--webhook-url", webhook]))
    children.append(Child("worker", ["work"]))
    return _supervise(children, host=host, port=port, on_started=on_started)


def end_with_parent() -> None:
    """End this process when the one that started it is gone, even if that one was killed."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _supervise(
    children: list[Child], *, host: str, port: int, on_started: Callable[[], None]
) -> int:
    stopping = threading.Event()

    def stop(*_: Any) -> None:  # noqa: ANN401 - the signal module's own shape
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    _start(children[0])
    listening = False
    try:
        while not stopping.wait(0.05):
            if not listening and _listens(host, port):
                listening = True
                for child in children[1:]:
                    _start(child)
                on_started()
            for child in children:
                if child.process is None or child.process.poll() is None:
                    continue
                print(f"{child.name} ended with status {child.process.returncode}", file=sys.stderr)
                if not listening or _fails_too_often(child):
                    print(f"{child.name} does not stay up; stopping", file=sys.stderr)
                    return 1
                time.sleep(RESTART_SECONDS)
                _start(child)
    finally:
        _stop_all(children)
    return 0


def _start(child: Child) -> None:
    child.starts.append(time.monotonic())
    child.process = subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, "-m", "app.cli", *child.arguments],
        env=os.environ | {PARENT: str(os.getpid())},
        # Its own group: Ctrl-C reaches this process, which then stops the others in order.
        start_new_session=True,
    )


def _fails_too_often(child: Child) -> bool:
    recent = [at for at in child.starts if time.monotonic() - at < 20]  # noqa: PLR2004 - seconds
    return len(recent) >= 4  # noqa: PLR2004 - starts


def _stop_all(children: list[Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
