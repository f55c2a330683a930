"""Forms as text fields by name."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

from fastapi import Depends

from app.core.forms import FormDep
from app.core.money import DECIMALS


def fields_of(form: FormDep) -> dict[str, str]:
    """Return the text fields of a form, the first of each name."""
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, value)
    return fields


FieldsDep = Annotated[dict[str, str], Depends(fields_of)]


def parse_whole(text: str, *, minimum: int, maximum: int) -> int | None:
    """Return ``text`` as a whole number; None if it is not one within the limits."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > len(str(maximum)):
        return None
    number = int(stripped)
    return number if minimum <= number <= maximum else None


def parse_amount(text: str, currency: str) -> int | None:
    """Return an amount such as ``5,000`` or ``$398.00`` in minor units; None if it is none.

    >>> parse_amount("$5,000", "USD"), parse_amount("5.001", "USD"), parse_amount("five", "USD")
    (500000, None, None)
    """
    try:
        amount = Decimal(text.replace(",", "").strip("$€£¥ ")).scaleb(DECIMALS[currency])
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount != amount.to_integral_value() or amount < 0:
        return None
    return int(amount)
