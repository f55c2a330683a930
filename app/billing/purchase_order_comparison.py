"""Comparison of what a purchase order says with what was ordered, line by line. Pure.

Differences are kept as text, as both sides read, so that they stay true whatever changes later.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from app.core.money import Money

NOT_ORDERED = "Not ordered"
NOT_STATED = "Not on the purchase order"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class ComparedLine(_Value):
    """One line of an order, or of a purchase order.

    ``line`` is the number of the order's line; None for a line that the order does not have.
    """

    line: int | None
    title: str
    rights: str
    quantity: int
    unit_amount: int
    total_amount: int


class ComparedOrder(_Value):
    """An order, or what a purchase order says of it. ``other_text`` is the latter's alone."""

    currency: str
    lines: tuple[ComparedLine, ...]
    total_amount: int
    other_text: str = ""


class Difference(_Value):
    """One difference: what it is about, what was ordered, and what the purchase order says."""

    line: int | None
    item: str
    field: str
    ordered: str
    stated: str


def find_differences(ordered: ComparedOrder, stated: ComparedOrder) -> list[Difference]:
    """Return where ``stated`` differs from ``ordered``, in the order of the lines.

    Case and spaces of texts do not matter.
    """
    by_line = {line.line: line for line in stated.lines}
    differences: list[Difference] = []
    for line in ordered.lines:
        other = by_line.get(line.line)
        if other is None:
            differences.append(_difference(line, "Line", _line_text(line, ordered), NOT_STATED))
        else:
            differences += _compare_lines(line, other, ordered.currency)
    # Staff may have removed a line since, so that it is not ordered any more.
    numbers = {line.line for line in ordered.lines}
    for line in stated.lines:
        if line.line not in numbers:
            text = _line_text(line, stated)
            differences.append(_difference(line, "Line", NOT_ORDERED, text))
    if stated.total_amount != ordered.total_amount:
        total, other_total = (
            Money(each.total_amount, each.currency).words() for each in (ordered, stated)
        )
        differences.append(
            Difference(line=None, item="Order", field="Total", ordered=total, stated=other_total)
        )
    if stated.other_text:
        differences.append(
            Difference(
                line=None,
                item="Order",
                field="Other text",
                ordered=NOT_ORDERED,
                stated=stated.other_text,
            )
        )
    return differences


def _compare_lines(line: ComparedLine, other: ComparedLine, currency: str) -> Sequence[Difference]:
    pairs = (
        ("Title", line.title, other.title),
        ("Rights", line.rights, other.rights),
        ("Quantity", str(line.quantity), str(other.quantity)),
        ("Unit price", *_amounts(line.unit_amount, other.unit_amount, currency)),
        ("Line total", *_amounts(line.total_amount, other.total_amount, currency)),
    )
    return [
        _difference(line, field, ordered, stated)
        for field, ordered, stated in pairs
        if _plain(ordered) != _plain(stated)
    ]


def _amounts(ordered: int, stated: int, currency: str) -> tuple[str, str]:
    return Money(ordered, currency).words(), Money(stated, currency).words()


def _difference(line: ComparedLine, field: str, ordered: str, stated: str) -> Difference:
    return Difference(
        line=line.line, item=line.title, field=field, ordered=ordered, stated=stated or NOT_STATED
    )


def _line_text(line: ComparedLine, order: ComparedOrder) -> str:
    rights = f" ({line.rights})" if line.rights else ""
    total = Money(line.total_amount, order.currency).words()
    return f"{line.title}{rights}, quantity {line.quantity}, {total}"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
