"""Structured logs: an event name and its facts, one line each, with the request's id."""

import json
import logging
import sys
from functools import lru_cache
from typing import Any, Literal

from app.core.requests import request_id

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
        return json.dumps(entry, default=str, ensure_ascii=False)


class TextFormatter(_Formatter):
    """The same for people: ``12:30:01 INFO order.placed order=RR-… [request id]``."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        told = " ".join(f"{name}={_on_one_line(value)}" for name, value in facts(record).items())
        line = (
            f"{self.time_of(record, '%H:%M:%S')} {record.levelname:7} "
            f"{record.getMessage()} {told} [{request_id()}]"
        )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _on_one_line(value: object) -> str:
    """Return ``value`` as text that cannot pass for a log line of its own: paths are callers'."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def configure(style: Literal["text", "json"], *, level: int = logging.INFO) -> None:
    """Send all logs to standard error in ``style``. Uvicorn's access log gives way to ours."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    # Each line would carry them, and no format shows them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = name != "uvicorn.access"
    for noisy in ("uvicorn", "stripe", "httpx", "alembic", "dbos", "apscheduler"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
