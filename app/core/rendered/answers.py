"""An answer kept as bytes. Where it holds a visitor's secret, it has a hole that is filled late."""

import hashlib
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus

RawHeaders = list[tuple[bytes, bytes]]
RawGiven = dict[bytes, bytes]
SECOND = timedelta(seconds=1)
# Below this a packed answer is hardly smaller than its headers.
WORTH_PACKING = 600
# What an answer takes beside its bytes: its key, its headers, the objects that hold them.
OVERHEAD = 2000
GZIP_LEVEL = 6
NO_WEIGHT = re.compile(r"q=0(\.0*)?")
# No name, no time, any system: the same bytes from every worker.
GZIP_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class Secret:
    """What goes into the holes of one visitor's answer, and the headers that come with it."""

    value: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()


NOTHING = Secret(b"")


class Answer:
    """One answer: its headers, and its body in pieces between which a secret stands."""

    __slots__ = ("_headers", "_packed", "_plain", "_tag", "_told_at", "pieces", "status")

    def __init__(
        self, status: int, headers: RawHeaders, pieces: Sequence[bytes], *, changed_at: datetime
    ) -> None:
        self.status = status
        self.pieces = tuple(pieces)
        self._tag = hashlib.blake2b(b"\x00".join(self.pieces), digest_size=12).hexdigest()
        self._headers = [pair for pair in headers if pair[0] != b"content-length"]
        self._told_at = changed_at.replace(microsecond=0)
        self._packed: tuple[bytes, ...] | None = None
        self._plain = self.pieces[0] if len(self.pieces) == 1 else None

    @property
    def has_holes(self) -> bool:
        """Whether it holds a secret of each visitor's own."""
        return len(self.pieces) > 1

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, about, also once it is packed."""
        return OVERHEAD + 3 * sum(map(len, self.pieces)) // 2

    @property
    def is_worth_packing(self) -> bool:
        """Whether a client that takes packed answers should get one."""
        return sum(map(len, self.pieces)) >= WORTH_PACKING

    @property
    def is_packed(self) -> bool:
        """Whether ``pack`` was called."""
        return self._packed is not None

    def pack(self) -> None:
        """Make the packed bytes, once. It takes about a millisecond: not for the event loop."""
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        *before, last = self.pieces
        # A full flush ends on a whole byte, and nothing after it refers to what stands before it:
        # so anything may be put between two parts.
        parts = [packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for piece in before]
        parts.append(packer.compress(last) + packer.flush(zlib.Z_FINISH))
        self._packed = tuple(parts) if before else (_framed(parts[0], last),)

    def tag(self, secret: Secret) -> bytes:
        """Return the ETag: weak, as packed and plain bytes have the same."""
        mine = f"-{secret.value[:12].decode()}" if self.has_holes else ""
        return f'W/"{self._tag}{mine}"'.encode()

    def body(self, secret: Secret, *, packed: bool) -> bytes:
        """Return the bytes with ``secret`` in every hole."""
        if not packed:
            return secret.value.join(self.pieces) if self._plain is None else self._plain
        parts = self._packed or ()
        if len(parts) == 1:
            return parts[0]
        # A block that is stored as it is, so a secret's length says nothing about the page.
        length = len(secret.value)
        stored = b"\x00" + struct.pack("<HH", length, length ^ 0xFFFF) + secret.value
        return _framed(stored.join(parts), secret.value.join(self.pieces))

    def headers(self) -> RawHeaders:
        """Return the headers that the endpoint gave, as a list of the caller's own."""
        return self._headers.copy()

    def last_modified(self, now: datetime) -> bytes | None:
        """Return when it last changed; None until that second is over.

        Before that another change could come and have the same date.
        """
        return _http_date(self._told_at) if now >= self._told_at + SECOND else None

    def is_in_hand(self, given: RawGiven, tag: bytes, now: datetime) -> bool:
        """Whether a client with these headers has these very bytes, so that 304 will do."""
        tags = given.get(b"if-none-match")
        if tags is not None:
            return tags == tag or any(
                each.strip().removeprefix(b"W/") == tag.removeprefix(b"W/") or each.strip() == b"*"
                for each in tags.split(b",")
            )
        return given.get(b"if-modified-since") == (self.last_modified(now) or b"-")


@lru_cache(maxsize=256)
def takes_gzip(accepted: bytes) -> bool:
    """Whether an ``Accept-Encoding`` header takes gzip (RFC 9110, 12.5.3).

    >>> takes_gzip(b"br;q=1.0, gzip;q=0")
    False
    """
    found: dict[str, str] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        found[name.strip()] = weight.replace(" ", "")
    weight = found.get("gzip", found.get("*", "q=0"))
    return not NO_WEIGHT.fullmatch(weight)


def not_modified(headers: RawHeaders) -> RawHeaders:
    """Return those headers that an answer 304 repeats."""
    left_out = (b"content-type", b"content-encoding", b"content-length")
    return [pair for pair in headers if pair[0] not in left_out]


def _framed(deflated: bytes, plain: bytes) -> bytes:
    end = struct.pack("<II", zlib.crc32(plain), len(plain) & 0xFFFFFFFF)
    return GZIP_START + deflated + end


@lru_cache(maxsize=16)
def _http_date(moment: datetime) -> bytes:
    return format_datetime(moment, usegmt=True).encode()


OK, NOT_MODIFIED = int(HTTPStatus.OK), int(HTTPStatus.NOT_MODIFIED)
