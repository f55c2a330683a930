"""Masters: uploads, progress, errors in words, retry, and withdrawal."""

import shutil
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from app.catalog.queries import film_for_staff
from app.console.access import CatalogEditor, Staff
from app.console.fields import Line, Slug
from app.console.forms.submission import get_text, submit
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.forms import open_form
from app.core.numbers import new_token
from app.media import master_queries, master_service, master_uploads, upload_protocol
from app.media.ffmpeg import find_programs
from app.media.master_service import IncomingMaster
from app.media.master_states import MasterRole, MasterState, PackageState
from app.media.packaging_context import spool_folder
from app.media.upload_protocol import UploadLength, UploadMetadata, UploadOffset

router = APIRouter()
Ref = Annotated[str, Path(pattern=r"^[0-9a-z]{10}$")]
ROLES = {
    MasterRole.FILM: "The film",
    MasterRole.AUDIO_DESCRIPTION: "An audio description of the film",
}
STEPS = {"retry": "master-retried", "withdraw": "master-withdrawn"}
BUSY = (PackageState.WANTED, PackageState.WORKING)


async def _sent(request: Request, staff: CatalogEditor) -> AsyncIterator[FormData]:
    del staff  # known before the file is read
    async with open_form(request, max_files=1, max_fields=6, max_part_bytes=1000) as form:
        yield form


@router.get("/media", summary="Masters of all films")
def media_page(request: Request, staff: CatalogEditor, session: ReadSessionDep) -> Response:
    """Show the newest masters with the progress of their packages."""
    rows = master_queries.list_masters(session)
    return draw_page(
        request,
        staff,
        "media.html",
        rows=rows,
        is_busy=any(row.package and row.package.state in BUSY for row in rows),
        has_ffmpeg=_has_ffmpeg(request),
    )


@router.get("/films/{slug}/masters", summary="The masters of a film")
def masters_page(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Show the masters of a film and the upload form."""
    return _draw(request, staff, session, slug)


@router.post("/films/{slug}/masters", summary="Upload a master in one request")
def add_master(
    request: Request, staff: CatalogEditor, slug: Slug, form: Annotated[FormData, Depends(_sent)]
) -> Response:
    """Receive a master that a browser without scripts sends whole."""
    state = app_state(request)
    file = form.get("file")
    spool = spool_folder(state.settings)
    incoming: IncomingMaster | None = None
    problem: AppError | None = None
    try:
        role, language = upload_protocol.read_role(
            get_text(form, "role"), get_text(form, "language")
        )
        if not isinstance(file, UploadFile) or not file.filename or not file.size:
            raise InvalidInputError.of(FieldProblem("#/file", "Choose a file."))
        spool.mkdir(parents=True, exist_ok=True)
        name = new_token()
        with (spool / name).open("wb") as target:
            shutil.copyfileobj(file.file, target, master_uploads.WRITE_BYTES)
        incoming = IncomingMaster(file.filename, file.size, role, language, spool_name=name)
    except InvalidInputError as error:
        problem = error

    def work(session: Session) -> None:
        if incoming is None:
            raise problem or InvalidInputError.of(FieldProblem("#/file", "Choose a file."))
        film = film_for_staff(session, slug)
        version = master_service.find_version(film, get_text(form, "version"))
        master_service.receive(session, version.id, incoming, actor=staff.actor)

    return submit(
        request,
        get_text(form, "once"),
        work,
        redraw=lambda session, error: _draw(
            request, staff, session, slug, problem=error, typed=form
        ),
        path=f"/console/films/{slug}/masters",
        done="master-added",
    )


@router.post("/media/{ref}", summary="Retry or withdraw a master")
def change_master(
    request: Request,
    *,
    staff: CatalogEditor,
    ref: Ref,
    step: Annotated[Literal["retry", "withdraw"], Form()],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Have a failed master tried again, or take one out of use."""
    del once  # each step does nothing the second time
    state = app_state(request)
    with state.sessions.begin() as session:
        master = master_service.get_master(session, ref)
        row = master_queries.get_row(session, master)
        if step == "retry" and row.package is not None:
            master_service.retry(session, row.package, actor=staff.actor)
        elif step == "withdraw" and master.state is MasterState.UPLOADING:
            spool = spool_folder(state.settings)
            master_uploads.give_up(session, spool, ref, actor=staff.actor)
        elif step == "withdraw":
            master_service.withdraw(session, master, actor=staff.actor, reason=reason)
        slug = row.film_slug
    return see_other(f"/console/films/{slug}/masters", done=STEPS[step])


@router.post("/films/{slug}/masters/uploads", summary="Begin an upload in pieces")
def create_upload(
    request: Request,
    staff: CatalogEditor,
    slug: Slug,
    upload_length: UploadLength,
    upload_metadata: UploadMetadata,
) -> Response:
    """Begin an upload by the protocol tus 1.0, as the page's script does."""
    state = app_state(request)
    with state.sessions.begin() as session:
        master = upload_protocol.create_upload(
            session,
            slug,
            length=upload_length,
            metadata=upload_metadata,
            max_gb=state.settings.max_master_gb,
            actor=staff.actor,
        )
    return upload_protocol.created(master, f"/console/media/uploads/{master.ref}")


@router.get("/media/uploads/{ref}", summary="How far an upload has come")
def tell_offset(request: Request, staff: CatalogEditor, ref: Ref) -> Response:
    """Return the offset; the page's script asks with HEAD."""
    del staff
    return upload_protocol.tell_offset(request, ref)


@router.patch("/media/uploads/{ref}", summary="Send bytes of an upload")
async def take_bytes(
    request: Request, staff: CatalogEditor, ref: Ref, upload_offset: UploadOffset
) -> Response:
    """Take the next piece of an upload."""
    return await upload_protocol.take_bytes(request, ref, upload_offset, staff.actor)


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    slug: str,
    *,
    problem: AppError | None = None,
    typed: FormData | None = None,
) -> Response:
    film = film_for_staff(session, slug)
    rows = master_queries.list_masters(session, film_id=film.id, limit=1000)
    settings = app_state(request).settings
    return draw_page(
        request,
        staff,
        "masters.html",
        problem=problem,
        film=film,
        rows=rows,
        roles=ROLES,
        typed=typed or {},
        max_gb=settings.max_master_gb,
        form_megabytes=settings.max_upload_bytes // 1_000_000,
        has_ffmpeg=_has_ffmpeg(request),
    )


def _has_ffmpeg(request: Request) -> bool:
    return find_programs(app_state(request).settings.ffmpeg) is not None
