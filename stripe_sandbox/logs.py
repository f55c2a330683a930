"""Log lines: an event name and its facts, as text or as JSON."""

import json
import logging
from typing import Literal, TypeAlias

LogFormat: TypeAlias = Literal["text", "json"]
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Formatter(logging.Formatter):
    """Adds what the caller passed as ``extra`` to each line."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return one record as one line; a traceback follows in text and is a field in JSON."""
        facts = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if not self._as_json:
            record.msg = " ".join(
                [record.getMessage(), *(f"{name}={value!r}" for name, value in facts.items())]
            )
            record.args = None
            return super().format(record)
        entry = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **facts,
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def configure_logging(log_format: LogFormat) -> None:
    """Send all log lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(as_json=log_format == "json"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
