"""Sets of small numbers as bitmaps in Python's own integers: quick to join and to count."""

import re
from collections.abc import Iterable, Iterator, Sequence

SOME = re.compile(rb"[^\0]")
# The numbers that a byte's bits stand for, and each bit by its number.
IN_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))
BIT = tuple(1 << bit for bit in range(8))


def bitmap(numbers: Iterable[int], size: int) -> int:
    """Return the set of ``numbers``, each below ``size``.

    >>> bin(bitmap([0, 3], 8))
    '0b1001'
    """
    made = bytearray((size >> 3) + 1)
    for number in numbers:
        made[number >> 3] |= BIT[number & 7]
    return int.from_bytes(made, "little")


def numbers_of(bits: int) -> list[int]:
    """Return what is in the set, ascending.

    >>> numbers_of(0b1001)
    [0, 3]
    """
    data = bits.to_bytes((bits.bit_length() + 7) >> 3, "little")
    found: list[int] = []
    for match in SOME.finditer(data):
        place = match.start()
        base = place << 3
        found += [base + bit for bit in IN_BYTE[data[place]]]
    return found


def in_order(bits: int, order: Sequence[int], size: int) -> Iterator[int]:
    """Yield what is in the set, in the order of ``order``, whose numbers are below ``size``."""
    data = (bits & ((1 << size) - 1)).to_bytes((size >> 3) + 1, "little")
    for number in order:
        if data[number >> 3] & BIT[number & 7]:
            yield number
