"""Types and parsers for the fields of console forms and addresses."""

from datetime import date
from typing import Annotated

from fastapi import Form, Path, Query
from pydantic import AfterValidator, BeforeValidator

from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
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
# Browsers send a filter left at "Any" as an empty text.
EmptyIsNone = BeforeValidator(lambda typed: None if typed == "" else typed)
PageNumber = Annotated[int, Query(ge=1, le=100_000, description="1 for the first page")]
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,24}$", description="RR-..., RQ-..., RL-...")]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
Sku = Slug


def require_text(pointer: str, value: str, *, message: str) -> str:
    """Return ``value``.

    Raises:
        InvalidInputError: ``value`` is empty; the error shows ``message``.
    """
    if not value:
        raise InvalidInputError.of(FieldProblem(f"#/{pointer}", message))
    return value


def parse_money(pointer: str, typed: str, currency: str) -> Money:
    """Parse an amount such as ``1,234.50`` or ``$398``, in whole currency units.

    Raises:
        InvalidInputError: the text is no amount, or has too many decimals for the currency.
    """
    try:
        return Money.parse(typed, currency)
    except ValueError as error:
        raise InvalidInputError.of(FieldProblem(f"#/{pointer}", str(error))) from error


def parse_date(pointer: str, typed: str) -> date | None:
    """Parse a date such as ``2026-11-22``; return None for an empty text.

    Raises:
        InvalidInputError: the text is no date.
    """
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        problem = FieldProblem(f"#/{pointer}", "Enter a date like 2026-11-22.")
        raise InvalidInputError.of(problem) from error
