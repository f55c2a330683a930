"""What staff type into forms, checked: text that any database takes, dates, amounts of money."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated

from fastapi import Form, Path, Query
from pydantic import AfterValidator, BeforeValidator

from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import DECIMALS, Money
from app.core.text import TextConstraints, one_line

_trimmed = TextConstraints(strip_whitespace=True, max_length=500)
_trimmed_text = TextConstraints(strip_whitespace=True, max_length=5000)

Line = Annotated[str, Form(), _trimmed, AfterValidator(one_line)]
"""A form field of one line, at most 500 characters."""

Text = Annotated[str, Form(), _trimmed_text]
"""A form field of several lines, at most 5,000 characters."""

Search = Annotated[
    str,
    Query(description="Search terms"),
    TextConstraints(strip_whitespace=True, max_length=100),
    AfterValidator(one_line),
]
# A filter that is left at "Any" is sent as an empty text.
EmptyIsNone = BeforeValidator(lambda typed: None if typed == "" else typed)
PageNumber = Annotated[int, Query(ge=1, le=100_000, description="1 for the first page")]
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,24}$", description="RR-... or RL-...")]


def need(pointer: str, value: str, *, otherwise: str) -> str:
    """Return ``value``, which must not be empty.

    Raises:
        InvalidInputError: it is empty; ``otherwise`` says what to write.
    """
    if not value:
        raise InvalidInputError.of(FieldProblem(f"#/{pointer}", otherwise))
    return value


def money_of(pointer: str, typed: str, currency: str) -> Money:
    """Return the amount that somebody typed: ``1,234.50`` or ``$398``, in whole units.

    Raises:
        InvalidInputError: that is no amount, or has more decimals than the currency.
    """
    decimals = DECIMALS[currency]
    problem = FieldProblem(
        f"#/{pointer}", (f"Enter an amount like {Money(39800, currency).words()}.")
    )
    try:
        amount = Decimal(typed.replace(",", "").lstrip("$€£¥ ") or "0").scaleb(decimals)
    except InvalidOperation as error:
        raise InvalidInputError.of(problem) from error
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount < 10**12:
        raise InvalidInputError.of(problem)
    return Money(int(amount), currency)


def date_of(pointer: str, typed: str) -> date | None:
    """Return the date that somebody typed as ``2026-11-22``; None if they left it empty.

    Raises:
        InvalidInputError: that is no date.
    """
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        problem = FieldProblem(f"#/{pointer}", "Enter a date like 2026-11-22.")
        raise InvalidInputError.of(problem) from error
