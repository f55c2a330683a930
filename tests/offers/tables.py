"""Read the worked tables of documents: the document is the test's data."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from app.core.money import DECIMALS, Money

DOCS = Path(__file__).parents[2] / "docs"


def table(name: str, document: str = "pricing.md") -> list[dict[str, str]]:
    """Return the rows of the table that follows the comment ``<!-- table: name -->``."""
    text = (DOCS / document).read_text(encoding="utf-8")
    lines = text.split(f"<!-- table: {name} -->\n")[1].splitlines()
    rows = []
    for line in lines[1:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    head, _rule, *body = rows
    return [dict(zip(head, row, strict=True)) for row in body]


def money(cell: str) -> Money:
    """Read ``1,257.00 USD``."""
    amount, currency = cell.split()
    minor = Decimal(amount.replace(",", "")).scaleb(DECIMALS[currency])
    return Money(int(minor), currency)


def number(cell: str) -> int | None:
    """Read a whole number; a dash is None."""
    return None if cell == "-" else int(cell)


def day(cell: str) -> date | None:
    """Read a date; a dash is None."""
    return None if cell == "-" else date.fromisoformat(cell)


def sure_day(cell: str) -> date:
    """Read a date that must be there."""
    return date.fromisoformat(cell)


def numbers(cell: str) -> list[int]:
    """Read ``0, 1, 2499``."""
    return [int(part) for part in cell.split(",") if part.strip()]
