"""Sets of small numbers as bitmaps in Python's own integers: quick to join and to count."""

import re
from collections.abc import Iterable, Iterator, Sequence

NONZERO_BYTE = re.compile(rb"[^\0]")
# The numbers that a byte's bits stand for, and each bit by its number.
BITS_OF_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))
BIT_MASKS = tuple(1 << bit for bit in range(8))


def bitmap(numbers: Iterable[int], size: int) -> int:
    """Return the set of ``numbers``, each below ``size``.

    >>> bin(bitmap([0, 3], 8))
    '0b1001'
    """
    data = bytearray((size >> 3) + 1)
    for number in numbers:
        data[number >> 3] |= BIT_MASKS[number & 7]
    return int.from_bytes(data, "little")


def bitmap_members(bits: int) -> list[int]:
    """Return what is in the set, ascending.

    >>> bitmap_members(0b1001)
    [0, 3]
    """
    data = bits.to_bytes((bits.bit_length() + 7) >> 3, "little")
    numbers: list[int] = []
    for match in NONZERO_BYTE.finditer(data):
        position = match.start()
        base = position << 3
        numbers += [base + bit for bit in BITS_OF_BYTE[data[position]]]
    return numbers


def iterate_in_order(bits: int, order: Sequence[int], size: int) -> Iterator[int]:
    """Yield what is in the set, in the order of ``order``, whose numbers are below ``size``."""
    data = (bits & ((1 << size) - 1)).to_bytes((size >> 3) + 1, "little")
    for number in order:
        if data[number >> 3] & BIT_MASKS[number & 7]:
            yield number
