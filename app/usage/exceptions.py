"""Exceptions in COUNTER's own format: a code and a message that the standard fixes."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

MESSAGES = {
    1020: "Client has made too many requests",
    1030: "Insufficient Information to Process Request",
    2000: "Requestor Not Authorized to Access Service",
    2010: "Requestor is Not Authorized to Access Usage for Institution",
    2020: "APIKey Invalid",
    3020: "Invalid Date Arguments",
    3030: "No Usage Available for Requested Dates",
    3031: "Usage Not Ready for Requested Dates",
    3032: "Usage No Longer Available for Requested Dates",
    3050: "Parameter Not Recognized in this Context",
    3060: "Invalid ReportFilter Value",
    3062: "Invalid ReportAttribute Value",
    3063: "Components Not Supported",
}
STATUSES = {
    1020: HTTPStatus.TOO_MANY_REQUESTS,
    1030: HTTPStatus.BAD_REQUEST,
    2000: HTTPStatus.UNAUTHORIZED,
    2010: HTTPStatus.FORBIDDEN,
    2020: HTTPStatus.UNAUTHORIZED,
    3020: HTTPStatus.BAD_REQUEST,
}


@dataclass(frozen=True, slots=True)
class CounterNote:
    """An exception of COUNTER: an error of its own, or a note in a report's header."""

    code: int
    data: str = ""

    @property
    def message(self) -> str:
        """Return the message that the standard fixes."""
        return MESSAGES[self.code]

    def to_json(self) -> dict[str, object]:
        """Return it as COUNTER writes it."""
        found: dict[str, object] = {"Code": self.code, "Message": self.message}
        return {**found, "Data": self.data} if self.data else found


class CounterError(Exception):
    """A request that gets an exception instead of a report."""

    def __init__(
        self, code: int, data: str = "", *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(MESSAGES[code])
        self.note = CounterNote(code, data)
        self.status = STATUSES[code]
        self.headers = dict(headers or {})
