"""Run the store's processes: the web processes, the worker, and the sandbox.

The supervisor owns the socket that the web processes listen on. Each process is its direct child,
which it restarts when it ends. Production can use systemd instead (docs/decisions/0025).
"""

import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field

from app.core.config import Settings
from app.core.startup import CHECKED, REFUSED

log = logging.getLogger(__name__)

# File descriptor of the socket that a web process listens on. systemd passes it as 3.
LISTEN_FD = "REELRIGHT_LISTEN_FD"
# Set in a child. Its standard input is a pipe that closes when the supervisor ends.
SUPERVISED = "REELRIGHT_SUPERVISED"
GRACE_SECONDS = 8
BACKLOG = 2048
# Pauses before a restart, after one, two, ... short runs in a row.
RESTART_SECONDS = (1, 2, 4, 8, 15, 30, 60)
STEADY_SECONDS = 60


class PortInUseError(Exception):
    """Another program listens on the port."""


@dataclass
class Child:
    """A process to keep running."""

    name: str
    arguments: Sequence[str]
    is_web: bool = False
    # Start it only after a web process has prepared the database and serves.
    needs_web: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    short_runs: int = 0
    next_start: float = 0.0

    def record_end(self, now: float) -> int:
        """Record that the process ended. Return in how many seconds it restarts."""
        if now - self.started_at >= STEADY_SECONDS:
            self.short_runs = 0
        pause = RESTART_SECONDS[min(self.short_runs, len(RESTART_SECONDS) - 1)]
        self.short_runs += 1
        self.process = None
        self.next_start = now + pause
        return pause


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int,
    prepare: bool,
    on_started: Callable[[], None],
) -> int:
    """Run all processes until interrupted. Return an exit status.

    With ``prepare`` the first web process migrates and seeds the database; the others wait for it.

    Raises:
        PortInUseError: the port of the store or of the sandbox is in use.
    """
    with closing(open_socket(host, port, setting="PORT")) as listening:
        children = _web_children(workers, prepare=prepare)
        if settings.sandbox_enabled:
            sandbox = settings.sandbox_host, settings.sandbox_port
            open_socket(*sandbox, setting="REELRIGHT_SANDBOX_PORT").close()
            webhook_url = f"http://{_reachable(host)}:{port}/webhooks/stripe"
            arguments = ["sandbox", "--webhook-url", webhook_url]
            children.append(Child("sandbox", arguments, needs_web=prepare))
            if settings.campus_port:
                children.append(Child("campus", ["campus"], needs_web=prepare))
        children.append(Child("worker", ["work"], needs_web=prepare))
        return _Supervisor(children, listening, on_started).run()


def serve_web(*, host: str, port: int, workers: int, prepare: bool) -> int:
    """Run several web processes until interrupted. Return an exit status.

    Raises:
        PortInUseError: the port is in use.
    """
    with closing(open_socket(host, port, setting="--port")) as listening:
        children = _web_children(workers, prepare=prepare)
        return _Supervisor(children, listening, lambda: None).run()


def open_socket(host: str, port: int, *, setting: str) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortInUseError: the port is in use; the message says which ``setting`` to change.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        message = f"{host}:{port} is not free ({error.strerror}). Choose another with {setting}."
        raise PortInUseError(message) from error
    return listening


def run_web(settings: Settings, *, host: str, port: int) -> int:
    """Serve requests in this process until stopped. Return an exit status.

    Raises:
        PortInUseError: the port is in use.
    """
    import uvicorn  # noqa: PLC0415 - the supervisor itself needs no web server

    inherited = os.environ.get(LISTEN_FD)
    if inherited:
        listening = socket.socket(fileno=int(inherited))
    else:
        listening = open_socket(host, port, setting="--port")
    config = uvicorn.Config(
        "app.asgi:from_environment",
        factory=True,
        ws="none",  # no WebSocket: loading it takes a moment
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    return 0 if server.started else 1


def is_supervised() -> bool:
    """Return whether a supervisor runs this process."""
    return SUPERVISED in os.environ


def exit_with_parent() -> None:
    """End this process when its supervisor ends, even if that is killed."""
    if not is_supervised():
        return

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # returns when the supervisor's end is closed
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _web_children(workers: int, *, prepare: bool) -> list[Child]:
    first = Child("web 1", ["web", "--prepare"] if prepare else ["web"], is_web=True)
    others = [
        Child(f"web {number}", ["web"], is_web=True, needs_web=True)
        for number in range(2, workers + 1)
    ]
    return [first, *others]


def _reachable(host: str) -> str:
    """Return the address at which this machine reaches a socket that is bound to ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared


@dataclass
class _Supervisor:
    """Starts the children, and restarts each that ends."""

    children: list[Child]
    listening: socket.socket
    on_started: Callable[[], None]
    serving: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    status: int = 0

    def run(self) -> int:
        signal.signal(signal.SIGINT, lambda *_: self.stopping.set())
        signal.signal(signal.SIGTERM, lambda *_: self.stopping.set())
        threading.Thread(target=self._wait_for_web, name="wait-for-web", daemon=True).start()
        try:
            while not self.stopping.wait(0.05):
                for child in self.children:
                    self._check(child, time.monotonic())
        finally:
            self._stop_all()
        return self.status

    def _wait_for_web(self) -> None:
        """Wait until a web process answers. The socket is open before, so a request waits too."""
        host, port, *_ = self.listening.getsockname()
        while not self.stopping.is_set():
            connection = http.client.HTTPConnection(_reachable(host), port)
            with suppress(OSError, http.client.HTTPException), closing(connection):
                connection.request("GET", "/health/live")
                connection.getresponse()
                self.serving.set()
                self.on_started()
                return

    def _check(self, child: Child, now: float) -> None:
        """Start a child that is due, or record that it ended."""
        if child.process is None:
            if now >= child.next_start and (not child.needs_web or self.serving.is_set()):
                self._start(child, now)
            return
        status = child.process.poll()
        if status is None:
            return
        if status == REFUSED and not self.serving.is_set():
            self.status = REFUSED  # the child has reported why
            self.stopping.set()
            return
        facts = {"child": child.name, "status": status, "restart_in_seconds": child.record_end(now)}
        log.warning("process.ended", extra=facts)

    def _start(self, child: Child, now: float) -> None:
        environment = os.environ | {SUPERVISED: "1"}
        if self.serving.is_set():
            environment[CHECKED] = "1"  # the process that serves has passed the startup checks
        if child.is_web:
            environment[LISTEN_FD] = str(self.listening.fileno())
        child.started_at = now
        child.process = subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, "-m", "app.cli", *child.arguments],
            env=environment,
            stdin=subprocess.PIPE,
            pass_fds=[self.listening.fileno()] if child.is_web else [],
            # Its own group: Ctrl-C reaches only the supervisor, which stops the others in order.
            start_new_session=True,
        )

    def _stop_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
