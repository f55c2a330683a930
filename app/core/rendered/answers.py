"""An answer kept as bytes. Where it holds a visitor's secret, it has a hole that is filled late."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus

from app.core.rendered import packing

RawHeaders = list[tuple[bytes, bytes]]
RawGiven = dict[bytes, bytes]
SECOND = timedelta(seconds=1)
# Below this a packed answer is hardly smaller than its headers.
WORTH_PACKING = 600
# What an answer takes beside its bytes: its key, its headers, the objects that hold them.
OVERHEAD = 2000


@dataclass(frozen=True, slots=True)
class Secret:
    """What goes into the holes of one visitor's answer, and the headers that come with it."""

    value: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()


NOTHING = Secret(b"")
UNTRIED = packing.Packed("", (), 0)


class Answer:
    """One answer: its headers, and its body in pieces between which a secret stands."""

    __slots__ = (
        "_headers", "_packed", "_plain", "_tag", "_told_at", "counted", "is_asked_for", "pieces",
        "status",
    )  # fmt: skip

    def __init__(
        self, status: int, headers: RawHeaders, pieces: Sequence[bytes], *, changed_at: datetime
    ) -> None:
        self.status = status
        self.pieces = tuple(pieces)
        self._tag = hashlib.blake2b(b"\x00".join(self.pieces), digest_size=12).hexdigest()
        self._headers = [pair for pair in headers if pair[0] != b"content-length"]
        self._told_at = changed_at.replace(microsecond=0)
        self._packed: dict[str, packing.Packed | None] = {}
        self._plain = self.pieces[0] if len(self.pieces) == 1 else None
        self.counted = 0  # bytes, by whoever keeps it
        self.is_asked_for = True  # since it is kept

    @property
    def has_holes(self) -> bool:
        """Whether it holds a secret of each visitor's own."""
        return len(self.pieces) > 1

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, about, in all the codings that it has by now."""
        packed = sum(one.size for one in tuple(self._packed.values()) if one)
        return OVERHEAD + sum(map(len, self.pieces)) + packed

    def coding(self, accepted: bytes, secret: Secret) -> str:
        """Return in which coding to send it to a client that accepts these; empty for none."""
        if sum(map(len, self.pieces)) < WORTH_PACKING:
            return ""
        for coding in packing.codings(accepted):
            packed = self._packed.get(coding, UNTRIED)
            if packed is UNTRIED:
                return coding
            if packed and (not self.has_holes or packed.length == len(secret.value)):
                return coding
        return ""

    def is_packed(self, coding: str) -> bool:
        """Whether ``pack`` was called for this coding; the plain one needs none."""
        return not coding or coding in self._packed

    def pack(self, coding: str, secret: Secret) -> None:
        """Pack it, once for all: not for the event loop. Whether it could is told by ``coding``."""
        self._packed[coding] = packing.pack(coding, self.pieces, secret.value)

    @property
    def packed_for(self) -> dict[str, int]:
        """The codings that it is packed in, and how long the secrets are that fit in."""
        return {coding: one.length for coding, one in tuple(self._packed.items()) if one}

    def pack_like(self, before: "Answer") -> None:
        """Pack it in the codings in which the one before it was sent: not for the event loop."""
        if self.has_holes is before.has_holes:
            for coding, length in before.packed_for.items():
                self.pack(coding, Secret(b"0" * length))

    def tag(self, secret: Secret, coding: str = "") -> bytes:
        """Return the ETag, another in each coding: weak, as pages of the same facts may differ."""
        mine = f"-{secret.value[:12].decode()}" if self.has_holes else ""
        ending = f"-{coding}" if coding else ""
        return f'W/"{self._tag}{mine}{ending}"'.encode()

    def body(self, secret: Secret, coding: str = "") -> bytes:
        """Return the bytes with ``secret`` in every hole, in a coding that it was packed in."""
        packed = self._packed.get(coding)
        if packed is not None:
            return packed.body(secret.value, self.pieces)
        return secret.value.join(self.pieces) if self._plain is None else self._plain

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


def not_modified(headers: RawHeaders) -> RawHeaders:
    """Return those headers that an answer 304 repeats."""
    left_out = (b"content-type", b"content-encoding", b"content-length")
    return [pair for pair in headers if pair[0] not in left_out]


@lru_cache(maxsize=16)
def _http_date(moment: datetime) -> bytes:
    return format_datetime(moment, usegmt=True).encode()


OK, NOT_MODIFIED = int(HTTPStatus.OK), int(HTTPStatus.NOT_MODIFIED)
