"""Forms as plain text fields: the first value of each name, nothing else."""

from typing import Annotated

from fastapi import Depends

from app.core.forms import FormDep


def fields_of(form: FormDep) -> dict[str, str]:
    """Return the form's text fields; files are left out, and so is all but a name's first value."""
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, value)
    return fields


FieldsDep = Annotated[dict[str, str], Depends(fields_of)]


def whole(text: str, *, least: int, most: int) -> int | None:
    """Return the number that ``text`` is, or None if it is none within these bounds."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > len(str(most)):
        return None
    number = int(stripped)
    return number if least <= number <= most else None
