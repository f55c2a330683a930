"""One cached response: its bytes in each coding that was asked for, and the headers with them."""

import hashlib
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from app.core.compression import MAX_ACCEPTED_LENGTH, MIN_BYTES, accepted_codings, compress

RawHeaders = list[tuple[bytes, bytes]]
RawHeaderMap = dict[bytes, bytes]
SECOND = timedelta(seconds=1)
# What a response takes besides its bytes: its key, its headers, the objects that hold them.
OVERHEAD_BYTES = 2000
# What 304 leaves out.
OF_THE_BODY = frozenset((b"content-type", b"content-encoding", b"content-length"))
OK, NOT_MODIFIED = int(HTTPStatus.OK), int(HTTPStatus.NOT_MODIFIED)


class Variant(NamedTuple):
    """A response in one coding, ready to be sent."""

    body: bytes
    etag: bytes
    headers: RawHeaders


class CachedResponse:
    """A response as its endpoint made it, in several codings."""

    __slots__ = ("_changed_at", "_hash", "_headers", "counted_bytes", "status", "variants")

    def __init__(
        self, status: int, headers: RawHeaders, body: bytes, *, changed_at: datetime
    ) -> None:
        self.status = status
        self._hash = hashlib.blake2b(body, digest_size=12).hexdigest()
        self._headers = [pair for pair in headers if pair[0] != b"content-length"]
        self._changed_at = changed_at.replace(microsecond=0)
        self.variants: dict[str, Variant] = {"": self._variant("", body)}
        self.counted_bytes = 0  # by the cache that it is in

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, about, in all its codings."""
        return OVERHEAD_BYTES + sum(len(one.body) for one in tuple(self.variants.values()))

    def choose_coding(self, accepted: bytes) -> str:
        """Return in which coding to send it to a client that accepts these; empty for none."""
        if self.status != OK or len(self.variants[""].body) < MIN_BYTES:
            return ""
        codings = accepted_codings(accepted[:MAX_ACCEPTED_LENGTH])
        return codings[0] if codings else ""

    def compress(self, coding: str) -> Variant:
        """Compress it, once for all who ask for this coding: not for the event loop."""
        variant = self._variant(coding, compress(coding, self.variants[""].body))
        self.variants[coding] = variant
        return variant

    def last_modified(self, now: datetime) -> bytes | None:
        """Return when it last changed; None until that second is over.

        Before that another change could come and have the same date.
        """
        return _http_date(self._changed_at) if now >= self._changed_at + SECOND else None

    def matches_client_copy(self, headers: RawHeaderMap, etag: bytes, now: datetime) -> bool:
        """Return whether a client that sent ``headers`` has these very bytes: 304 will do."""
        tags = headers.get(b"if-none-match")
        if tags is not None:
            return tags == etag or any(
                each.strip().removeprefix(b"W/") == etag.removeprefix(b"W/") or each.strip() == b"*"
                for each in tags.split(b",")
            )
        return headers.get(b"if-modified-since") == (self.last_modified(now) or b"-")

    def _variant(self, coding: str, body: bytes) -> Variant:
        headers, etag = self._headers.copy(), b""
        if self.status == OK:
            # Another in each coding; weak, as pages of the same facts may differ.
            etag = f'W/"{self._hash}{"-" if coding else ""}{coding}"'.encode()
            headers.append((b"etag", etag))
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        headers.append((b"content-length", b"%d" % len(body)))
        return Variant(body, etag, headers)


@lru_cache(maxsize=16)
def _http_date(moment: datetime) -> bytes:
    return format_datetime(moment, usegmt=True).encode()
