"""The files of a film: sent, described, ordered, replaced, withdrawn and brought back."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog.enums import CaptionKind, CaptionSource
from app.catalog.file_enums import DOCUMENTS, IMAGES, FileKind, FileState
from app.catalog.file_models import FilmFile
from app.catalog.queries import film_for_staff
from app.catalog.routes import SlugPath
from app.console.access import Staff, require_scopes
from app.console.fields import Line
from app.console.file_forms import FIELDS, MAX_ROWS, FileFormRow, SentDep, one_of, rows_of
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.request_middleware import answer_with
from app.media import caption_service, service, storage_names, uploads
from app.media.errors import FileTakenError
from app.media.file_metadata import read_words
from app.web import formats

router = APIRouter(prefix="/films/{slug}/files")
Editor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Ref = Annotated[str, Path(pattern=r"^[0-9a-z]{10}$")]
STEPS = {
    "save": "file-saved",
    "up": "file-moved",
    "down": "file-moved",
    "withdraw": "file-withdrawn",
    "restore": "file-restored",
    "retry": "file-retried",
}
CAPTION_KINDS = {
    CaptionKind.SDH: "Subtitles for the deaf and hard of hearing",
    CaptionKind.CC: "Closed captions",
    CaptionKind.SUBTITLE: "Subtitles",
}
CAPTION_SOURCES = {
    CaptionSource.HUMAN: "People",
    CaptionSource.AUTO: "Machine",
    CaptionSource.UNKNOWN: "Unknown",
}
# What a browser offers to choose from; what is sent is judged by its bytes.
ACCEPTED = dict.fromkeys(IMAGES, ".jpg,.jpeg,.png,.webp,.avif") | dict.fromkeys(DOCUMENTS, ".pdf")


@router.get("", summary="The files of a film")
def files_page(
    request: Request,
    staff: Editor,
    session: ReadSessionDep,
    slug: SlugPath,
    rows: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 1,
) -> Response:
    """Show every file of a film, and a form that takes ``rows`` more."""
    return draw_files(request, staff, session, slug, rows=rows)


@router.post("", summary="Add files to a film")
def add_files(request: Request, sent: SentDep, slug: SlugPath) -> Response:
    """Add those files that are right; the rows of the others come back with what is wrong."""
    with app_state(request).readers() as session:
        film_for_staff(session, slug)
    storage = app_state(request).storage
    rows = rows_of(sent)
    good = [(row.number, row.ready) for row in rows if row.ready is not None]
    for _, ready in good:
        uploads.store_upload(storage, ready.upload)
    taken: list[FieldProblem] = []

    def work(session: Session) -> None:
        film = film_for_staff(session, slug)
        for number, ready in good:
            try:
                service.add_file(
                    session, film, ready.kind, ready.upload, ready.words, actor=sent.staff.actor
                )
            except FileTakenError as error:  # it wrote nothing before it said so
                taken.append(FieldProblem(f"#/file-{number}", error.detail))

    new = run_once(request, sent.text("once"), work) if good else True
    for _, ready in good:
        uploads.ensure_stored(storage, ready.upload)
    problems = [*taken, *(problem for row in rows for problem in row.problems)]
    if not rows:
        problems = [FieldProblem("#/file-0", "Choose a file.")]
    if not problems:
        return see_other(f"/console/films/{slug}/files", done="files-added" if new else "twice")
    return _again(request, sent, slug, rows, problems)


@router.post("/{ref}", summary="Edit, reorder, withdraw, or restore a file")
def change_file(
    request: Request,
    *,
    staff: Editor,
    slug: SlugPath,
    ref: Ref,
    step: Annotated[Literal["save", "up", "down", "withdraw", "restore", "retry"], Form()],
    title: Line = "",
    alt: Line = "",
    credit: Line = "",
    language: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Do one step with one file."""
    given = {"title": title, "alt": alt, "credit": credit, "language": language}

    def work(session: Session) -> None:
        film = film_for_staff(session, slug, for_change=True)
        file = service.file_of(session, film, ref)
        actor = staff.actor
        if step == "save":
            service.update_metadata(session, film, file, read_words(file.kind, given), actor=actor)
        elif step in {"up", "down"}:
            service.move(session, film, file, up=step == "up", actor=actor)
        elif step == "withdraw":
            service.withdraw(session, film, file, actor=actor, reason=reason)
        elif step == "restore":
            service.restore(session, film, file, actor=actor)
        else:
            service.retry(session, film, file, actor=actor)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        return _refused(request, staff, slug, ref, error, given=given)
    done = STEPS[step] if new else "twice"
    return see_other(f"/console/films/{slug}/files", done=done, anchor=f"file-{ref}")


@router.post("/{ref}/replace", summary="Replace a file")
def replace_file(request: Request, sent: SentDep, slug: SlugPath, ref: Ref) -> Response:
    """Take a new file with the words of the old one, which stays until the new one is ready."""
    storage = app_state(request).storage
    with app_state(request).readers() as session:
        old = service.file_of(session, film_for_staff(session, slug), ref)
    try:
        upload = one_of(sent, old.kind)
        uploads.store_upload(storage, upload)

        def work(session: Session) -> None:
            film = film_for_staff(session, slug)
            present = service.file_of(session, film, ref)
            service.add_file(
                session,
                film,
                present.kind,
                upload,
                service.words_of(present),
                actor=sent.staff.actor,
                replaces=present,
            )

        new = run_once(request, sent.text("once"), work)
    except AppError as error:
        return _refused(request, sent.staff, slug, ref, error)
    uploads.ensure_stored(storage, upload)
    return see_other(f"/console/films/{slug}/files", done="file-replaced" if new else "twice")


@router.get("/{ref}/{form}", summary="The stored file or its thumbnail")
def kept_file(
    request: Request, staff: Editor, slug: SlugPath, ref: Ref, form: Literal["small", "kept"]
) -> Response:
    """Send a file to staff, whether anyone else may have it or not."""
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
    pieces = storage.chunks(storage_names.kept(file.sha256))
    return StreamingResponse(pieces, media_type=file.media_type, headers=headers)


def _again(
    request: Request,
    sent: SentDep,
    slug: str,
    rows: list[FileFormRow],
    problems: list[FieldProblem],
) -> Response:
    """Draw the page with the rows that were refused, and what was typed into them."""
    wrong = {int(problem.pointer.rpartition("-")[2]) for problem in problems}
    added = len([row for row in rows if row.number not in wrong])
    words = f"{formats.plural(added, 'file was', 'files were')} added. " if added else ""
    count = formats.plural(len(wrong), "file needs", "files need")
    detail = f"{words}{count} correction. Choose the files again."
    typed = {
        f"{name}-{number}": sent.text(f"{name}-{number}") for number in wrong for name in FIELDS
    }
    problem = InvalidInputError(detail, errors=problems)
    with app_state(request).readers() as session:
        return draw_files(
            request,
            sent.staff,
            session,
            slug,
            numbers=sorted(wrong),
            problem=problem,
            typed=typed,
        )


def _refused(
    request: Request,
    staff: Staff,
    slug: str,
    ref: str,
    error: AppError,
    *,
    given: Mapping[str, str] | None = None,
) -> Response:
    """Draw the page with what is wrong at one file."""
    problems = [FieldProblem(f"{one.pointer}-{ref}", one.detail) for one in error.errors]
    shown = InvalidInputError(error.detail, errors=problems)
    typed = {f"{name}-{ref}": value for name, value in given.items()} if given else {}
    with app_state(request).readers() as session:
        return draw_files(request, staff, session, slug, problem=shown, typed=typed, open_ref=ref)


def draw_files(
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
    """Draw the Files page of a film, with what was wrong and what was typed."""
    film = film_for_staff(session, slug)
    files = service.files_of(session, film)
    return page(
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
        most_rows=MAX_ROWS,
        captions=caption_service.captions_of(session, film),
        caption_kinds=CAPTION_KINDS,
        caption_sources=CAPTION_SOURCES,
        accepted=ACCEPTED,
        open_ref=open_ref,
        history=service.history_of(session, film),
    )


def _groups(files: Sequence[FilmFile]) -> list[tuple[FileKind, list[FilmFile]]]:
    """Return the files that are not withdrawn by kind; kinds without any are left out."""
    groups = []
    for kind in FileKind:
        found = [file for file in files if file.kind is kind and not file.is_withdrawn]
        if found:
            groups.append((kind, found))
    return groups
