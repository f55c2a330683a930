"""Staff endpoints for masters: upload, status, retry, and withdrawal."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.catalog import queries
from app.catalog.routes import SlugPath
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import (
    ConflictError,
    FieldProblem,
    InvalidInputError,
    NotFoundError,
    responses,
)
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.media import master_queries, master_service, upload_protocol
from app.media.master_schemas import MasterOut, MastersOut, ObjectIn
from app.media.master_service import IncomingMaster
from app.media.master_uploads import OffsetError, UploadBusyError, UploadCutError
from app.media.upload_form import Editor
from app.media.upload_protocol import (
    UploadLength,
    UploadMetadata,
    UploadOffset,
    WrongTypeError,
)

router = APIRouter(
    prefix="/admin",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError, NotFoundError),
)
MasterRef = Annotated[str, Path(pattern=r"^[0-9a-z]{10}$", examples=["7k3qf9td2m"])]


@router.get("/films/{slug}/masters", summary="List the masters of a film")
def list_masters(session: ReadSessionDep, _editor: Editor, slug: SlugPath) -> MastersOut:
    """List all masters of a film, with the progress of their packages and errors in words."""
    film = queries.film_for_staff(session, slug)
    rows = master_queries.list_masters(session, film_id=film.id, limit=1000)
    return MastersOut(items=[MasterOut.of(row) for row in rows])


@router.post(
    "/films/{slug}/masters",
    summary="Add a master that is in the storage",
    status_code=HTTPStatus.CREATED,
    responses=responses(IdempotencyKeyReusedError),
)
def add_master_object(
    request: Request,
    *,
    editor: Editor,
    slug: SlugPath,
    given: ObjectIn,
    once: IdempotencyDep,
    response: Response,
) -> MasterOut:
    """Add a master by its name in the storage, in the folder `incoming/`. A worker packages it."""
    state = app_state(request)
    role, language = upload_protocol.read_role(given.role, given.language or "")
    if not state.storage.exists(given.object):
        problem = FieldProblem("#/object", f"The storage has no object “{given.object}”.")
        raise InvalidInputError.of(problem)
    size = state.storage.size(given.object)
    with state.sessions.begin() as session:

        def work() -> MasterOut:
            film = queries.film_for_staff(session, slug)
            incoming = IncomingMaster(
                given.object, size, role=role, language=language, storage_name=given.object
            )
            version = master_service.find_version(film, given.version)
            master = master_service.receive(session, version.id, incoming, actor=editor)
            return MasterOut.of(master_queries.get_row(session, master))

        answer = once.run_once(session, MasterOut, work)
    response.headers["Location"] = f"/api/v1/admin/films/{slug}/masters"
    return answer


@router.post(
    "/films/{slug}/masters/uploads",
    summary="Begin the upload of a master",
    status_code=HTTPStatus.CREATED,
    response_class=Response,
)
def create_master_upload(
    request: Request,
    editor: Editor,
    slug: SlugPath,
    upload_length: UploadLength,
    upload_metadata: UploadMetadata,
) -> Response:
    """Begin an upload by the protocol tus 1.0. `Location` is where its bytes go.

    `Upload-Metadata` has `filename`, `version`, and, for an audio description, `role` and
    `language`. An upload without new bytes for a week is given up.
    """
    state = app_state(request)
    with state.sessions.begin() as session:
        master = upload_protocol.create_upload(
            session,
            slug,
            length=upload_length,
            metadata=upload_metadata,
            max_gb=state.settings.max_master_gb,
            actor=editor,
        )
    return upload_protocol.created(master, f"/api/v1/admin/masters/{master.ref}/upload")


@router.get("/masters/{ref}/upload", summary="How far an upload has come", response_class=Response)
def tell_offset(request: Request, _editor: Editor, ref: MasterRef) -> Response:
    """Return `Upload-Offset` and `Upload-Length`. Clients of tus ask with HEAD."""
    return upload_protocol.tell_offset(request, ref)


@router.patch(
    "/masters/{ref}/upload",
    summary="Send bytes of an upload",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=responses(OffsetError, UploadBusyError, UploadCutError, WrongTypeError),
)
async def take_bytes(
    request: Request, editor: Editor, ref: MasterRef, upload_offset: UploadOffset
) -> Response:
    """Send the bytes from `Upload-Offset` on, as `application/offset+octet-stream`.

    What came before a connection ended is kept. After the last byte a worker packages the master.
    """
    return await upload_protocol.take_bytes(request, ref, upload_offset, editor)


@router.delete(
    "/masters/{ref}/upload",
    summary="Give an upload up",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=responses(ConflictError),
)
def end_upload(request: Request, editor: Editor, ref: MasterRef) -> Response:
    """End an upload that is not complete, and remove what has come."""
    return upload_protocol.end_upload(request, ref, editor)


@router.post(
    "/masters/{ref}/retry", summary="Try a failed package again", responses=responses(ConflictError)
)
def retry_master(session: SessionDep, editor: Editor, ref: MasterRef) -> MasterOut:
    """Check and package a master again. What was made before is kept."""
    master = master_service.get_master(session, ref)
    row = master_queries.get_row(session, master)
    if row.package is not None:
        master_service.retry(session, row.package, actor=editor)
    return MasterOut.of(master_queries.get_row(session, master))


@router.delete("/masters/{ref}", summary="Withdraw a master", status_code=HTTPStatus.NO_CONTENT)
def withdraw_master(
    session: SessionDep,
    editor: Editor,
    ref: MasterRef,
    reason: Annotated[str, Query(max_length=300)] = "",
) -> None:
    """Withdraw a master and its packages. Licenses stay. No new play can start."""
    master = master_service.get_master(session, ref)
    master_service.withdraw(session, master, actor=editor, reason=reason)
