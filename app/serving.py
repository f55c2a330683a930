"""Run the store's processes together: the web workers, the worker for jobs, and the sandbox.

Each is a process of its own and a direct child of this one, so that any can be killed and is
started again without the others. This process holds the socket that the web workers listen on; when
it ends, however it ends, the others end too.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from app.core.config import Settings
from app.core.startup import CHECKED, REFUSED

log = logging.getLogger(__name__)

# File descriptors that a child gets: the socket to listen on, and a pipe to say that it serves now.
LISTEN_FD = "REELRIGHT_LISTEN_FD"
STARTED_FD = "REELRIGHT_STARTED_FD"
# Set in a child. Its standard input is a pipe that closes when the supervisor ends.
SUPERVISED = "REELRIGHT_SUPERVISED"
GRACE_SECONDS = 8
BACKLOG = 2048
# How long to wait before a process starts again, after its first, second, ... failure to start.
RESTART_SECONDS = (1, 2, 4, 8, 15, 30, 60)
# A process that does not say that it started has, if it lived so long.
STEADY_SECONDS = 10


class PortTakenError(Exception):
    """Another program listens where we would."""


@dataclass
class Child:
    """One process to keep running."""

    name: str
    arguments: Sequence[str]
    # Started only when a web process serves: it has prepared the database.
    waits: bool = False
    listens: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_pipe: int | None = None
    launched_at: float = 0.0
    has_started: bool = False
    failures: int = 0
    next_launch: float = 0.0

    def is_due(self, now: float) -> bool:
        """Return whether the process is to be started now."""
        return self.process is None and not self.waits and now >= self.next_launch

    def note_end(self, now: float) -> int:
        """Note that the process ended; return in how many seconds it starts again."""
        if self.has_started or (not self.listens and now - self.launched_at >= STEADY_SECONDS):
            self.failures = 0
        wait = RESTART_SECONDS[min(self.failures, len(RESTART_SECONDS) - 1)]
        self.failures += 1
        self.process = None
        self.next_launch = now + wait
        return wait


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

    With ``prepare`` the first web process migrates and seeds the database, and the others start
    when it serves.

    Raises:
        PortTakenError: the store's or the sandbox's port is in use.
    """
    with closing(listen(host, port, setting="PORT")) as listening:
        children = _web_children(host, port, workers, prepare=prepare)
        if settings.sandbox_enabled:
            listen(
                settings.sandbox_host, settings.sandbox_port, setting="REELRIGHT_SANDBOX_PORT"
            ).close()
            webhook = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/webhooks/stripe"  # noqa: S104 - only compared
            children.append(Child("sandbox", ["sandbox", "--webhook-url", webhook], waits=prepare))
        children.append(Child("worker", ["work"], waits=prepare))
        return _Supervisor(children, listening, on_started).run()


def serve_web(*, host: str, port: int, workers: int, prepare: bool) -> int:
    """Run several web processes until interrupted; return an exit status.

    Raises:
        PortTakenError: the port is in use.
    """
    with closing(listen(host, port, setting="--port")) as listening:
        children = _web_children(host, port, workers, prepare=prepare)
        return _Supervisor(children, listening, lambda: None).run()


def listen(host: str, port: int, *, setting: str) -> socket.socket:
    """Return a socket that listens.

    Raises:
        PortTakenError: with advice which ``setting`` to change.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        message = f"{host}:{port} is not free ({error.strerror}); choose another with {setting}"
        raise PortTakenError(message) from error
    return listening


def run_web(settings: Settings, *, host: str, port: int) -> int:
    """Answer requests in this process until told to end; return an exit status.

    Raises:
        PortTakenError: the port is in use.
    """
    import uvicorn  # noqa: PLC0415 - the supervisor itself needs no web server

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _tell_started()

    inherited = os.environ.get(LISTEN_FD)
    listening = (
        socket.socket(fileno=int(inherited)) if inherited else listen(host, port, setting="--port")
    )
    config = uvicorn.Config(
        "app.asgi:from_environment",
        factory=True,
        ws="none",  # nothing here speaks WebSocket, and loading it takes a moment
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    server.run(sockets=[listening])
    return 0 if server.started else 1


def _tell_started() -> None:
    """Tell the supervisor that this process serves now."""
    number = os.environ.pop(STARTED_FD, None)
    if number:
        os.write(int(number), b"1")
        os.close(int(number))


def is_supervised() -> bool:
    """Return whether a supervisor runs this process."""
    return SUPERVISED in os.environ


def end_with_parent() -> None:
    """End this process when the supervisor is gone, even if that one was killed."""
    if not is_supervised():
        return

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # returns when the other end is closed
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _web_children(host: str, port: int, workers: int, *, prepare: bool) -> list[Child]:
    arguments = ["web", "--host", host, "--port", str(port)]
    first = Child("web 1", [*arguments, "--prepare"] if prepare else arguments, listens=True)
    others = [
        Child(f"web {number}", arguments, waits=True, listens=True)
        for number in range(2, workers + 1)
    ]
    return [first, *others]


@dataclass
class _Supervisor:
    """Starts the children, and restarts each that ends."""

    children: list[Child]
    listening: socket.socket
    on_started: Callable[[], None]
    is_serving: bool = False
    is_refused: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        # Nothing is ever written to it. Its other end is here alone: it closes with this process.
        parent_pipe, kept_open = os.pipe()
        try:
            while not self.is_refused and not self.stopping.wait(0.05):
                now = time.monotonic()
                for child in self.children:
                    if child.process is not None:
                        self._look_at(child, child.process, now)
                    elif child.is_due(now):
                        self._launch(child, parent_pipe, now)
        finally:
            self._stop_all()
            os.close(parent_pipe)
            os.close(kept_open)
        return REFUSED if self.is_refused else 0

    def _stop(self, *_: object) -> None:
        self.stopping.set()

    def _launch(self, child: Child, parent_pipe: int, now: float) -> None:
        given: dict[str, int] = {}
        if child.listens:
            given[LISTEN_FD] = self.listening.fileno()
            child.started_pipe, given[STARTED_FD] = os.pipe()
            os.set_blocking(child.started_pipe, False)
        # Where one process has proved what all of them need, those that come later need not.
        flags = {SUPERVISED: "1"} | ({CHECKED: "1"} if self.is_serving else {})
        child.launched_at, child.has_started = now, False
        child.process = subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, "-m", "app.cli", *child.arguments],
            env=os.environ | flags | {name: str(number) for name, number in given.items()},
            stdin=parent_pipe,
            pass_fds=list(given.values()),
            # Its own group: Ctrl-C reaches this process, which then stops the others in order.
            start_new_session=True,
        )
        if child.listens:
            os.close(given[STARTED_FD])

    def _look_at(self, child: Child, process: subprocess.Popen[bytes], now: float) -> None:
        """Notice that a child serves, or that it ended."""
        status = process.poll()
        if child.started_pipe is not None and _was_written(child.started_pipe):
            child.has_started = True
            if not self.is_serving:
                self._begin_serving()
        if child.started_pipe is not None and (child.has_started or status is not None):
            os.close(child.started_pipe)
            child.started_pipe = None
        if status is None:
            return
        if status == REFUSED and not self.is_serving:
            self.is_refused = True  # it has said why
            return
        wait = child.note_end(now)
        told = {"child": child.name, "status": status, "starts_again_in_seconds": wait}
        log.warning("process.ended", extra=told)

    def _begin_serving(self) -> None:
        self.is_serving = True
        for child in self.children:
            child.waits = False
        self.on_started()

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


def _was_written(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) == b"1"
    except BlockingIOError:
        return False
