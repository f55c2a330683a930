"""What is true of the request at hand: its id, its limits, the headers on its answer."""

import contextvars
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.app_state import app_state
from app.core.config import Settings
from app.core.methods import READ_HEADERS, options_headers
from app.core.public_reads import PUBLIC_READ, PublicReads
from app.core.text import normalize_query

log = logging.getLogger(__name__)
_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
# Where the frame keeps what is to be told in the answer.
RESPONSE_HEADERS_KEY = "reelright.told"
# In the scope of a request by HEAD, which everything else sees as GET.
IS_HEAD = "reelright.is_head"
RawHeaders = Sequence[tuple[bytes, bytes]]
HSTS = "max-age=31536000"
CACHE_HEADERS = {b"cache-control", b"etag", b"last-modified"}
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# A form that ends at the hosted payment page is redirected there, and browsers hold redirects
# against form-action too; so the payment page's origin is added (see main.py).
CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self' {payment_origin}",
}
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Secret links must not travel to the sites that a page links to.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Where parts can be had, the answer says so itself.
    "Accept-Ranges": "none",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
# A name or an IPv4 address, or an IPv6 address in brackets; perhaps with a port (RFC 3986, 3.2).
_HOST = re.compile(rb"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
# Load balancers ask by a machine's own address.
ANY_HOST_PREFIX = "/health/"
# What stands behind these in a path opens something: it is not logged.
SECRET_PATHS = ("/media/", "/downloads/")
_SEVERAL_SLASHES = re.compile(rb"[/\\]{2,}")
OWN = b"rr_"
PREFIX = b"__Host-"
PATH = re.compile(rb"; path=[^;]*", re.IGNORECASE)


def request_id() -> str:
    """Return the id of the request being answered, or ``-`` outside any."""
    return _request_id.get()


def settings_of(request: Request) -> Settings:
    """Return the settings that the application was made with."""
    settings: Settings = app_state(request).settings
    return settings


SettingsDep = Annotated[Settings, Depends(settings_of)]


def set_response_header(request: Request, name: str, text: str) -> None:
    """Have the answer carry a header, whatever it turns out to be: an error too.

    The last word counts. ``name`` is in lower case.
    """
    told: dict[bytes, bytes] = request.scope.get(RESPONSE_HEADERS_KEY, {})
    told[name.encode()] = text.encode()


def is_head(request: Request) -> bool:
    """Return whether only the headers of the answer are asked for."""
    return IS_HEAD in request.scope


def answer_with(
    request: Request, make: Callable[[], bytes], *, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Return what ``make`` gives as the answer; nothing is made if only headers are asked for."""
    if is_head(request):
        return StreamingResponse((), media_type=media_type, headers=headers)
    return Response(make(), media_type=media_type, headers=dict(headers))


def without_secret(path: str) -> str:
    """Return a path as logs have it.

    >>> without_secret("/media/17.play.mac/package/360p.mp4"), without_secret("/films/media")
    ('/media/…/package/360p.mp4', '/films/media')
    """
    if not path.startswith(SECRET_PATHS):
        return path
    _, first, _secret, *rest = path.split("/")
    return "/".join(["", first, "…", *rest])


class RequestMiddleware:
    """The outermost layer: an id, one log line, a body limit and security headers.

    Written as plain ASGI, because Starlette's ``BaseHTTPMiddleware`` copies bodies and breaks
    context variables.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        upload_limits: Mapping[re.Pattern[str], int],
        public_reads: PublicReads,
        payment_origin: str,
        https: bool,
        hsts: str = HSTS,
        hosts: frozenset[str] | None = None,
    ) -> None:
        self._app = app
        self._https = https
        # The names that are answered to; None is any.
        self._hosts = hosts
        self._max_body_bytes = max_body_bytes
        # The most bytes of a POST to the addresses that take files.
        self._upload_limits = upload_limits
        self._public_reads = public_reads
        headers = dict(SECURITY_HEADERS)
        policy = "; ".join(
            f"{directive} {sources}" for directive, sources in CONTENT_SECURITY_POLICY.items()
        )
        headers["Content-Security-Policy"] = policy.format(payment_origin=payment_origin)
        if https:
            headers["Strict-Transport-Security"] = hsts
        # As the server takes them, made once: this is on the path of every answer.
        self._headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        self._open_headers = [*self._headers, *READ_HEADERS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Frame one HTTP exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given_id = headers.get(b"x-request-id", b"").decode("latin-1")
        identifier = given_id if ACCEPTABLE_ID.fullmatch(given_id) else secrets.token_hex(8)
        token = _request_id.set(identifier)
        started = time.perf_counter()
        told: dict[bytes, bytes] = {}
        scope[RESPONSE_HEADERS_KEY] = told
        scope[PUBLIC_READ] = read = self._public_reads.at(scope["path"])
        is_open = read is not None and read.is_open
        own_headers = self._open_headers if is_open else self._headers
        framed = _HeaderSend(
            send,
            own_headers,
            told,
            identifier,
            is_head=scope["method"] == "HEAD",
            https=self._https,
            origin=(scope["scheme"], headers.get(b"host", b"")),
        )
        if self._https and b"cookie" in headers:
            scope["headers"] = _with_plain_cookies(scope["headers"])
        try:
            await self._answer(scope, receive, framed, headers)
        finally:
            took = round((time.perf_counter() - started) * 1000, 1)
            log.info(
                "request.answered",
                # No query, which may carry an order's secret token, and no secret of a path.
                extra={
                    "method": scope["method"],
                    "path": without_secret(scope["path"]),
                    "status": framed.status,
                    "milliseconds": took,
                },
            )
            _request_id.reset(token)

    async def _answer(
        self, scope: Scope, receive: Receive, send: "_HeaderSend", headers: dict[bytes, bytes]
    ) -> None:
        if is_host_refused(headers.get(b"host", b""), scope["path"], self._hosts):
            bare = [pair for pair in scope["headers"] if pair[0] != b"host"]
            await _refuse({**scope, "headers": bare}, receive, send, _UnknownHostError())
            return
        declared = headers.get(b"content-length", b"0")
        limit = self._limit(scope)
        if not declared.isdigit() or int(declared) > limit:
            await _refuse(scope, receive, send, _BodyTooLargeError(limit))
            return
        if headers.get(b"content-encoding", b"identity") != b"identity":
            await _refuse(scope, receive, send, _CompressedBodyError())
            return
        read = scope[PUBLIC_READ]
        if read is not None and read.is_open and scope["method"] == "OPTIONS":
            await _answer_options(scope, send)
            return
        limited = _LimitedReceive(receive, limit)
        scope = {**scope, "query_string": normalize_query(scope["query_string"])}
        # HEAD is answered as GET, without the body (RFC 9110, 9.3.2).
        inner = {**scope, "method": "GET", IS_HEAD: True} if send.is_head else scope
        try:
            await self._app(inner, limited, send)
        except _HeadersSentError:
            return
        except _BodyTooLargeError as error:
            if send.is_started:
                raise
            await _refuse(scope, receive, send, error)
        except Exception as error:
            if send.is_started:
                raise
            # Answered here and not further out, so that this answer has its id and headers too.
            handler = scope["app"].exception_handlers[Exception]
            answer = await run_in_threadpool(handler, Request(scope), error)
            await answer(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        if scope["method"] in {"POST", "PATCH"}:
            for path, limit in self._upload_limits.items():
                if path.fullmatch(scope["path"]):
                    return max(limit, self._max_body_bytes)
        return self._max_body_bytes


def _forbid_framing(policy: bytes) -> bytes:
    """Return an answer's own policy, which lets no other page frame it unless it says so."""
    return policy if b"frame-ancestors" in policy else policy + b"; frame-ancestors 'none'"


def _with_plain_cookies(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    return [(name, read_cookies(text) if name == b"cookie" else text) for name, text in headers]


class _HeadersSentError(Exception):
    """The headers are all that was asked for: what would make a body need not begin."""


class _HeaderSend:
    """Adds the headers of every answer, and leaves the body of an answer to HEAD out."""

    def __init__(
        self,
        send: Send,
        headers: RawHeaders,
        told: dict[bytes, bytes],
        identifier: str,
        *,
        is_head: bool,
        https: bool,
        origin: tuple[str, bytes],
    ) -> None:
        self._send = send
        self._origin = origin
        self._https = https
        self._headers = headers
        self._told = told
        self._identifier = identifier.encode()
        self.is_head = is_head
        self.is_started = False
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.start":
            if not self.is_head:
                await self._send(message)
            elif message.get("more_body", False):
                raise _HeadersSentError
            return
        self.is_started = True
        self.status = message["status"]
        given = message.get("headers", ())
        present = {name for name, _ in given}
        if self._https and b"set-cookie" in present:
            given = [
                (name, write_cookie(text) if name == b"set-cookie" else text)
                for name, text in given
            ]
        if b"location" in present:
            given = [
                (name, own_location(text, *self._origin) if name == b"location" else text)
                for name, text in given
            ]
        if b"content-security-policy" in present:
            given = [
                (name, _forbid_framing(text) if name == b"content-security-policy" else text)
                for name, text in given
            ]
        # A response without a cache rule may be private: it is not stored at all.
        if not present & CACHE_HEADERS:
            given = [*given, (b"cache-control", b"no-store")]
        message["headers"] = [
            *given,
            (b"x-request-id", self._identifier),
            *self._told.items(),
            *(pair for pair in self._headers if pair[0] not in present),
        ]
        await self._send(message)
        if self.is_head:
            await self._send({"type": "http.response.body", "body": b""})
            if b"content-length" not in present:  # what is made bit by bit, as it is sent
                raise _HeadersSentError


class _UnknownHostError(HTTPException):
    """The request is for another host: what named it would read as a page of that one."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.MISDIRECTED_REQUEST,
            "This store does not serve the requested host.",
        )


class _CompressedBodyError(HTTPException):
    """The body is compressed, and nothing here takes such a one (RFC 9110, 15.5.16)."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send the body without a Content-Encoding header.",
            {"Accept-Encoding": "identity"},
        )


class _BodyTooLargeError(HTTPException):
    """More came than was declared or allowed.

    FastAPI answers 400 to whatever goes wrong while it reads a body, unless it is one of these.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _limit_detail(limit))


class _LimitedReceive:
    """Counts the body as it is read: a chunked body declares no length."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _BodyTooLargeError(self._limit)
        return message


def _limit_detail(limit: int) -> str:
    return f"Send at most {limit:,} bytes."


async def _answer_options(scope: Scope, send: Send) -> None:
    """Answer a browser that asks, for a page of another origin, what it may send."""
    headers = options_headers(scope)
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(scope: Scope, receive: Receive, send: Send, error: HTTPException) -> None:
    """Answer as every error is answered: in words for a person, as a problem for a program."""
    handler = scope["app"].exception_handlers[HTTPException]
    answer = await run_in_threadpool(handler, Request(scope), error)
    # What still comes of the body is not read.
    answer.headers["Connection"] = "close"
    await answer(scope, receive, send)


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
    if known is None or path.startswith(ANY_HOST_PREFIX):
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


def read_cookies(header: bytes) -> bytes:
    """Return a ``Cookie`` header with plain names, without such as another host may have set.

    >>> read_cookies(b"__Host-rr_cart=1; rr_cart=evil; other=2")
    b'rr_cart=1; other=2'
    """
    cookies = [cookie.strip() for cookie in header.split(b";")]
    kept = [cookie.removeprefix(PREFIX) for cookie in cookies if not cookie.startswith(OWN)]
    return b"; ".join(kept)


def write_cookie(header: bytes) -> bytes:
    """Return a ``Set-Cookie`` header with the prefix, and for all paths, as the prefix demands.

    >>> write_cookie(b"rr_staff=1; HttpOnly; Path=/console; Secure")
    b'__Host-rr_staff=1; HttpOnly; Path=/; Secure'
    """
    if not header.startswith(OWN):
        return header
    return PREFIX + PATH.sub(b"; Path=/", header)
