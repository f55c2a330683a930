"""Staff endpoints for imports: upload a file, read its results, apply it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyKeyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep, id_of
from app.imports import uploads
from app.imports.lines import ImportFileError, LineOutcome
from app.imports.schemas import ApplyIn, CheckIn, ImportOut, LineOut
from app.media.upload_form import Editor, FileUploadForm, form_with_file, sent_with

router = APIRouter(
    prefix="/admin/catalog/imports",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
RefPath = Annotated[str, Path(pattern=r"^FI-[0-9A-Z]{8}$", examples=["FI-7K3QF9TD"])]
REQUEST_BODY = form_with_file(
    "JSON Lines, CSV, Excel workbook, MARC 21, or MARCXML, up to "
    f"{uploads.MAX_FILE_BYTES // 1_000_000} MB. The format is detected from the content",
    fields={},
    required=(),
)


@router.post(
    "",
    summary="Import a file of films",
    status_code=HTTPStatus.CREATED,
    responses=responses(IdempotencyKeyReusedError),
    openapi_extra=REQUEST_BODY,
)
def send_file(
    request: Request,
    *,
    editor: Editor,
    form: Annotated[FileUploadForm, Depends(sent_with(()))],
    idempotency_key: IdempotencyKeyDep,
    response: Response,
) -> ImportOut:
    """Upload a file and check it. Nothing is applied. Poll the import until it is `checked`."""
    state = app_state(request)
    try:
        upload = uploads.UploadedFile.of(
            form.file.filename or "", form.file.file.read(uploads.MAX_FILE_BYTES + 1)
        )
    except ImportFileError as error:
        raise InvalidInputError.of(FieldProblem("#/file", str(error))) from error
    uploads.store_upload(state.storage, upload)
    key = idempotency_key.about(upload.name, upload.sha256)
    with state.sessions.begin() as session:
        import_out = key.run_once(
            session,
            ImportOut,
            lambda: ImportOut.of(uploads.create_import(session, upload, actor=editor)),
        )
    uploads.store_upload(state.storage, upload)
    response.headers["Location"] = f"/api/v1/admin/catalog/imports/{import_out.ref}"
    return import_out


@router.get("", summary="List imports of films")
def list_imports(session: ReadSessionDep, _editor: Editor, page: PageDep) -> Page[ImportOut]:
    """List imports, including those of the command, newest first."""
    keys = page.keys(1)
    below = id_of(keys[0]) if keys else None
    rows = uploads.find_imports(session, below=below, limit=page.limit + 1)
    shown, cursor = page.cut(rows, lambda row: (row.id,))
    return Page(items=[ImportOut.of(row) for row in shown], next=cursor)


@router.get("/{ref}", summary="Get an import of films", responses=responses(NotFoundError))
def read_import(session: ReadSessionDep, _editor: Editor, ref: RefPath) -> ImportOut:
    """Return the progress of an import, and its preview or results."""
    return ImportOut.of(uploads.get_import(session, ref))


@router.get(
    "/{ref}/lines", summary="List the lines of an import", responses=responses(NotFoundError)
)
def list_lines(
    session: ReadSessionDep,
    _editor: Editor,
    ref: RefPath,
    page: PageDep,
    outcome: Annotated[
        LineOutcome | None, Query(description="Only lines with this outcome")
    ] = None,
) -> Page[LineOut]:
    """List the result of each line in file order. Results are kept for seven days."""
    keys = page.keys(1)
    row = uploads.get_import(session, ref)
    after = id_of(keys[0]) if keys else 0
    lines = uploads.find_lines(session, row, outcome=outcome, after=after, limit=page.limit + 1)
    shown, cursor = page.cut(lines, lambda line: (line.number,))
    return Page(items=[LineOut.of(line) for line in shown], next=cursor)


@router.post(
    "/{ref}/check",
    summary="Check a file of films again",
    responses=responses(NotFoundError, ConflictError),
)
def check_file(
    session: SessionDep, _editor: Editor, ref: RefPath, options: Annotated[CheckIn, Body()]
) -> ImportOut:
    """Match columns or confirm titles, and check the file again.

    Nothing is applied. Poll the import until it is `checked`.
    """
    row = uploads.request_check(
        session, ref, mapping=options.columns, has_sure_titles=options.confirm_titles or None
    )
    return ImportOut.of(row)


@router.post(
    "/{ref}/apply",
    summary="Apply a file of films",
    responses=responses(NotFoundError, ConflictError),
)
def apply_file(
    session: SessionDep, editor: Editor, ref: RefPath, options: Annotated[ApplyIn, Body()]
) -> ImportOut:
    """Apply a file that is `checked`. Repeating the request applies it only once.

    The file is checked again. If a valid line is now rejected, nothing is applied and it is
    `checked` again, unless `skip_rejected` is true.
    """
    row, _ = uploads.request_apply(session, ref, skip_rejected=options.skip_rejected, actor=editor)
    return ImportOut.of(row)
