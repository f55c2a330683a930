"""An eye on everything that a page does: what it asks for, and what it complains about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

INSIDE = "127.0.0.1"
# The browser's own words about an answer of 4xx or 5xx; `seen_response` judges those.
ABOUT_STATUS = "Failed to load resource: the server responded with a status of"
# What is left of a request when its page is left before the answer came.
LEFT_EARLY = "net::ERR_ABORTED"
REFUSED = 400
BROKEN = 500


@dataclass
class Watch:
    """Collects what went wrong: console errors (a breach of the CSP is one), exceptions, failures.

    A page may answer 4xx, as the form does that was filled in badly; nothing within a page may.
    """

    page: Page
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for event, listener in self.listeners():
            self.page.on(event, listener)

    def end(self) -> None:
        """Stop watching: the page goes to another test."""
        for event, listener in self.listeners():
            self.page.remove_listener(event, listener)

    def listeners(self) -> Iterator[tuple[Any, Callable[[Any], None]]]:
        """Return who listens to which of the browser's events."""
        yield "console", self.heard
        yield "pageerror", self.broke
        yield "request", self.asked
        yield "requestfailed", self.failed
        yield "response", self.answered

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(ABOUT_STATUS):
            self.problems.append(f"{self.page.url}: console: {message.text}")

    def broke(self, error: Error) -> None:
        self.problems.append(f"{self.page.url}: {error}")

    def asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob", "about"} and address.hostname != INSIDE:
            self.problems.append(f"{self.page.url} asks for {request.url}")

    def failed(self, request: Request) -> None:
        left_early = request.failure == LEFT_EARLY
        if not (left_early or request.is_navigation_request()):
            self.problems.append(f"{self.page.url}: {request.url}: {request.failure}")

    def answered(self, response: Response) -> None:
        within = not response.request.is_navigation_request()
        if response.status >= (REFUSED if within else BROKEN):
            self.problems.append(f"{self.page.url}: {response.url} answered {response.status}")
