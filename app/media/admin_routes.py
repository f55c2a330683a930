"""Staff endpoints for the files of a film."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.catalog import queries
from app.catalog.file_enums import FileKind
from app.catalog.file_schemas import StaffFileOut, StaffFilesOut
from app.catalog.routes import SlugPath
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyKeyDep, IdempotencyKeyReusedError
from app.media import service, uploads
from app.media.errors import FileRefusedError, FileTakenError
from app.media.file_metadata import FileMetadata, read_words
from app.media.upload_form import Editor, FileUploadForm, RefPath, form_with_file, sent_with

router = APIRouter(
    prefix="/admin/films/{slug}/files",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError, NotFoundError),
)
FIELDS = ("kind", *FileMetadata.model_fields)
REQUEST_BODY = form_with_file(
    "JPEG, PNG, WebP, or AVIF for an image; PDF for a press kit or guide. Detected from the "
    "content, not the name",
    fields={
        "kind": {"enum": [str(kind) for kind in FileKind]},
        "title": {"description": "Required for a PDF"},
        "alt": {"description": "Alt text. Required for an image"},
        "credit": {"description": "Credit line shown with the image"},
        "language": {"description": "ISO 639 code, for a PDF"},
    },
    required=["kind"],
)


@router.get("", summary="List the files of a film")
def list_files(session: ReadSessionDep, _editor: Editor, slug: SlugPath) -> StaffFilesOut:
    """List all files of a film, including withdrawn files and files that are not ready."""
    film = queries.film_for_staff(session, slug)
    return StaffFilesOut.of(service.files_of(session, film))


@router.post(
    "",
    summary="Add a file to a film",
    status_code=HTTPStatus.CREATED,
    responses=responses(FileTakenError, IdempotencyKeyReusedError),
    openapi_extra=REQUEST_BODY,
)
def add_file(
    request: Request,
    *,
    editor: Editor,
    slug: SlugPath,
    sent: Annotated[FileUploadForm, Depends(sent_with(FIELDS))],
    idempotency_key: IdempotencyKeyDep,
    response: Response,
) -> StaffFileOut:
    """Add an image or a document. An image is shown after it is processed.

    Metadata of images, such as location and camera, is removed.
    """
    state = app_state(request)
    with state.readers() as session:
        queries.film_for_staff(session, slug)
    kind = _kind(sent.values.get("kind", ""))
    words = read_words(kind, sent.values)
    try:
        upload = uploads.inspect_upload(kind, sent.read(), sent.file.filename or "")
    except FileRefusedError as error:
        raise InvalidInputError.of(FieldProblem("#/file", str(error))) from error
    uploads.store_upload(state.storage, upload)
    key = idempotency_key.about(kind, words.model_dump_json(), upload.sha256)
    with state.sessions.begin() as session:

        def work() -> StaffFileOut:
            film = queries.film_for_staff(session, slug)
            file = service.add_file(session, film, kind, upload, words, actor=editor)
            return StaffFileOut.of(file)

        answer = key.run_once(session, StaffFileOut, work)
    uploads.ensure_stored(state.storage, upload)
    response.headers["Location"] = f"/api/v1/admin/films/{slug}/files"
    return answer


@router.delete("/{ref}", summary="Withdraw a file", status_code=HTTPStatus.NO_CONTENT)
def withdraw_file(session: SessionDep, editor: Editor, slug: SlugPath, ref: RefPath) -> None:
    """Remove a file from the film's page. The console can restore it."""
    film = queries.film_for_staff(session, slug, for_change=True)
    service.withdraw(session, film, service.file_of(session, film, ref), actor=editor)


def _kind(value: str) -> FileKind:
    try:
        return FileKind(value)
    except ValueError as error:
        known = ", ".join(FileKind)
        raise InvalidInputError.of(FieldProblem("#/kind", f"one of {known}")) from error
