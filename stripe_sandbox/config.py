"""Configuration of a sandbox, and the limits that keep it on this machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

API_VERSION = "2026-10-28.endive"
DEFAULT_KEY = "sk_test_sandbox"
DEFAULT_WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - signs play money only


class SandboxRefusedError(ValueError):
    """The configuration is not allowed; the message says what to change."""


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Configuration of one sandbox.

    Raises:
        SandboxRefusedError: it has a live key, or an address that is not on this machine.
    """

    database: Path
    public_url: str
    webhook_url: str | None = None
    webhook_secret: str = DEFAULT_WEBHOOK_SECRET
    webhook_events: frozenset[str] = frozenset({"*"})
    """The event types that are sent there, like ``enabled_events`` of an endpoint."""
    secret_key: str = DEFAULT_KEY
    settle_seconds: float = 8.0
    """How long a bank debit or a slow refund stays pending."""
    retry_seconds: tuple[float, ...] = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
    """The pauses between attempts to deliver an event. After the last, the delivery fails."""
    delivery_timeout: float = 10.0
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not self.secret_key.startswith("sk_test_"):
            _refuse("the key must be a test key, which begins with sk_test_")
        if not is_local_url(self.public_url):
            _refuse("the public URL must be on this machine, such as http://127.0.0.1:8010")
        if self.webhook_url is not None and not is_local_url(self.webhook_url):
            _refuse("the webhook URL must be an http(s) address on this machine")
        if not self.webhook_secret.startswith("whsec_"):
            _refuse("the webhook secret must begin with whsec_, as Stripe's do")

    def url(self, path: str) -> str:
        """Return the absolute URL of ``path``, which begins with a slash."""
        return self.public_url.rstrip("/") + path


def _refuse(message: str) -> None:
    raise SandboxRefusedError(message)


def is_http_url(url: str) -> bool:
    """Return whether ``url`` is an absolute http or https URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_local_url(url: str) -> bool:
    """Return whether ``url`` is an http or https URL on this machine."""
    return is_http_url(url) and is_local_host(urlsplit(url).hostname or "")


def is_local_host(host: str) -> bool:
    """Return whether ``host`` is a name or address of this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
