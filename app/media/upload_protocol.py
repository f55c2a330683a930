"""How uploads of masters speak HTTP, the same at the console and over the API: tus 1.0."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from app.accounts.actors import Actor
from app.catalog import countries_languages, queries
from app.core.app_state import app_state
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.media import master_service, master_uploads
from app.media.master_models import Master
from app.media.master_states import MasterRole
from app.media.master_uploads import CONTENT_TYPE, TUS_VERSION
from app.media.packaging_context import spool_folder

UploadLength = Annotated[int, Header(alias="Upload-Length", ge=1)]
UploadOffset = Annotated[int, Header(alias="Upload-Offset", ge=0)]
UploadMetadata = Annotated[str, Header(alias="Upload-Metadata", max_length=5000)]


class WrongTypeError(AppError):
    """The bytes of an upload were sent as something else."""

    type = "upload-type"
    title = "Wrong type of upload"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def create_upload(
    session: Session,
    slug: str,
    *,
    length: int,
    metadata: str,
    max_gb: int,
    actor: Actor,
) -> Master:
    """Announce a master: its name, version, role and language are in the metadata.

    Raises:
        InvalidInputError: says what is wrong with which field.
        NotFoundError: there is no such film.
    """
    told = master_uploads.parse_metadata(metadata)
    film = queries.film_for_staff(session, slug)
    version = master_service.find_version(film, told.get("version", ""))
    role, language = read_role(told.get("role", ""), told.get("language", ""))
    return master_uploads.begin(
        session,
        version.id,
        name=told.get("filename", ""),
        size_bytes=length,
        max_gb=max_gb,
        role=role,
        language=language,
        actor=actor,
    )


def read_role(role: str, language: str) -> tuple[MasterRole, str | None]:
    """Return what a master brings, and in which language.

    Raises:
        InvalidInputError: there is no such role or language.
    """
    problems = []
    try:
        chosen = MasterRole(role or MasterRole.FILM)
    except ValueError:
        chosen = MasterRole.FILM
        problems.append(FieldProblem("#/role", f"Choose one of {', '.join(MasterRole)}."))
    code: str | None = None
    if language:
        try:
            code = countries_languages.language_code(language)
        except ValueError as error:
            problems.append(FieldProblem("#/language", str(error)))
    elif chosen is MasterRole.AUDIO_DESCRIPTION:
        problems.append(FieldProblem("#/language", "Enter the language of the audio description."))
    if problems:
        raise InvalidInputError.of(*problems)
    return chosen, code if chosen is MasterRole.AUDIO_DESCRIPTION else None


def created(master: Master, location: str) -> Response:
    """Return the answer to an announced upload."""
    headers = {"Location": location, "Upload-Offset": "0"} | _common(master)
    return Response(status_code=HTTPStatus.CREATED, headers=headers)


def tell_offset(request: Request, ref: str) -> Response:
    """Return how far an upload has come. A HEAD request is answered by this too.

    Raises:
        NotFoundError: there is no such upload.
    """
    state = app_state(request)
    with state.readers() as session:
        master = master_service.get_master(session, ref, for_change=False)
    offset = master_uploads.read_offset(spool_folder(state.settings), master)
    headers = {"Upload-Offset": str(offset), "Cache-Control": "no-store"} | _common(master)
    return Response(headers=headers)


async def take_bytes(request: Request, ref: str, offset: int, actor: Actor) -> Response:
    """Take the next bytes of an upload; once all have come, the master is received.

    Raises:
        OffsetError, UploadBusyError, InvalidInputError: see ``master_uploads.append``.
        NotFoundError: there is no such upload.
    """
    state = app_state(request)
    if request.headers.get("content-type") != CONTENT_TYPE:
        detail = f"Send the bytes as {CONTENT_TYPE}."
        raise WrongTypeError(detail)

    def find() -> Master:
        with state.readers() as session:
            return master_service.get_master(session, ref, for_change=False)

    def finish() -> None:
        with state.sessions.begin() as session:
            master_uploads.finish(session, ref, actor=actor)

    master = await run_in_threadpool(find)
    try:
        offset = await master_uploads.append(
            spool_folder(state.settings), master, offset, request.stream()
        )
    except ClientDisconnect as error:
        detail = "What had come is kept. Ask for the offset and go on."
        raise master_uploads.UploadCutError(detail) from error
    if offset == master.size_bytes:
        await run_in_threadpool(finish)
    headers = {"Upload-Offset": str(offset), "Tus-Resumable": TUS_VERSION}
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def end_upload(request: Request, ref: str, actor: Actor) -> Response:
    """Give an upload up.

    Raises:
        ConflictError: it is complete.
        NotFoundError: there is no such upload.
    """
    state = app_state(request)
    with state.sessions.begin() as session:
        master_uploads.give_up(session, spool_folder(state.settings), ref, actor=actor)
    headers = {"Tus-Resumable": TUS_VERSION}
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def _common(master: Master) -> dict[str, str]:
    return {"Tus-Resumable": TUS_VERSION, "Upload-Length": str(master.size_bytes)}
