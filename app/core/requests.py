"""What is true of the request at hand: its id, its limits, the headers on its answer."""

import contextvars
import logging
import re
import secrets
import time
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.config import Settings
from app.core.methods import IS_OPEN, READ_HEADERS, make_path_test, options_headers

log = logging.getLogger(__name__)
_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
# Where the frame keeps what is to be told in the answer.
TOLD = "reelright.told"
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# A form that ends at the hosted payment page is redirected there, and browsers hold redirects
# against form-action too; so the payment page's origin is added (see main.py).
POLICY = {
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
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def request_id() -> str:
    """Return the id of the request being answered, or ``-`` outside any."""
    return _request_id.get()


def settings_of(request: Request) -> Settings:
    """Return the settings that the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(settings_of)]


def tell(request: Request, name: str, text: str) -> None:
    """Have the answer carry a header, whatever it turns out to be: an error too.

    The last word counts. ``name`` is in lower case.
    """
    told: dict[bytes, bytes] = request.scope.get(TOLD, {})
    told[name.encode()] = text.encode()


class RequestFrame:
    """The outermost layer: an id, one log line, a body limit and security headers.

    Written as plain ASGI, because Starlette's ``BaseHTTPMiddleware`` copies bodies and breaks
    context variables.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        max_upload_bytes: int,
        uploads: re.Pattern[str],
        open_reads: re.Pattern[str],
        payment_origin: str,
        https: bool,
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        # To addresses that match ``uploads``, which let nobody but staff send anything.
        self._max_upload_bytes = max_upload_bytes
        self._uploads = uploads
        # What pages of every origin may read: no answer there depends on a cookie or a key.
        self._is_open = make_path_test(open_reads)
        headers = dict(SECURITY_HEADERS)
        policy = "; ".join(f"{directive} {sources}" for directive, sources in POLICY.items())
        headers["Content-Security-Policy"] = policy.format(payment_origin=payment_origin)
        if https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
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
        status = 500
        sent = False
        told: dict[bytes, bytes] = {}
        scope[TOLD] = told
        scope[IS_OPEN] = is_open = self._is_open(scope["path"])
        own_headers = self._open_headers if is_open else self._headers

        async def framed_send(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                sent = True
                status = message["status"]
                given = message.get("headers", ())
                present = {name for name, _ in given}
                message["headers"] = [
                    *given,
                    (b"x-request-id", identifier.encode()),
                    *told.items(),
                    *(pair for pair in own_headers if pair[0] not in present),
                ]
            await send(message)

        try:
            declared = headers.get(b"content-length", b"0")
            limit = self._limit(scope)
            if not declared.isdigit() or int(declared) > limit:
                await _too_large(scope, receive, framed_send, limit)
                return
            if is_open and scope["method"] == "OPTIONS":
                await _answer_options(scope, framed_send)
                return
            limited = _Limited(receive, limit)
            # HEAD is answered as GET; the server leaves the body out (RFC 9110, 9.3.2).
            inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
            try:
                await self._app(inner, limited, framed_send)
            except _BodyTooLargeError:
                if sent:
                    raise
                await _too_large(scope, receive, framed_send, limit)
            except Exception as error:
                if sent:
                    raise
                # Answered here and not further out, so that this answer has its id and headers too.
                handler = scope["app"].exception_handlers[Exception]
                answer = await run_in_threadpool(handler, Request(scope), error)
                await answer(scope, receive, framed_send)
        finally:
            took = round((time.perf_counter() - started) * 1000, 1)
            log.info(
                "request.answered",
                # The path only: query strings may carry an order's secret token.
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "milliseconds": took,
                },
            )
            _request_id.reset(token)

    def _limit(self, scope: Scope) -> int:
        is_upload = scope["method"] == "POST" and self._uploads.fullmatch(scope["path"])
        return self._max_upload_bytes if is_upload else self._max_body_bytes


class _BodyTooLargeError(HTTPException):
    """More came than was declared or allowed.

    FastAPI answers 400 to whatever goes wrong while it reads a body, unless it is one of these.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _limit_words(limit))


class _Limited:
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


def _limit_words(limit: int) -> str:
    return f"This store accepts up to {limit:,} bytes"


async def _answer_options(scope: Scope, send: Send) -> None:
    """Answer a browser that asks, for a page of another origin, what it may send."""
    headers = options_headers(scope)
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _too_large(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    """Answer as every error is answered: in words for a person, as a problem for a program."""
    error = _BodyTooLargeError(limit)
    handler = scope["app"].exception_handlers[HTTPException]
    answer = await run_in_threadpool(handler, Request(scope), error)
    # What still comes of the body is not read.
    answer.headers["Connection"] = "close"
    await answer(scope, receive, send)
