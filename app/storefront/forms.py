"""Forms as text fields by name."""

from typing import Annotated

from fastapi import Depends

from app.core.forms import FormDep


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
