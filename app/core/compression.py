"""Compression: in which coding a client takes a body, and bodies compressed while they are sent.

Only what anyone may read is compressed: the compressed length of a secret next to what a stranger
chose tells of the secret (BREACH). Bodies in the response cache are compressed once, there.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

import brotli
import zstandard
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.public_reads import PUBLIC_READ

COMPRESSIBLE = re.compile(
    rb"text/.+|[^;]+[/+](json|xml)\b.*|application/(marc|x-bibtex|x-research-info-systems)\b.*"
    rb"|(text|application)/javascript\b.*"
)
GZIP_LEVEL, BROTLI_QUALITY, ZSTD_LEVEL = 6, 5, 9
# The window, as its logarithm: no page is longer, and it is a client's memory too.
WINDOW = 18
# Below this a compressed body is hardly smaller than its headers.
MIN_BYTES = 600
# More than this is not for the event loop.
MAX_BYTES_INLINE = 16_384
MAX_ACCEPTED_LENGTH = 300
WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Compressor:
    """The compressor of one body: what it is fed, and how it ends."""

    add: Callable[[bytes], bytes]
    finish: Callable[[], bytes]


def _gzip() -> Compressor:
    made = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return Compressor(made.compress, made.flush)


def _brotli() -> Compressor:
    made = brotli.Compressor(brotli.MODE_TEXT, BROTLI_QUALITY, WINDOW)
    return Compressor(made.process, made.finish)


def _zstd() -> Compressor:
    settings = zstandard.ZstdCompressionParameters.from_level(ZSTD_LEVEL, window_log=WINDOW)
    made = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    return Compressor(made.compress, made.flush)


# The best first, of those that a client takes as gladly.
COMPRESSORS = {"br": _brotli, "zstd": _zstd, "gzip": _gzip}


def compress(coding: str, body: bytes) -> bytes:
    """Return ``body`` in a coding. It takes about a millisecond: not for the event loop."""
    compressor = COMPRESSORS[coding]()
    return compressor.add(body) + compressor.finish()


@lru_cache(maxsize=256)
def accepted_codings(header: bytes) -> tuple[str, ...]:
    """Return the codings that an ``Accept-Encoding`` header takes, the best first (RFC 9110).

    >>> accepted_codings(b"gzip, deflate, br, zstd")
    ('br', 'zstd', 'gzip')
    >>> accepted_codings(b"br;q=0.5, gzip;q=0.8, zstd;q=0")
    ('gzip', 'br')
    """
    weights: dict[str, float] = {}
    for part in header.decode("latin-1").lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        found = WEIGHT.fullmatch(parameters[0].replace(" ", "")) if parameters else None
        weights[name] = float(found[1]) if found else float(not parameters)
    weights.setdefault("gzip", weights.get("*", 0.0))
    least = weights.get("identity", 0.0)
    taken = [name for name in COMPRESSORS if (weight := weights.get(name, 0.0)) and weight >= least]
    return tuple(sorted(taken, key=lambda name: -weights[name]))


class Compression:
    """Compresses what anyone may read, as the client's ``Accept-Encoding`` says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        read = scope.get(PUBLIC_READ)
        if read is not None and read.is_open:
            header = dict(scope["headers"]).get(b"accept-encoding", b"")
            send = _CompressingSend(send, accepted_codings(header[:MAX_ACCEPTED_LENGTH]))
        await self._app(scope, receive, send)


class _CompressingSend:
    def __init__(self, send: Send, accepted: tuple[str, ...]) -> None:
        self._send = send
        self._accepted = accepted
        self._compressor: Compressor | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(self._start(message))
            return
        if self._compressor is None:
            await self._send(message)
            return
        is_last = not message.get("more_body", False)
        data = message.get("body", b"")
        if len(data) > MAX_BYTES_INLINE:
            body = await run_in_threadpool(self._compress, self._compressor, data, is_last=is_last)
        else:
            body = self._compress(self._compressor, data, is_last=is_last)
        if body or is_last:
            await self._send({**message, "body": body})

    def _start(self, message: Message) -> Message:
        headers = list(message.get("headers", ()))
        given = dict(headers)
        is_compressible = (
            COMPRESSIBLE.fullmatch(given.get(b"content-type", b"")) is not None
            and b"content-encoding" not in given
            and b"content-range" not in given
        )
        if not is_compressible and message["status"] != HTTPStatus.NOT_MODIFIED:
            return message
        headers = [pair for pair in headers if pair[0] != b"vary"]
        vary = given.get(b"vary", b"")
        headers.append((b"vary", vary + b", Accept-Encoding" if vary else b"Accept-Encoding"))
        length = given.get(b"content-length")
        is_large = length is None or int(length) >= MIN_BYTES
        if is_compressible and self._accepted and is_large and message["status"] == HTTPStatus.OK:
            coding = self._accepted[0]
            self._compressor = COMPRESSORS[coding]()
            left_out = (b"content-length", b"accept-ranges", b"etag")
            headers = [pair for pair in headers if pair[0] not in left_out]
            headers.append((b"content-encoding", coding.encode()))
            if b"etag" in given:
                # The same facts in other bytes.
                headers.append((b"etag", b"W/" + given[b"etag"].removeprefix(b"W/")))
        return {**message, "headers": headers}

    @staticmethod
    def _compress(compressor: Compressor, data: bytes, *, is_last: bool) -> bytes:
        body = compressor.add(data)
        return body + compressor.finish() if is_last else body
