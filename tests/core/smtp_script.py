"""A mail server that says what a test wants, at each step of the conversation."""

import socketserver
import threading
from typing import Self

# By the word that a client says, or "connect" before it says any.
ANSWERS = {
    "connect": "220 ready",
    "EHLO": "250-script\r\n250 AUTH PLAIN",
    "AUTH": "235 welcome",
    "MAIL": "250 sender ok",
    "RCPT": "250 recipient ok",
    "DATA": "354 go on",
    ".": "250 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    answers: dict[str, str]
    taken: list[str]


class ScriptedServer:
    """Answers on 127.0.0.1. An empty answer hangs up."""

    def __init__(self, **answers: str) -> None:
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.answers = ANSWERS | {
            "." if k == "message" else k: v for k, v in answers.items()
        }
        self._server.taken = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._server.server_address[1]}"

    @property
    def taken(self) -> int:
        """How many messages it accepted."""
        return len(self._server.taken)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        if not self._say("connect"):
            return
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].upper()
            if not self._say(word):
                return
            if word == "DATA" and self.server.answers[word].startswith("354"):
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                if self.server.answers["."].startswith("250"):
                    self.server.taken.append(line)
                if not self._say("."):
                    return

    def _say(self, word: str) -> bool:
        answer = self.server.answers.get(word, "502 unknown")
        if answer:
            self.wfile.write(f"{answer}\r\n".encode())
        return bool(answer) and word != "QUIT"
