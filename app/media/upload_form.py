"""A form that brings one file over the API, read once its sender may send one."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from starlette.datastructures import UploadFile

from app.accounts.actors import Actor
from app.accounts.keys import Scope, require_scopes
from app.core.errors import FieldProblem, InvalidInputError
from app.core.forms import open_form

Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]
RefPath = Annotated[str, Path(pattern=r"^[0-9a-z]{10}$", examples=["7k3qf9td2m"])]
MAX_FIELDS = 20
MAX_FIELD_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class FileUploadForm:
    """A form that brought one file."""

    values: dict[str, str]
    file: UploadFile

    def read(self) -> bytes:
        """Return the file's bytes, from memory or disk."""
        return self.file.file.read()


def form_with_file(
    file: str, *, fields: Mapping[str, Mapping[str, Any]], required: Collection[str]
) -> dict[str, Any]:
    """Return how OpenAPI documents a form with a file and text fields.

    ``file`` says which files are taken; ``fields`` gives more on a field than that it is a text.
    """
    properties = {
        "file": {"type": "string", "format": "binary", "description": file},
        **{name: {"type": "string", **more} for name, more in fields.items()},
    }
    schema = {
        "type": "object",
        "required": ["file", *required],
        "additionalProperties": False,
        "properties": properties,
    }
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def sent_with(fields: Collection[str]) -> Callable[..., AsyncIterator[FileUploadForm]]:
    """Return a dependency that reads a form with a file and these fields."""

    async def sent(request: Request, _editor: Editor) -> AsyncIterator[FileUploadForm]:
        """Read the form."""
        async with open_file_form(request, fields) as form:
            yield form

    return sent


@asynccontextmanager
async def open_file_form(
    request: Request, fields: Collection[str]
) -> AsyncIterator[FileUploadForm]:
    """Give the request's form with one file and these fields; its file is gone afterwards.

    Raises:
        InvalidInputError: it has no file, or a field that is none of ours.
    """
    async with open_form(
        request, max_files=1, max_fields=MAX_FIELDS, max_part_bytes=MAX_FIELD_LENGTH
    ) as form:
        file = form.get("file")
        unknown = sorted(set(form) - {*fields, "file"})
        problems = [FieldProblem(f"#/{name}", "Unknown field.") for name in unknown]
        if not isinstance(file, UploadFile):
            problems.append(FieldProblem("#/file", "Send a file as multipart/form-data."))
        if problems or not isinstance(file, UploadFile):
            raise InvalidInputError.of(*problems)
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
        yield FileUploadForm(texts, file)
