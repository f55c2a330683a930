"""Structured logs: an event name and its facts, one line each, with the request's id."""

import json
import logging
import sys
import threading
import time
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Any, Literal, TextIO

from app.core.request_middleware import request_id

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Whatever the caller meant, a value under such a name never reaches the log.
SECRET_NAMES = ("secret", "password", "token", "authorization", "cookie", "api_key")


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller passed as ``extra``, with anything that looks secret blotted out."""
    return {
        name: "[hidden]" if _is_secret(name) else value
        for name, value in vars(record).items()
        if name not in STANDARD
    }


@lru_cache(maxsize=500)
def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET_NAMES)


class _Formatter(logging.Formatter):
    """Writes the time of many lines of one second once."""

    _second = (0, "")

    def time_of(self, record: logging.LogRecord, form: str) -> str:
        """Return the record's time, to the second."""
        second, told = self._second
        if int(record.created) != second or not told:
            told = self.formatTime(record, form)
            self._second = (int(record.created), told)
        return told


class JsonFormatter(_Formatter):
    """One JSON object a line, for log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        entry: dict[str, Any] = {
            "at": self.time_of(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "request_id": request_id(),
            **facts(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


class TextFormatter(_Formatter):
    """The same for people: ``12:30:01 INFO order.placed order=RR-… [request id]``."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        told = " ".join(f"{name}={_format_value(value)}" for name, value in facts(record).items())
        line = (
            f"{self.time_of(record, '%H:%M:%S')} {record.levelname:7} "
            f"{record.getMessage()} {told} [{request_id()}]"
        )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _format_value(value: object) -> str:
    """Return ``value`` as text that cannot pass for a log line of its own: paths are callers'."""
    text = str(value)
    return text if text.isprintable() else repr(text)


class BufferedHandler(logging.StreamHandler[TextIO]):
    """Writes lines some at a time: to write one takes longer than to answer most requests.

    A line waits ``SECONDS`` at most; a warning, and all before it, is written at once. What is
    written together is short enough that lines of several processes do not mix in a pipe.
    """

    SECONDS = 0.1
    MOST = 3000

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._held: list[str] = []
        self._size = 0
        self._due = threading.Event()
        threading.Thread(target=self._write_soon, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        try:
            line = self.format(record) + self.terminator
            self._held.append(line)
            self._size += len(line)
            if record.levelno >= logging.WARNING or self._size >= self.MOST:
                self.flush()
            elif len(self._held) == 1:
                self._due.set()
        except Exception:  # noqa: BLE001 - as every handler does: a bad log call harms nobody
            self.handleError(record)

    def flush(self) -> None:
        """Write what is held."""
        self.acquire()
        try:
            told, self._held, self._size = "".join(self._held), [], 0
            if told:
                self.stream.write(told)
            self.stream.flush()
        finally:
            self.release()

    def _write_soon(self) -> None:
        while self._due.wait():
            time.sleep(self.SECONDS)
            self._due.clear()
            with suppress(OSError):  # nobody reads them just now; the next lines may be read
                self.flush()


def flush() -> None:
    """Write all that is held, before the process ends."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def configure(
    style: Literal["text", "json"], *, level: int = logging.INFO, together: bool = False
) -> None:
    """Send all logs to standard error in ``style``. Uvicorn's access log gives way to ours.

    Warnings of Python and what ends a process or a thread are log lines too, so that JSON logs
    hold nothing else. ``together``: see ``BufferedHandler``.
    """
    handler = (BufferedHandler if together else logging.StreamHandler)(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    # Each line would carry them, and no format shows them (see the standard library's own advice).
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = name != "uvicorn.access"
    # The job engine writes to a handler of its own unless its logger has one.
    engine = logging.getLogger("dbos")
    engine.handlers = [handler]
    engine.propagate = False
    for noisy in ("uvicorn", "stripe", "httpx", "alembic", "dbos", "apscheduler"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if style == "json":
        _log_everything()


def _log_everything() -> None:
    """Have Python itself log what it would print."""
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a bad log call would be printed

    def log_uncaught(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, SystemExit | KeyboardInterrupt):
            details = (kind, error or kind(), trace)
            logging.getLogger("app").critical("process.uncaught_error", exc_info=details)

    sys.excepthook = log_uncaught
    threading.excepthook = lambda told: log_uncaught(
        told.exc_type, told.exc_value, told.exc_traceback
    )
    sys.unraisablehook = lambda told: log_uncaught(
        told.exc_type, told.exc_value, told.exc_traceback
    )
