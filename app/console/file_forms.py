"""The forms with which staff send files: read once it is known who sends, one row a file."""

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
    """A form with files, and who sent it."""

    staff: Staff
    form: FormData

    def text(self, name: str) -> str:
        """Return what was typed into a field; empty if nothing was."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def file(self, name: str) -> UploadFile | None:
        """Return the file that was chosen; None if none was."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """A file that can be added as it is."""

    kind: FileKind
    upload: Upload
    words: FileMetadata


@dataclass(frozen=True, slots=True)
class FileFormRow:
    """One file as it was sent, or why it is refused; pointers end with the row's number."""

    number: int
    ready: AcceptedFile | None = None
    problems: tuple[FieldProblem, ...] = ()


async def _form(
    request: Request, staff: Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
) -> AsyncIterator[FileForm]:
    """Give the form, once it is known who sends it."""
    fields = (len(FIELDS) + 1) * MAX_ROWS + 10
    async with open_form(
        request, max_files=MAX_ROWS, max_fields=fields, max_part_bytes=MAX_FIELD_LENGTH
    ) as form:
        yield FileForm(staff, form)


SentDep = Annotated[FileForm, Depends(_form)]


def rows_of(sent: FileForm) -> list[FileFormRow]:
    """Return the rows of the form that hold anything, each looked at by itself."""
    rows = []
    for number in range(MAX_ROWS):
        typed = {name: sent.text(f"{name}-{number}") for name in FIELDS}
        file = sent.file(f"file-{number}")
        if file is None and not any(typed[name] for name in FIELDS if name != "kind"):
            continue
        rows.append(_row(number, typed, file))
    return rows


def one_of(sent: FileForm, kind: FileKind) -> Upload:
    """Return the one file of a form that replaces another.

    Raises:
        InvalidInputError: there is none, or it is not what it should be.
    """
    upload, problem = _upload(kind, sent.file("file"))
    if upload is None:
        raise InvalidInputError.of(FieldProblem("#/file", problem))
    return upload


def _row(number: int, typed: Mapping[str, str], file: UploadFile | None) -> FileFormRow:
    if typed["kind"] not in {str(kind) for kind in FileKind}:
        return FileFormRow(number, problems=(FieldProblem(f"#/kind-{number}", "Choose a type."),))
    kind = FileKind(typed["kind"])
    problems: list[FieldProblem] = []
    words = FileMetadata()
    try:
        words = read_words(kind, typed)
    except InvalidInputError as error:
        problems = [FieldProblem(f"{one.pointer}-{number}", one.detail) for one in error.errors]
    upload, wrong = _upload(kind, file)
    if upload is None:
        problems.append(FieldProblem(f"#/file-{number}", wrong))
    if problems or upload is None:
        return FileFormRow(number, problems=tuple(problems))
    return FileFormRow(number, AcceptedFile(kind, upload, words))


def _upload(kind: FileKind, file: UploadFile | None) -> tuple[Upload | None, str]:
    """Return what can be kept, or why nothing can."""
    if file is None:
        return None, "Choose a file."
    try:
        return uploads.inspect_upload(kind, file.file.read(), file.filename or ""), ""
    except FileRefusedError as error:
        return None, str(error)
