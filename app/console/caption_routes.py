"""The caption files of a film: sent, checked, confirmed, taken back. Staff alone have them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.permissions import Scope
from app.catalog.enums import CaptionKind, CaptionSource
from app.catalog.queries import film_for_staff
from app.catalog.routes import SlugPath
from app.console.access import Staff, require_scopes
from app.console.fields import Line
from app.console.file_forms import SentDep
from app.console.file_routes import draw_files
from app.console.pages import see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.errors import AppError
from app.media import caption_service, storage_names, uploads

router = APIRouter(prefix="/films/{slug}/captions")
Editor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Ref = Annotated[str, Path(pattern=r"^[0-9a-z]{10}$")]
FIELDS = ("version", "language")


@router.post("", summary="Add a caption file")
def add_captions(request: Request, sent: SentDep, slug: SlugPath) -> Response:
    """Take a caption file that is right; what it is, staff confirm next."""
    storage = app_state(request).storage
    with app_state(request).readers() as session:
        film = film_for_staff(session, slug)
    file = sent.file("file")
    try:
        upload, row = caption_service.inspect_captions(
            film,
            file.file.read() if file else b"",
            (file.filename if file else "") or "",
            version_label=sent.text("version"),
            language=sent.text("language"),
        )
        uploads.store_upload(storage, upload)

        def work(session: Session) -> None:
            caption_service.add(session, film_for_staff(session, slug), row, actor=sent.staff.actor)

        new = run_once(request, sent.text("once"), work)
    except AppError as error:
        typed = {name: sent.text(name) for name in FIELDS}
        return _refused(request, sent.staff, slug, error, typed)
    uploads.ensure_stored(storage, upload)
    done = "captions-added" if new else "twice"
    return see_other(f"/console/films/{slug}/files", done=done, anchor="captions")


@router.post("/{ref}", summary="Confirm or withdraw a caption file")
def change_captions(
    request: Request,
    *,
    staff: Editor,
    slug: SlugPath,
    ref: Ref,
    step: Annotated[Literal["confirm", "withdraw"], Form()],
    kind: Annotated[CaptionKind, Form()] = CaptionKind.SUBTITLE,
    source: Annotated[CaptionSource, Form()] = CaptionSource.UNKNOWN,
    once: Line = "",
) -> Response:
    """Say what a caption file is, which the film's page then tells; or put it aside."""

    def work(session: Session) -> None:
        film = film_for_staff(session, slug, for_change=True)
        row = caption_service.caption_file(session, film, ref)
        if step == "confirm":
            caption_service.confirm(session, film, row, kind=kind, source=source, actor=staff.actor)
        else:
            caption_service.withdraw(session, film, row, actor=staff.actor)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        return _refused(request, staff, slug, error, {})
    done = {"confirm": "captions-confirmed", "withdraw": "captions-withdrawn"}[step]
    path = f"/console/films/{slug}/files"
    return see_other(path, done=done if new else "twice", anchor="captions")


@router.get("/{ref}", summary="A caption file as uploaded")
def kept_captions(request: Request, staff: Editor, slug: SlugPath, ref: Ref) -> Response:
    """Send a caption file to staff, to be saved."""
    del staff
    with app_state(request).readers() as session:
        row = caption_service.caption_file(session, film_for_staff(session, slug), ref)
    name = f"{slug}-{row.language}-{ref}.{row.ending}"
    return Response(
        app_state(request).storage.read(storage_names.kept(row.sha256)),
        media_type="text/plain; charset=utf-8",
        headers={
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )


def _refused(
    request: Request, staff: Staff, slug: str, error: AppError, typed: Mapping[str, str]
) -> Response:
    readers: sessionmaker[Session] = app_state(request).readers
    with readers() as session:
        return draw_files(request, staff, session, slug, problem=error, typed=dict(typed))
