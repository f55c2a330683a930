"""Forms with files, read by the endpoint itself: once it knows who sends, and within bounds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from app.core.errors import BadRequestError
from app.core.text import normalize

UNREADABLE = "The form holds characters that cannot be kept. Nothing was changed."


@asynccontextmanager
async def form_of(
    request: Request, *, max_files: int, max_fields: int, max_part_bytes: int
) -> AsyncIterator[FormData]:
    """Give the request's form; its files are closed, and gone, when the block ends.

    Raises:
        BadRequestError: it names an encoding that yields no text, or text that no database takes.
    """
    try:
        form = await request.form(
            max_files=max_files, max_fields=max_fields, max_part_size=max_part_bytes
        )
    except UnicodeError as error:
        raise BadRequestError(UNREADABLE) from error
    try:
        texts = normalized(form)
        request.state.sent_form = texts
        yield texts
    finally:
        await form.close()


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
