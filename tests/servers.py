"""An application served in a thread of the test, gone the moment the test is done with it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

TICK_SECONDS = 0.005


class _PromptServer(uvicorn.Server):
    """Ends at once. Uvicorn looks ten times a second whether it should, and then waits a tenth
    for whoever is connected: with a server for each test that comes to half a minute.
    """

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:  # noqa: ASYNC110 - what another thread sets has no event
            await asyncio.sleep(TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or ():
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self.lifespan.shutdown()


def open_socket() -> socket.socket:
    """Return a socket on a free port; connections wait in it until it is served."""
    return socket.create_server(("127.0.0.1", 0))


def get_port(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


@contextmanager
def run_server(app: Starlette, listening: socket.socket) -> Iterator[None]:
    """Answer what comes to a socket until the block ends; then the socket is closed."""
    server = _PromptServer(
        uvicorn.Config(app, log_level="error", access_log=False, lifespan="on", ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the application did not start"
            thread.join(TICK_SECONDS)
        yield
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
