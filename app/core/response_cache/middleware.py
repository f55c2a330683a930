"""The one ``async`` path that answers what is cached, in front of the ordinary endpoints."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from math import ceil

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import clock
from app.core.public_reads import PUBLIC_READ, PublicRead
from app.core.response_cache.cache import CacheKey, ResponseCache, sort_parameters
from app.core.response_cache.cached_response import (
    NOT_MODIFIED,
    OF_THE_BODY,
    OK,
    CachedResponse,
    RawHeaderMap,
    RawHeaders,
    Variant,
)
from app.core.response_cache.freshness import Generation

log = logging.getLogger(__name__)

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
# A client with this cookie changed something a moment ago, maybe through another worker.
WROTE_COOKIE = "rr_wrote"
WROTE_SECONDS = 5
# For how long a cache in front may send what it has while it asks for newer: shorter than the
# cookie above lasts, so that a browser never shows staff what was there before they wrote.
REVALIDATE_SECONDS = WROTE_SECONDS - 1
PRIVATE = (b"cache-control", b"private, no-cache")
BAD = 400
# What an endpoint may say of its response, and what is said of the cached one in its place.
OVERRIDDEN_HEADERS = frozenset((b"vary", b"etag", b"last-modified"))
MAX_QUERY_LENGTH = 1000
# Threads that compress: not the requests', all of which may be waiting for the database.
COMPRESSING_THREADS = 2


class ResponseCacheMiddleware:
    """Answers from memory where it can; else asks the application, and caches what it says."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        writers: Sequence[str],
        stale_seconds: float,
        https: bool,
    ) -> None:
        self._app = app
        self._writers = tuple(writers)
        self._public = (b"cache-control", public_cache_control(stale_seconds))
        self._compressing = CapacityLimiter(COMPRESSING_THREADS)
        flags = "; Path=/; HttpOnly; SameSite=lax" + ("; Secure" if https else "")
        self._cookie = f"{WROTE_COOKIE}=1; Max-Age={WROTE_SECONDS}{flags}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cache: ResponseCache = scope["app"].state.response_cache
        if scope["method"] != "GET":
            watched = send if scope["method"] in SAFE else self._watch_writes(scope, cache, send)
            await self._app(scope, receive, watched)
            return
        read: PublicRead | None = scope.get(PUBLIC_READ)
        is_cached = read is not None and read.is_cached and cache.is_on
        if read is None or not is_cached or len(scope["query_string"]) > MAX_QUERY_LENGTH:
            await self._app(scope, receive, send)
            return
        headers: RawHeaderMap = dict(scope["headers"])
        key = CacheKey(
            scope["path"],
            sort_parameters(scope["query_string"]),
            read.cookies(Request(scope)) if read.cookies and b"cookie" in headers else (),
            read.cookies is not None and b"text/html" in headers.get(b"accept", b""),
        )
        now = clock.now()
        response = None
        generation = await self._find_generation(cache, headers, key, now)
        if generation is not None:
            response = cache.find(generation, key)
            if response is None and not _has_written(headers):
                response = self._find_previous(cache, generation, key, read, scope)
            if response is None:
                response = await self._render(cache, generation, key, read, scope)
        if response is None:
            await self._app(scope, receive, send)  # which says what is wrong with the database
            return
        coding = response.choose_coding(headers.get(b"accept-encoding", b""))
        variant = response.variants.get(coding)
        if variant is None:
            variant = await to_thread.run_sync(response.compress, coding, limiter=self._compressing)
            cache.recount(key, response)
        if read.cookies and b"if-modified-since" in headers:
            # The visitor's cart or class may have changed since, at whatever time.
            del headers[b"if-modified-since"]
        await _send(response, variant, send, headers=headers, now=now)

    @staticmethod
    async def _find_generation(
        cache: ResponseCache, headers: RawHeaderMap, key: CacheKey, now: datetime
    ) -> Generation | None:
        """Return the generation to answer from; None if the application must answer."""
        has_written = _has_written(headers)
        known = None if has_written else cache.freshness.current(now)
        if known is not None:
            cache.freshness.refresh_early()
            return known
        try:
            return await cache.freshness.refresh(join=not has_written)
        except (SQLAlchemyError, TimeoutError):
            # What is in memory needs no database.
            last = None if has_written else cache.freshness.last_resort(now)
            return last if last is not None and cache.find(last, key) is not None else None

    def _find_previous(
        self,
        cache: ResponseCache,
        generation: Generation,
        key: CacheKey,
        read: PublicRead,
        scope: Scope,
    ) -> CachedResponse | None:
        """Return the response from before a change, if it may still be sent.

        It is rendered again in the background.
        """
        previous = cache.find_previous(key)
        at = (generation, key)
        if previous is not None and at not in cache.renewals and at not in cache.flights:
            rendering = self._render(cache, generation, key, read, scope)
            task = cache.renewals[at] = asyncio.get_running_loop().create_task(rendering)
            task.add_done_callback(lambda _: cache.renewals.pop(at))
            task.add_done_callback(_log_failure)
        return previous

    async def _render(
        self,
        cache: ResponseCache,
        generation: Generation,
        key: CacheKey,
        read: PublicRead,
        scope: Scope,
    ) -> CachedResponse | None:
        """Ask the endpoint, once for all who wait; None if this request must ask for itself."""
        here = asyncio.get_running_loop()
        flight = cache.flights.get((generation, key))
        if flight is not None and flight.get_loop() is here:
            return await asyncio.shield(flight)
        landing: asyncio.Future[CachedResponse | None] = here.create_future()
        cache.flights[generation, key] = landing
        cached = None
        try:
            response = await self._ask(cache, generation, key, read, scope)
            if response is not None and response.status == OK:
                cached = response
                cache.put(generation, key, response)
        finally:
            if cache.flights.get((generation, key)) is landing:
                del cache.flights[generation, key]
            landing.set_result(cached)
        return response

    async def _ask(
        self,
        cache: ResponseCache,
        generation: Generation,
        key: CacheKey,
        read: PublicRead,
        scope: Scope,
    ) -> CachedResponse | None:
        """Return what the endpoint says to a request made of ``key`` alone.

        None if it set a cookie: that is one visitor's, and belongs to a request with all of theirs.
        """
        recorder = _ResponseRecorder()
        await self._app({**scope, "state": {}, **key.scope}, _receive_nothing, recorder)
        headers = recorder.headers
        if any(name == b"set-cookie" for name, _ in headers):
            return None
        if recorder.status == OK:
            headers = [pair for pair in headers if pair[0] not in OVERRIDDEN_HEADERS]
            if read.cookies:
                headers = [pair for pair in headers if pair[0] != b"cache-control"]
                headers.append((b"vary", b"Accept-Encoding, Cookie"))
                # Without any of its cookies a page is the same bytes for everyone.
                headers.append(PRIVATE if key.cookies else self._public)
            else:
                headers.append((b"vary", b"Accept-Encoding"))
                if all(name != b"cache-control" for name, _ in headers):
                    headers.append(self._public)
        changed_at = max(generation.revision.changed_at, generation.begins, cache.started_at)
        return CachedResponse(recorder.status, headers, bytes(recorder.body), changed_at=changed_at)

    def _watch_writes(self, scope: Scope, cache: ResponseCache, send: Send) -> Send:
        """Return a ``send`` that notes a write, so that its writer sees what it did."""
        writes_public = scope["path"].startswith(self._writers)

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < BAD:
                cache.freshness.expire()
                if writes_public:
                    headers = [*message.get("headers", ()), (b"set-cookie", self._cookie)]
                    message = {**message, "headers": headers}
            await send(message)

        return watching


def _log_failure(renewal: asyncio.Task[CachedResponse | None]) -> None:
    """Log what went wrong: nobody waited for it, and who asks next meets it."""
    if not renewal.cancelled() and renewal.exception() is not None:
        log.warning("response_cache.not_renewed", exc_info=renewal.exception())


def public_cache_control(stale_seconds: float) -> bytes:
    """Return how long caches in front may keep what is the same for everyone.

    Browsers ask each time. A shared cache may be as old as a worker's memory, and may send what it
    has while it asks again.
    """
    if not stale_seconds:
        return b"public, no-cache"
    return (
        f"public, max-age=0, s-maxage={ceil(stale_seconds)}, "
        f"stale-while-revalidate={REVALIDATE_SECONDS}"
    ).encode()


class _ResponseRecorder:
    """Receives a response instead of a client."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: RawHeaders = []
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(
    response: CachedResponse, variant: Variant, send: Send, *, headers: RawHeaderMap, now: datetime
) -> None:
    status, body, sent = response.status, variant.body, variant.headers
    if status == OK:
        modified = response.last_modified(now)
        if modified:
            sent = [*sent, (b"last-modified", modified)]
        if response.matches_client_copy(headers, variant.etag, now):
            status, body = NOT_MODIFIED, b""
            sent = [pair for pair in sent if pair[0] not in OF_THE_BODY]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


def _has_written(headers: RawHeaderMap) -> bool:
    """Return whether this client may just have changed something public: staff, by key or page."""
    return b"authorization" in headers or WROTE_COOKIE.encode() in headers.get(b"cookie", b"")
