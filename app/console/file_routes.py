"""The images, documents, and captions of a film."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session

from app.catalog.enums import CaptionKind, CaptionSource
from app.catalog.file_enums import DOCUMENTS, IMAGES, FileKind, FileState
from app.catalog.file_models import FilmFile
from app.catalog.queries import film_for_staff
from app.console.access import CatalogEditor, Staff
from app.console.fields import Line, Slug
from app.console.file_forms import (
    FIELDS,
    MAX_ROWS,
    FileFormRow,
    UploadFormDep,
    read_replacement,
    read_rows,
)
from app.console.films.parts import CAPTION_KINDS, CAPTION_SOURCES
from app.console.forms.submission import run_once, submit
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.request_middleware import answer_with
from app.media import caption_service, service, storage_names, uploads
from app.media.errors import FileTakenError
from app.media.file_metadata import read_words
from app.web import formats

router = APIRouter(prefix="/films/{slug}")
Ref = Annotated[str, Path(pattern=r"^[0-9a-z]{10}$")]
STEPS = {
    "save": "file-saved",
    "up": "file-moved",
    "down": "file-moved",
    "withdraw": "file-withdrawn",
    "restore": "file-restored",
    "retry": "file-retried",
}
# What the browser suggests; the server checks the bytes.
ACCEPTED = dict.fromkeys(IMAGES, ".jpg,.jpeg,.png,.webp,.avif") | dict.fromkeys(DOCUMENTS, ".pdf")


@router.get("/files", summary="The files of a film")
def files_page(
    request: Request,
    staff: CatalogEditor,
    session: ReadSessionDep,
    slug: Slug,
    rows: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 1,
) -> Response:
    """Show the files of a film and an upload form with ``rows`` rows."""
    return _draw_files(request, staff, session, slug, rows=rows)


@router.post("/files", summary="Add files to a film")
def add_files(request: Request, upload_form: UploadFormDep, slug: Slug) -> Response:
    """Add the accepted files, and show the rows of the others with their errors."""
    with app_state(request).readers() as session:
        film_for_staff(session, slug)
    storage = app_state(request).storage
    rows = read_rows(upload_form)
    accepted = [(row.number, row.ready) for row in rows if row.ready is not None]
    for _, ready in accepted:
        uploads.store_upload(storage, ready.upload)
    conflicts: list[FieldProblem] = []

    def work(session: Session) -> None:
        film = film_for_staff(session, slug)
        for number, ready in accepted:
            try:
                service.add_file(
                    session,
                    film,
                    ready.kind,
                    ready.upload,
                    ready.metadata,
                    actor=upload_form.staff.actor,
                )
            except FileTakenError as error:  # nothing was written yet
                conflicts.append(FieldProblem(f"#/file-{number}", error.detail))

    new = run_once(request, upload_form.text("once"), work) if accepted else True
    for _, ready in accepted:
        uploads.ensure_stored(storage, ready.upload)
    problems = [*conflicts, *(problem for row in rows for problem in row.problems)]
    if not rows:
        problems = [FieldProblem("#/file-0", "Choose a file.")]
    if not problems:
        return see_other(f"/console/films/{slug}/files", done="files-added" if new else "twice")
    return _draw_rejected_rows(request, upload_form, slug, rows, problems)


@router.post("/files/{ref}", summary="Edit, reorder, withdraw, or restore a file")
def change_file(
    request: Request,
    *,
    staff: CatalogEditor,
    slug: Slug,
    ref: Ref,
    step: Annotated[Literal["save", "up", "down", "withdraw", "restore", "retry"], Form()],
    title: Line = "",
    alt: Line = "",
    credit: Line = "",
    language: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Edit, move, withdraw, restore, or retry a file."""
    metadata = {"title": title, "alt": alt, "credit": credit, "language": language}

    def work(session: Session) -> None:
        film = film_for_staff(session, slug, for_change=True)
        file = service.file_of(session, film, ref)
        actor = staff.actor
        if step == "save":
            service.update_metadata(
                session, film, file, read_words(file.kind, metadata), actor=actor
            )
        elif step in {"up", "down"}:
            service.move(session, film, file, up=step == "up", actor=actor)
        elif step == "withdraw":
            service.withdraw(session, film, file, actor=actor, reason=reason)
        elif step == "restore":
            service.restore(session, film, file, actor=actor)
        else:
            service.retry(session, film, file, actor=actor)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw_file_error(
            request, staff, session, slug, ref=ref, error=error, metadata=metadata
        ),
        path=f"/console/films/{slug}/files",
        done=STEPS[step],
        anchor=f"file-{ref}",
    )


@router.post("/files/{ref}/replace", summary="Replace a file")
def replace_file(request: Request, upload_form: UploadFormDep, slug: Slug, ref: Ref) -> Response:
    """Upload a replacement. The current file stays until the new one is ready."""
    storage = app_state(request).storage
    with app_state(request).readers() as session:
        old = service.file_of(session, film_for_staff(session, slug), ref)
    try:
        upload = read_replacement(upload_form, old.kind)
        uploads.store_upload(storage, upload)

        def work(session: Session) -> None:
            film = film_for_staff(session, slug)
            current = service.file_of(session, film, ref)
            service.add_file(
                session,
                film,
                current.kind,
                upload,
                service.words_of(current),
                actor=upload_form.staff.actor,
                replaces=current,
            )

        new = run_once(request, upload_form.text("once"), work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw_file_error(
                request, upload_form.staff, session, slug, ref=ref, error=error, metadata={}
            )
    uploads.ensure_stored(storage, upload)
    return see_other(f"/console/films/{slug}/files", done="file-replaced" if new else "twice")


@router.get("/files/{ref}/{form}", summary="The stored file or its thumbnail")
def download_file(
    request: Request, staff: CatalogEditor, slug: Slug, ref: Ref, form: Literal["small", "kept"]
) -> Response:
    """Return a stored file or its thumbnail to staff, whatever its status."""
    del staff
    with app_state(request).readers() as session:
        file = service.file_of(session, film_for_staff(session, slug), ref)
    storage = app_state(request).storage
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if form == "small" and file.kind.is_image and file.state is FileState.READY:
        smallest = file.picture.widths[0]
        read = partial(storage.read, storage_names.sized(file.sha256, smallest, "jpg"))
        return answer_with(request, read, media_type="image/jpeg", headers=headers)
    ending = "jpg" if file.kind.is_image else "pdf"
    name = f"{slug}-{file.kind.value.replace('_', '-')}-{ref}.{ending}"
    how = "inline" if form == "small" else "attachment"
    headers["Content-Disposition"] = f'{how}; filename="{name}"'
    chunks = storage.chunks(storage_names.kept(file.sha256))
    return StreamingResponse(chunks, media_type=file.media_type, headers=headers)


def _draw_rejected_rows(
    request: Request,
    upload_form: UploadFormDep,
    slug: str,
    rows: list[FileFormRow],
    problems: list[FieldProblem],
) -> Response:
    """Draw the rows that have errors with their input."""
    wrong = {int(problem.pointer.rpartition("-")[2]) for problem in problems}
    added = len([row for row in rows if row.number not in wrong])
    added_text = f"{formats.plural(added, 'file was', 'files were')} added. " if added else ""
    count = formats.plural(len(wrong), "file needs", "files need")
    detail = f"{added_text}{count} correction. Choose the files again."
    typed = {
        f"{name}-{number}": upload_form.text(f"{name}-{number}")
        for number in wrong
        for name in FIELDS
    }
    problem = InvalidInputError(detail, errors=problems)
    with app_state(request).readers() as session:
        return _draw_files(
            request,
            upload_form.staff,
            session,
            slug,
            numbers=sorted(wrong),
            problem=problem,
            typed=typed,
        )


def _draw_file_error(
    request: Request,
    staff: Staff,
    session: Session,
    slug: str,
    *,
    ref: str,
    error: AppError,
    metadata: Mapping[str, str],
) -> Response:
    """Draw the page with the error next to the file."""
    problems = [FieldProblem(f"{item.pointer}-{ref}", item.detail) for item in error.errors]
    problem = InvalidInputError(error.detail, errors=problems)
    typed = {f"{name}-{ref}": value for name, value in metadata.items()}
    return _draw_files(request, staff, session, slug, problem=problem, typed=typed, open_ref=ref)


def _draw_files(
    request: Request,
    staff: Staff,
    session: Session,
    slug: str,
    *,
    rows: int = 1,
    numbers: list[int] | None = None,
    problem: AppError | None = None,
    typed: dict[str, str] | None = None,
    open_ref: str = "",
) -> Response:
    """Draw the files page of a film."""
    film = film_for_staff(session, slug)
    files = service.files_of(session, film)
    return draw_page(
        request,
        staff,
        "files.html",
        problem=problem,
        typed=typed,
        film=film,
        groups=_groups(files),
        withdrawn=[file for file in files if file.is_withdrawn],
        refs={file.id: file.ref for file in files},
        numbers=numbers or list(range(rows)),
        kinds=list(FileKind),
        max_rows=MAX_ROWS,
        captions=caption_service.captions_of(session, film),
        caption_kinds=dict(CAPTION_KINDS),
        caption_sources=dict(CAPTION_SOURCES),
        accepted=ACCEPTED,
        open_ref=open_ref,
        history=service.history_of(session, film),
    )


def _groups(files: Sequence[FilmFile]) -> list[tuple[FileKind, list[FilmFile]]]:
    """Return the files that are not withdrawn, by kind, without empty kinds."""
    groups = []
    for kind in FileKind:
        kind_files = [file for file in files if file.kind is kind and not file.is_withdrawn]
        if kind_files:
            groups.append((kind, kind_files))
    return groups


@router.post("/captions", summary="Add a caption file")
def add_captions(request: Request, upload_form: UploadFormDep, slug: Slug) -> Response:
    """Add a caption file. Staff confirm its type next."""
    storage = app_state(request).storage
    with app_state(request).readers() as session:
        film = film_for_staff(session, slug)
    file = upload_form.file("file")
    try:
        upload, row = caption_service.inspect_captions(
            film,
            file.file.read() if file else b"",
            (file.filename if file else "") or "",
            version_label=upload_form.text("version"),
            language=upload_form.text("language"),
        )
        uploads.store_upload(storage, upload)

        def work(session: Session) -> None:
            caption_service.add(
                session, film_for_staff(session, slug), row, actor=upload_form.staff.actor
            )

        new = run_once(request, upload_form.text("once"), work)
    except AppError as error:
        typed = {name: upload_form.text(name) for name in ("version", "language")}
        with app_state(request).readers() as session:
            return _draw_files(
                request, upload_form.staff, session, slug, problem=error, typed=typed
            )
    uploads.ensure_stored(storage, upload)
    done = "captions-added" if new else "twice"
    return see_other(f"/console/films/{slug}/files", done=done, anchor="captions")


@router.post("/captions/{ref}", summary="Confirm or withdraw a caption file")
def change_captions(
    request: Request,
    *,
    staff: CatalogEditor,
    slug: Slug,
    ref: Ref,
    step: Annotated[Literal["confirm", "withdraw"], Form()],
    kind: Annotated[CaptionKind, Form()] = CaptionKind.SUBTITLE,
    source: Annotated[CaptionSource, Form()] = CaptionSource.UNKNOWN,
    once: Line = "",
) -> Response:
    """Confirm the type of a caption file, or withdraw the file."""

    def work(session: Session) -> None:
        film = film_for_staff(session, slug, for_change=True)
        row = caption_service.caption_file(session, film, ref)
        if step == "confirm":
            caption_service.confirm(session, film, row, kind=kind, source=source, actor=staff.actor)
        else:
            caption_service.withdraw(session, film, row, actor=staff.actor)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw_files(request, staff, session, slug, problem=error),
        path=f"/console/films/{slug}/files",
        done={"confirm": "captions-confirmed", "withdraw": "captions-withdrawn"}[step],
        anchor="captions",
    )


@router.get("/captions/{ref}", summary="A caption file as uploaded")
def download_captions(request: Request, staff: CatalogEditor, slug: Slug, ref: Ref) -> Response:
    """Return a caption file as a download."""
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
