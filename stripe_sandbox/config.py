"""What differs between two sandboxes, and what no sandbox may be asked to do."""

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
    """The sandbox will not start like this; the message says what to change."""


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """How one sandbox behaves.

    Raises:
        SandboxRefusedError: asked to take a live key, or to speak to anything that is not on this
            machine.
    """

    database: Path
    public_url: str
    webhook_url: str | None = None
    webhook_secret: str = DEFAULT_WEBHOOK_SECRET
    webhook_events: frozenset[str] = frozenset({"*"})
    """Which types of event are sent there: as ``enabled_events`` of an endpoint of Stripe's."""
    secret_key: str = DEFAULT_KEY
    settle_seconds: float = 8.0
    """How long a bank debit, or a refund of the slow kind, stays on its way."""
    retry_seconds: tuple[float, ...] = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
    """The pauses between attempts to deliver an event; after the last it is given up."""
    delivery_timeout: float = 10.0
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not self.secret_key.startswith("sk_test_"):
            _refuse("the sandbox takes a test key only, one that begins with sk_test_")
        if not is_local_url(self.public_url):
            _refuse("the sandbox is for this machine only: its public URL must be http://127.0.0.1")
        if self.webhook_url is not None and not is_local_url(self.webhook_url):
            _refuse("the webhook URL must be an http(s) address on this machine")
        if not self.webhook_secret.startswith("whsec_"):
            _refuse("the webhook secret must begin with whsec_, as Stripe's do")

    def url(self, path: str) -> str:
        """Return the absolute address of ``path``, which begins with a slash."""
        return self.public_url.rstrip("/") + path


def _refuse(message: str) -> None:
    raise SandboxRefusedError(message)


def is_http_url(url: str) -> bool:
    """Return whether ``url`` is an absolute http or https address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_local_url(url: str) -> bool:
    """Return whether ``url`` is an http(s) address that never leaves this machine."""
    return is_http_url(url) and is_local_host(urlsplit(url).hostname or "")


def is_local_host(host: str) -> bool:
    """Return whether ``host`` is a name or address of this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
