"""Bytes packed once in each coding that browsers take, with holes that are filled late.

A hole is filled with a stored block, which every coding has, so nothing is packed again and the
packed length tells nothing about a secret. What comes after a hole may refer to what stands before
it, so a hole is packed as bytes of the secret's own length that nothing can refer to.
"""

import re
import secrets
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import brotli
import zstandard

GZIP_LEVEL, BROTLI_QUALITY, ZSTD_LEVEL = 6, 5, 9
# The window, as its logarithm: no page is longer, and it is a client's memory too.
WINDOW = 18
# No name, no time, any system: the same bytes from every worker.
GZIP_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# These are in no text in UTF-8; with one of them in every two, no two bytes of a page are alike.
NOT_IN_TEXT = (0xC0, 0xC1, *range(0xF5, 0x100))
# What Brotli looks back on to guess the next letter.
BROTLI_CONTEXT = 2
LONGEST_SECRET = 1 << 12
# What is packed in a hole's place is chosen by chance. About one choice in fifty does not come out
# whole: a packer referred to it after all.
TRIES = 5
WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Packed:
    """One answer in one coding; a secret of ``length`` bytes belongs between the parts."""

    coding: str
    parts: tuple[bytes, ...]
    length: int

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return sum(map(len, self.parts))

    def body(self, secret: bytes, pieces: Sequence[bytes]) -> bytes:
        """Return the bytes to send; ``pieces`` are the plain ones, with the same holes."""
        if len(self.parts) == 1:
            return self.parts[0]
        packed = secret.join(self.parts)
        return _framed(packed, secret.join(pieces)) if self.coding == "gzip" else packed


def pack(coding: str, pieces: Sequence[bytes], secret: bytes) -> Packed | None:
    """Pack ``pieces``, for secrets as long as this one. None if this coding cannot.

    It takes about a millisecond: not for the event loop.
    """
    if len(pieces) > 1 and not 0 < len(secret) <= LONGEST_SECRET:
        return None
    for _ in range(TRIES):
        parts = PACKERS[coding](pieces, len(secret))
        made = Packed(coding, tuple(parts), len(secret))
        # Packers choose freely how to pack, so it is seen, and not believed, that a secret other
        # than what was packed in its place comes out whole, and everything around it too.
        if len(pieces) == 1 or _unpacked(coding, made.body(secret, pieces)) == secret.join(pieces):
            return made
    return None


@lru_cache(maxsize=256)
def codings(accepted: bytes) -> tuple[str, ...]:
    """Return the codings that an ``Accept-Encoding`` header takes, the best first (RFC 9110).

    >>> codings(b"gzip, deflate, br, zstd"), codings(b"br;q=0.5, gzip;q=0.8, zstd;q=0")
    (('br', 'zstd', 'gzip'), ('gzip', 'br'))
    """
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        found = WEIGHT.fullmatch(parameters[0].replace(" ", "")) if parameters else None
        weights[name] = float(found[1]) if found else float(not parameters)
    weights.setdefault("gzip", weights.get("*", 0.0))
    least = weights.get("identity", 0.0)
    taken = [name for name in PACKERS if (weight := weights.get(name, 0.0)) and weight >= least]
    return tuple(sorted(taken, key=lambda name: -weights[name]))


def _gzip(pieces: Sequence[bytes], length: int) -> list[bytes]:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    *before, last = pieces
    stored = b"\x00" + struct.pack("<HH", length, length ^ 0xFFFF)
    # A full flush ends on a whole byte, and nothing after it refers to what stands before it.
    parts = [packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) + stored for piece in before]
    parts.append(packer.compress(last) + packer.flush(zlib.Z_FINISH))
    return parts if before else [_framed(parts[0], last)]


def _brotli(pieces: Sequence[bytes], length: int) -> list[bytes]:
    packer = brotli.Compressor(brotli.MODE_TEXT, BROTLI_QUALITY, WINDOW)
    # RFC 7932, 9.2: not the last block, its length less one in 16 bits, uncompressed; whole bytes.
    # It holds the first letters after the hole too, as the next block begins by guessing from them.
    stored = ((length + BROTLI_CONTEXT - 1) << 3 | 1 << 19).to_bytes(3, "little")
    first, *rest = pieces
    parts = [packer.process(first)]
    for piece in rest:
        parts[-1] += packer.flush() + stored
        packer.process(_nothing_like(length) + piece[:BROTLI_CONTEXT])
        packer.flush()
        parts.append(piece[:BROTLI_CONTEXT] + packer.process(piece[BROTLI_CONTEXT:]))
    parts[-1] += packer.finish()
    return parts


def _zstd(pieces: Sequence[bytes], length: int) -> list[bytes]:
    settings = zstandard.ZstdCompressionParameters.from_level(ZSTD_LEVEL, window_log=WINDOW)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    # RFC 8878, 3.1.1.2: not the last block, raw, its length.
    stored = (length << 3).to_bytes(3, "little")
    first, *rest = pieces
    parts = [packer.compress(first)]
    for piece in rest:
        parts[-1] += packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) + stored
        packer.compress(_nothing_like(length))
        packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        parts.append(packer.compress(piece))
    parts[-1] += packer.flush()
    return parts


# The best first, of those that a client takes as gladly.
PACKERS: dict[str, Callable[[Sequence[bytes], int], list[bytes]]] = {
    "br": _brotli,
    "zstd": _zstd,
    "gzip": _gzip,
}


def _nothing_like(length: int) -> bytes:
    """Return bytes that cannot be packed and to which nothing in a page can refer."""
    odd = bytes(secrets.choice(NOT_IN_TEXT) for _ in range(length))
    return bytes(
        one if place % 2 else other
        for place, (one, other) in enumerate(zip(secrets.token_bytes(length), odd, strict=True))
    )


def _unpacked(coding: str, data: bytes) -> bytes | None:
    try:
        if coding == "br":
            return bytes(brotli.decompress(data))
        if coding == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
        return zlib.decompress(data, zlib.MAX_WBITS | 16)
    except (brotli.error, zstandard.ZstdError, zlib.error):
        return None


def _framed(deflated: bytes, plain: bytes) -> bytes:
    end = struct.pack("<II", zlib.crc32(plain), len(plain) & 0xFFFFFFFF)
    return GZIP_START + deflated + end
