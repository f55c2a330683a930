"""An offer's prices as one table: a line for each class and band, with what holds when."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.accounts.customers import CLASSES, CustomerClass
from app.offers.models import PriceRow


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """What one class pays at one size: today, later, and before."""

    who: str
    band: str
    now: PriceRow | None
    coming: Sequence[PriceRow]
    past: Sequence[PriceRow]


def price_lines(rows: Sequence[PriceRow], today: date) -> list[PriceHistory]:
    """Return the lines of the table, in the order of the classes and from small to large."""
    found: dict[tuple[CustomerClass, int, int | None], list[PriceRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.valid_from):
        found[row.customer_class, row.size_from, row.size_below].append(row)
    order = list(CLASSES)
    lines = []
    for key in sorted(found, key=lambda key: (order.index(key[0]), key[1], key[2] or 10**12)):
        of_line = found[key]
        facts = CLASSES[key[0]]
        lines.append(
            PriceHistory(
                who=facts.plural_label,
                band=of_line[0].point.band.label(facts.size_measure),
                now=next((row for row in of_line if row.point.is_valid(today)), None),
                coming=[row for row in of_line if row.valid_from > today],
                past=[row for row in of_line if row.valid_to and row.valid_to < today],
            )
        )
    return lines
