"""The form of a request as it was sent, whatever its fields are called."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData

from app.core.forms import read_large_form

MAX_FIELDS = 10_000


async def sent(request: Request) -> FormData:
    """Return every field that was sent.

    Raises:
        BadRequestError: it holds what no database takes.
    """
    return await read_large_form(request, max_files=0, max_fields=MAX_FIELDS)


SubmittedForm = Annotated[FormData, Depends(sent)]


def text_of(form: FormData, name: str, longest: int = 200) -> str:
    """Return what was sent under ``name``, at most ``longest`` characters; "" if nothing was."""
    value = form.get(name, "")
    return value[:longest] if isinstance(value, str) else ""


def number_of(form: FormData, name: str) -> int:
    """Return the number that the page itself had sent along; 0 if it is not there."""
    text = text_of(form, name, 9)
    return int(text) if text.isascii() and text.isdigit() else 0
