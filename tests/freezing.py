"""A TCP proxy in front of PostgreSQL that can freeze: it accepts everything and answers nothing.

It runs as a process of its own, which is stopped by SIGSTOP. To a client that looks like a stopped
server: its machine confirms what is sent and takes connections, and nobody ever answers.
"""

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

from sqlalchemy.engine import make_url

ROOT = Path(__file__).parent.parent


class FreezingProxy:
    """Passes bytes on between 127.0.0.1 and a server's socket file, until it is frozen."""

    def __init__(self, url: str) -> None:
        target = make_url(url)
        self._path = str(Path(str(target.query["host"])) / ".s.PGSQL.5432")
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=500)
        port = self._listener.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/{target.database}"
        self._process: subprocess.Popen[bytes] | None = None

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def __enter__(self) -> Self:
        number = self._listener.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.freezing", str(number), self._path],
            cwd=ROOT,
            pass_fds=(number,),
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        with self._process.stdout as said:
            assert said.readline()  # it listens
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


async def _pass_on(number: int, path: str) -> None:
    async def answer(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        server, forth = await asyncio.open_unix_connection(path)
        await asyncio.gather(_copy(client, forth), _copy(server, back))

    listener = socket.socket(fileno=number)
    server = await asyncio.start_server(answer, sock=listener)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()


if __name__ == "__main__":
    asyncio.run(_pass_on(int(sys.argv[1]), sys.argv[2]))
