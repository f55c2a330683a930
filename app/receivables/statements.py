"""The arithmetic of a statement of account. Pure (docs/invoicing.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class EntryKind(StrEnum):
    """What changed the amount owed. The order is that of entries of one day."""

    INVOICE = "invoice"
    PAYMENT = "payment"
    CREDIT = "credit"
    REFUND = "refund"
    WRITE_OFF = "write_off"
    VOID = "void"


# An invoice and a refund raise what is owed; everything else lowers it.
_RAISES = frozenset({EntryKind.INVOICE, EntryKind.REFUND})


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the amount owed. ``amount`` is in minor units.

    It is negative only where an earlier entry is taken back, such as a voided check.
    """

    on: date
    kind: EntryKind
    reference: str
    description: str
    amount: int

    @property
    def change(self) -> int:
        """What it adds to the amount owed."""
        return self.amount if self.kind in _RAISES else -self.amount


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry, and the balance after it."""

    entry: Entry
    balance: int


@dataclass(frozen=True, slots=True)
class StatementTotals:
    """The sums of a statement: ``opening`` and all changes make ``closing``."""

    opening: int
    invoiced: int
    paid: int
    credited: int
    refunded: int
    written_off: int
    voided: int
    closing: int


@dataclass(frozen=True, slots=True)
class StatementSums:
    """The lines of a period, and their totals."""

    lines: tuple[StatementLine, ...]
    totals: StatementTotals


def sum_statement(entries: Iterable[Entry], *, starts_on: date, ends_on: date) -> StatementSums:
    """Return the statement from ``starts_on`` through ``ends_on``.

    Entries before the period make the opening balance; entries after it are left out.

    Raises:
        ValueError: the period ends before it starts.
    """
    if ends_on < starts_on:
        msg = "a statement ends before it starts"
        raise ValueError(msg)
    kinds = list(EntryKind)
    ordered = sorted(entries, key=lambda entry: (entry.on, kinds.index(entry.kind)))
    opening = sum(entry.change for entry in ordered if entry.on < starts_on)
    balance, lines = opening, []
    sums = dict.fromkeys(EntryKind, 0)
    for entry in ordered:
        if starts_on <= entry.on <= ends_on:
            balance += entry.change
            sums[entry.kind] += entry.amount
            lines.append(StatementLine(entry, balance))
    totals = StatementTotals(
        opening=opening,
        invoiced=sums[EntryKind.INVOICE],
        paid=sums[EntryKind.PAYMENT],
        credited=sums[EntryKind.CREDIT],
        refunded=sums[EntryKind.REFUND],
        written_off=sums[EntryKind.WRITE_OFF],
        voided=sums[EntryKind.VOID],
        closing=balance,
    )
    return StatementSums(tuple(lines), totals)
