"""Which methods an address takes, and which answers pages of other origins may read."""

from fastapi import FastAPI
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.core.public_reads import PUBLIC_READ

# HEAD is answered as GET (see ``RequestMiddleware``), and OPTIONS where other origins may read.
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
PREFLIGHT_SECONDS = 86_400
# What a page may send beside the headers that every page may send. None of them carries a secret.
REQUEST_HEADERS = ("Content-Type", "If-Modified-Since", "If-None-Match", "X-Request-ID")
# What a page may read beside the headers that every page may read.
RESPONSE_HEADERS = (
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Next-Since",
    "X-Request-ID",
)
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
# The same for every client, so that a shared cache may hand an answer to pages of any origin.
READ_HEADERS = (
    ANY_ORIGIN,
    (b"access-control-expose-headers", ", ".join(RESPONSE_HEADERS).encode()),
)


def allowed_methods(scope: Scope) -> list[str]:
    """Return every method that the address of a request takes; none if there is no such address."""
    app: FastAPI = scope["app"]
    found = {method for method in METHODS if _accepts(app, scope, method)}
    if "GET" in found:
        found.add("HEAD")
    read = scope.get(PUBLIC_READ)
    if found and read is not None and read.is_open:
        found.add("OPTIONS")
    return sorted(found)


def _accepts(app: FastAPI, scope: Scope, method: str) -> bool:
    # Where files are mounted, the framework has taken their folder off the path by now.
    root = scope.get("app_root_path", scope.get("root_path", ""))
    asked = {**scope, "method": method, "root_path": root}
    for route in app.router.routes:
        match, matched = route.matches(asked)
        if match is Match.FULL:
            return method == "GET" or not isinstance(matched.get("endpoint"), StaticFiles)
    return False


def options_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the answer to OPTIONS: what the address takes, and what other origins may send."""
    methods = ", ".join(allowed_methods(scope)).encode()
    return [
        (b"allow", methods),
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", ", ".join(REQUEST_HEADERS).encode()),
        (b"access-control-max-age", b"%d" % PREFLIGHT_SECONDS),
    ]
