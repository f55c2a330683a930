"""The one ``async`` path that answers what is kept, in front of the ordinary endpoints."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import clock
from app.core.rates import FREE
from app.core.rendered.answers import (
    NOT_MODIFIED,
    NOTHING,
    OK,
    Answer,
    RawGiven,
    RawHeaders,
    Secret,
    not_modified,
)
from app.core.rendered.freshness import Generation
from app.core.rendered.keeping import HOLE, LONGEST_QUERY, Key, Kind, Rendered, in_one_order
from app.core.requests import TOLD

log = logging.getLogger(__name__)

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
# Whoever holds it wrote something a moment ago, maybe through another worker.
WROTE_COOKIE = "rr_wrote"
WROTE_SECONDS = 5
SHARED, OWN = b"public, no-cache", b"private, no-cache"
BAD = 400
# What an endpoint may say of its answer, and what is said of the kept one in its place.
TOLD_HERE = frozenset((b"vary", b"etag", b"last-modified"))
PATHS_KNOWN, LONGEST_PATH = 5000, 300
# Threads that compress: not the requests', all of which may be waiting for the database.
PACKING_THREADS = 2


class RenderedPath:
    """Answers from memory where it can; else asks the application, and keeps what it says."""

    def __init__(
        self, app: ASGIApp, *, kinds: Sequence[Kind], writers: Sequence[str], https: bool
    ) -> None:
        self._app = app
        self._kind_at = lru_cache(maxsize=PATHS_KNOWN)(
            lambda path: next((kind for kind in kinds if kind.paths.fullmatch(path)), None)
        )
        self._writers = tuple(writers)
        self._packing = CapacityLimiter(PACKING_THREADS)
        flags = "; Path=/; HttpOnly; SameSite=lax" + ("; Secure" if https else "")
        self._cookie = f"{WROTE_COOKIE}=1; Max-Age={WROTE_SECONDS}{flags}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rendered: Rendered = scope["app"].state.rendered
        if scope["method"] != "GET":
            watched = send if scope["method"] in SAFE else self._noting(scope, rendered, send)
            await self._app(scope, receive, watched)
            return
        path = scope["path"]
        kind = self._kind_at(path) if len(path) <= LONGEST_PATH else None
        if kind is None or not rendered.is_on or len(scope["query_string"]) > LONGEST_QUERY:
            await self._app(scope, receive, send)
            return
        given: RawGiven = dict(scope["headers"])
        key = Key(
            path,
            in_one_order(scope["query_string"]),
            kind.cookies(Request(scope)) if kind.cookies and b"cookie" in given else (),
            kind.cookies is not None and b"text/html" in given.get(b"accept", b""),
        )
        now = clock.now()
        generation = await self._generation(rendered, scope, key, now)
        if generation is None:
            await self._app(scope, receive, send)  # which says what is wrong with the database
            return
        answer = rendered.find(generation, key)
        if answer is None:
            answer = await self._render(rendered, generation, key, kind, scope)
        if answer is None:
            await self._app(scope, receive, send)
            return
        secret = kind.secret(Request(scope)) if kind.secret and answer.has_holes else NOTHING
        accepted = given.get(b"accept-encoding", b"")[:LONGEST_PATH]
        coding = answer.coding(accepted, secret) if answer.status == OK else ""
        while not answer.is_packed(coding):
            await to_thread.run_sync(answer.pack, coding, secret, limiter=self._packing)
            rendered.keep(generation, key, answer)
            coding = answer.coding(accepted, secret)
        await _send(answer, send, kind=kind, given=given, now=now, secret=secret, coding=coding)

    async def _generation(
        self, rendered: Rendered, scope: Scope, key: Key, now: datetime
    ) -> Generation | None:
        """Return the generation to answer from; None if the application must answer."""
        has_written = _has_written(dict(scope["headers"]))
        known = None if has_written else rendered.freshness.known(now)
        if known is not None:
            if not rendered.renewals and rendered.freshness.begins_look():
                self._renew_beside(rendered, scope)
            return known
        try:
            return await rendered.freshness.ask(join=not has_written)
        except (SQLAlchemyError, TimeoutError):
            # What is in memory needs no database.
            last = None if has_written else rendered.freshness.last_resort(now)
            return last if last is not None and rendered.find(last, key) is not None else None

    def _renew_beside(self, rendered: Rendered, scope: Scope) -> None:
        """Render ahead in a task of its own, in the manner of this request but for nobody."""
        told = {**scope, "client": None, FREE: True}
        told.pop(TOLD, None)
        task = asyncio.get_running_loop().create_task(self._renew(rendered, told))
        rendered.renewals.add(task)  # or it might be collected while it waits
        task.add_done_callback(rendered.renewals.discard)
        task.add_done_callback(_tell)

    async def _renew(self, rendered: Rendered, scope: Scope) -> None:
        """If the catalog is another, render what is asked for, while the old is still sent."""
        freshness = rendered.freshness
        coming = await freshness.look()
        if coming is None:
            return
        for key, before in rendered.asked_for():
            kind = self._kind_at(key.path)
            if kind is None or not freshness.is_wanted(coming) or rendered.holds(coming, key):
                continue
            path = {"path": key.path, "raw_path": quote(key.path).encode()}
            answer = await self._render(rendered, coming, key, kind, {**scope, **path})
            if answer is not None and answer.status == OK:
                await to_thread.run_sync(answer.pack_like, before, limiter=self._packing)
                rendered.keep(coming, key, answer)
        freshness.turn(coming)

    async def _render(
        self, rendered: Rendered, generation: Generation, key: Key, kind: Kind, scope: Scope
    ) -> Answer | None:
        """Ask the endpoint, once for all who wait; None if this request must ask for itself."""
        here = asyncio.get_running_loop()
        flight = rendered.flights.get((generation, key))
        if flight is not None and flight.get_loop() is here:
            return await asyncio.shield(flight)
        landing: asyncio.Future[Answer | None] = here.create_future()
        rendered.flights[generation, key] = landing
        kept = None
        try:
            answer = await self._ask(rendered, generation, key, kind, scope)
            if answer is not None and answer.status == OK:
                kept = answer
                rendered.keep(generation, key, answer)
        finally:
            if rendered.flights.get((generation, key)) is landing:
                del rendered.flights[generation, key]
            landing.set_result(kept)
        return answer

    async def _ask(
        self, rendered: Rendered, generation: Generation, key: Key, kind: Kind, scope: Scope
    ) -> Answer | None:
        """Return what the endpoint says to a request made of ``key`` alone.

        None if it set a cookie: that is one visitor's, and belongs to a request with all of theirs.
        """
        heard = _Heard()
        await self._app({**scope, "state": {}, **key.scope}, _nothing_more, heard)
        if any(name == b"set-cookie" for name, _ in heard.headers):
            return None
        pieces = bytes(heard.body).split(HOLE.encode())
        if heard.status == OK:
            headers = [pair for pair in heard.headers if pair[0] not in TOLD_HERE]
            headers.append((b"vary", kind.vary))
            if all(name != b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", OWN if kind.cookies else SHARED))
        else:
            headers = heard.headers
        changed_at = max(generation.mark.changed_at, generation.begins, rendered.started_at)
        return Answer(heard.status, headers, pieces, changed_at=changed_at)

    def _noting(self, scope: Scope, rendered: Rendered, send: Send) -> Send:
        """Return a ``send`` that notes a write, so that its writer sees what it did."""
        writes_public = scope["path"].startswith(self._writers)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < BAD:
                rendered.freshness.expire()
                if writes_public:
                    headers = [*message.get("headers", ()), (b"set-cookie", self._cookie)]
                    message = {**message, "headers": headers}
            await send(message)

        return noting


def _tell(renewal: asyncio.Task[None]) -> None:
    """Tell what went wrong. Nobody waits for it: who asks next meets it and is told too."""
    if not renewal.cancelled() and renewal.exception() is not None:
        log.warning("rendered.not_ahead", exc_info=renewal.exception())


class _Heard:
    """Listens to an answer instead of a client."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: RawHeaders = []
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(
    answer: Answer,
    send: Send,
    *,
    kind: Kind,
    given: RawGiven,
    now: datetime,
    secret: Secret,
    coding: str,
) -> None:
    headers = answer.headers()
    headers += secret.headers
    status, body = answer.status, b""
    if status == OK:
        tag = answer.tag(secret, coding)
        headers.append((b"etag", tag))
        told = answer.last_modified(now)
        if told:
            headers.append((b"last-modified", told))
        if kind.cookies and b"if-modified-since" in given:
            # The visitor's cart or class may have changed since, at whatever time.
            given = {name: given[name] for name in given if name != b"if-modified-since"}
        if answer.is_in_hand(given, tag, now):
            status = NOT_MODIFIED
    if status == NOT_MODIFIED:
        headers = not_modified(headers)
    else:
        body = answer.body(secret, coding)
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _has_written(given: RawGiven) -> bool:
    """Whether this client may just have changed something public: staff, by key or console."""
    return b"authorization" in given or WROTE_COOKIE.encode() in given.get(b"cookie", b"")
