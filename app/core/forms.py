"""Forms as they are sent: read within bounds, in plain text that any database takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from app.core.errors import BadRequestError
from app.core.text import normalize

MAX_FIELDS = 200
MAX_PART_BYTES = 200_000
UNREADABLE = "The form contains invalid characters. Nothing was changed."


async def read_form(request: Request) -> FormData:
    """Return the request's form, read once; files are not taken.

    Raises:
        BadRequestError: it names an encoding that yields no text, or text that no database takes.
    """
    return await read_large_form(request, max_files=0, max_fields=MAX_FIELDS)


FormDep = Annotated[FormData, Depends(read_form)]


async def read_large_form(
    request: Request, *, max_files: int, max_fields: int, max_part_bytes: int = MAX_PART_BYTES
) -> FormData:
    """Return the request's form as ``read_form`` does, within other bounds.

    Raises:
        BadRequestError: it names an encoding that yields no text, or text that no database takes.
    """
    try:
        form = await request.form(
            max_files=max_files, max_fields=max_fields, max_part_size=max_part_bytes
        )
    except UnicodeError as error:
        raise BadRequestError(UNREADABLE) from error
    request.state.sent_form = texts = normalized(form)
    return texts


@asynccontextmanager
async def open_form(
    request: Request, *, max_files: int, max_fields: int, max_part_bytes: int
) -> AsyncIterator[FormData]:
    """Give the request's form; its files are closed, and gone, when the block ends.

    Raises:
        BadRequestError: it names an encoding that yields no text, or text that no database takes.
    """
    try:
        yield await read_large_form(
            request, max_files=max_files, max_fields=max_fields, max_part_bytes=max_part_bytes
        )
    finally:
        await request.close()


def normalized(form: FormData) -> FormData:
    """Return a form with its texts in their normal form; files stay as they are.

    Raises:
        BadRequestError: some of it is half a character, or NUL.
    """
    try:
        texts = [text for pair in form.multi_items() for text in pair if isinstance(text, str)]
        # Some encodings yield halves of characters, which cannot be written in this one.
        written = "".join(texts).encode()
    except UnicodeError as error:
        raise BadRequestError(UNREADABLE) from error
    if b"\x00" in written:
        raise BadRequestError(UNREADABLE)
    return FormData([(normalize(name), _normalized(value)) for name, value in form.multi_items()])


def _normalized(value: UploadFile | str) -> UploadFile | str:
    return normalize(value) if isinstance(value, str) else value
