"""Upload forms: one row for each file, read after the permission check."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from app.accounts.permissions import Scope
from app.catalog.file_enums import FileKind
from app.console.access import Staff, require_scopes
from app.core.errors import FieldProblem, InvalidInputError
from app.core.forms import open_form
from app.media import uploads
from app.media.errors import FileRefusedError
from app.media.file_metadata import FileMetadata, read_words
from app.media.uploads import Upload

MAX_ROWS = 8
FIELDS = ("kind", *FileMetadata.model_fields)
MAX_FIELD_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class FileForm:
    """An upload form and its sender."""

    staff: Staff
    form: FormData

    def text(self, name: str) -> str:
        """Return the text of a field, or ""."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def file(self, name: str) -> UploadFile | None:
        """Return the chosen file, or None."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """A file that can be added."""

    kind: FileKind
    upload: Upload
    metadata: FileMetadata


@dataclass(frozen=True, slots=True)
class FileFormRow:
    """One row of an upload form: an accepted file, or its errors."""

    number: int
    ready: AcceptedFile | None = None
    problems: tuple[FieldProblem, ...] = ()


async def _form(
    request: Request, staff: Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
) -> AsyncIterator[FileForm]:
    """Yield the form after the permission check."""
    fields = (len(FIELDS) + 1) * MAX_ROWS + 10
    async with open_form(
        request, max_files=MAX_ROWS, max_fields=fields, max_part_bytes=MAX_FIELD_LENGTH
    ) as form:
        yield FileForm(staff, form)


UploadFormDep = Annotated[FileForm, Depends(_form)]


def read_rows(upload_form: FileForm) -> list[FileFormRow]:
    """Return the rows of the form that are filled in, each checked by itself."""
    rows = []
    for number in range(MAX_ROWS):
        typed = {name: upload_form.text(f"{name}-{number}") for name in FIELDS}
        file = upload_form.file(f"file-{number}")
        if file is None and not any(typed[name] for name in FIELDS if name != "kind"):
            continue
        rows.append(_row(number, typed, file))
    return rows


def read_replacement(upload_form: FileForm, kind: FileKind) -> Upload:
    """Return the file that replaces another one.

    Raises:
        InvalidInputError: the file is missing or not accepted.
    """
    upload, problem = _upload(kind, upload_form.file("file"))
    if upload is None:
        raise InvalidInputError.of(FieldProblem("#/file", problem))
    return upload


def _row(number: int, typed: Mapping[str, str], file: UploadFile | None) -> FileFormRow:
    if typed["kind"] not in {str(kind) for kind in FileKind}:
        return FileFormRow(number, problems=(FieldProblem(f"#/kind-{number}", "Choose a type."),))
    kind = FileKind(typed["kind"])
    problems: list[FieldProblem] = []
    metadata = FileMetadata()
    try:
        metadata = read_words(kind, typed)
    except InvalidInputError as error:
        problems = [FieldProblem(f"{item.pointer}-{number}", item.detail) for item in error.errors]
    upload, refusal = _upload(kind, file)
    if upload is None:
        problems.append(FieldProblem(f"#/file-{number}", refusal))
    if problems or upload is None:
        return FileFormRow(number, problems=tuple(problems))
    return FileFormRow(number, AcceptedFile(kind, upload, metadata))


def _upload(kind: FileKind, file: UploadFile | None) -> tuple[Upload | None, str]:
    """Return the accepted file, or None and the reason."""
    if file is None:
        return None, "Choose a file."
    try:
        return uploads.inspect_upload(kind, file.file.read(), file.filename or ""), ""
    except FileRefusedError as error:
        return None, str(error)
