"""Which host a request is for: what a visitor writes there must not come back as ours."""

import re
from urllib.parse import urlsplit

from app.core.config import Settings

# A name or an IPv4 address, or an IPv6 address in brackets; perhaps with a port (RFC 3986, 3.2).
_HOST = re.compile(rb"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
# Load balancers ask by a machine's own address.
FOR_ANY_HOST = "/health/"
_SEVERAL_SLASHES = re.compile(rb"[/\\]{2,}")


def known_hosts(settings: Settings) -> frozenset[str] | None:
    """Return the names that the store answers to, without ports; None is any."""
    if settings.environment != "production":
        return None
    named = {settings.base_url.host or "", *settings.allowed_hosts.split(",")}
    return frozenset(name.strip().lower() for name in named if name.strip())


def is_host_refused(host: bytes, path: str, known: frozenset[str] | None) -> bool:
    """Return whether a request must not be answered: for another host, or for none that can be."""
    if not host:
        return False  # HTTP/1.0 names none; the server refuses HTTP/1.1 without it
    if not _HOST.fullmatch(host):
        return True
    if known is None or path.startswith(FOR_ANY_HOST):
        return False
    name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
    return name.rstrip(".") not in known


def own_location(location: bytes, scheme: str, host: bytes) -> bytes:
    """Return where a redirect leads: within the store by its path alone.

    The framework puts what the request named as its host before a path that ends with a slash too
    many. And no path begins with two slashes: a browser takes what follows for a host.
    """
    origin = scheme.encode() + b"://" + host
    rest = location[len(origin) :]
    if host and location.lower().startswith(origin.lower()) and rest[:1] in {b"", b"/", b"?", b"#"}:
        location = rest or b"/"
    if _SEVERAL_SLASHES.match(location):
        location = b"/" + location.lstrip(b"/\\")
    return location
