"""Films from files: looked at line by line, before anything of one is applied."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session, sessionmaker
from starlette.datastructures import UploadFile

from app.accounts.permissions import Scope
from app.catalog.differences import FieldDifference, differences
from app.console import import_words as words
from app.console.access import Staff, require_scopes
from app.console.pages import page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import ConflictError, FieldProblem, InvalidInputError
from app.core.forms import open_form
from app.core.spreadsheets import escape_formula
from app.imports import uploads
from app.imports.lines import FileFormat, ImportFileError, LineOutcome, format_value
from app.imports.models import FilmImport, FilmImportLine, ImportState

router = APIRouter(prefix="/imports")
Editor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Ref = Annotated[str, InPath(pattern=r"^FI-[0-9A-Z]{8}$")]
MAX_SHOWN = 300
RUNS = 30
# The name of a form's field, before the place of its column.
CHOICE = "column-"
BATCH_SIZE = 500
# What needs a person comes first.
ORDER = (LineOutcome.REJECTED, LineOutcome.CHANGED, LineOutcome.CREATED, LineOutcome.UNCHANGED)
REPORT = ("line", "outcome", "slug", "title", "field", "before", "after", "reason")


async def _file(request: Request, staff: Editor) -> AsyncIterator[UploadFile | None]:
    del staff  # known before the file is read
    async with open_form(request, max_files=1, max_fields=5, max_part_bytes=1000) as form:
        file = form.get("file")
        yield file if isinstance(file, UploadFile) and file.filename else None


@router.get("", summary="Import films")
def imports_page(request: Request, staff: Editor, session: ReadSessionDep) -> Response:
    """Show where a file is sent, and what was sent before."""
    return _start(request, staff, session)


@router.post("", summary="Check a file")
def look_at_file(
    request: Request, staff: Editor, file: Annotated[UploadFile | None, Depends(_file)]
) -> Response:
    """Have a file looked at; nothing of it is applied."""
    state = app_state(request)
    try:
        data = file.file.read(uploads.MAX_FILE_BYTES + 1) if file else b""
        found = uploads.UploadedFile.of(file.filename or "" if file else "", data)
    except ImportFileError as error:
        with state.readers() as session:
            wrong = InvalidInputError.of(FieldProblem("#/file", str(error)))
            return _start(request, staff, session, wrong)
    uploads.store_upload(state.storage, found)
    with state.sessions.begin() as session:
        ref = uploads.create_import(session, found, actor=staff.actor).ref
    uploads.store_upload(state.storage, found)
    return see_other(f"/console/imports/{ref}")


@router.get("/{ref}", summary="One import")
def import_page(request: Request, staff: Editor, session: ReadSessionDep, ref: Ref) -> Response:
    """Show how far a file is, and then what each line would do, or did."""
    return _shown(request, staff, session, uploads.get_import(session, ref))


@router.get("/{ref}/report.csv", summary="All lines of an import as CSV")
def report(request: Request, session: ReadSessionDep, staff: Editor, ref: Ref) -> Response:
    """Return what becomes of each line, as a table; a formula in it is never run."""
    del staff
    row = uploads.get_import(session, ref)
    return StreamingResponse(
        _report(_all_lines(app_state(request).readers, row)),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="import-report.csv"',
            "Cache-Control": "private, no-store",
        },
    )


async def _choices(request: Request) -> dict[int, str]:
    """Return the field that was chosen for each column, by its place from 0."""
    form = await request.form()
    return {
        int(name.removeprefix(CHOICE)): str(value)
        for name, value in form.items()
        if name.startswith(CHOICE) and name.removeprefix(CHOICE).isdecimal() and value
    }


@router.get("/{ref}/columns", summary="The columns of a file")
def columns_page(request: Request, staff: Editor, session: ReadSessionDep, ref: Ref) -> Response:
    """Show the columns of a table, what their first cells hold, and what each is taken for."""
    row = uploads.get_import(session, ref)
    if row.state is not ImportState.CHECKED or not row.columns:
        return _shown(request, staff, session, row)
    return _columns(request, staff, row)


@router.post("/{ref}/columns", summary="Match columns to fields")
def choose_columns(
    request: Request,
    *,
    staff: Editor,
    session: SessionDep,
    ref: Ref,
    choices: Annotated[dict[int, str], Depends(_choices)],
) -> Response:
    """Have a table checked again with its columns as they were chosen."""
    row = uploads.get_import(session, ref)
    headings = [column["heading"] for column in row.columns or ()]
    mapping = {
        heading: choices[place] for place, heading in enumerate(headings) if place in choices
    }
    return _check_again(request, staff, session, ref, mapping=mapping)


@router.post("/{ref}/titles", summary="Confirm the titles of a file")
def confirm_titles(request: Request, *, staff: Editor, session: SessionDep, ref: Ref) -> Response:
    """Have a table checked again whose titles are right though they look changed."""
    return _check_again(request, staff, session, ref, has_sure_titles=True)


@router.post("/{ref}", summary="Apply a checked file")
def apply_file(
    request: Request,
    *,
    staff: Editor,
    session: SessionDep,
    ref: Ref,
    step: Annotated[Literal["all", "good"], Form()],
) -> Response:
    """Have all lines applied, or only the good ones. A form sent twice is applied once."""
    try:
        _, is_new = uploads.request_apply(
            session, ref, skip_rejected=step == "good", actor=staff.actor
        )
    except ConflictError as error:
        return _shown(request, staff, session, uploads.get_import(session, ref), error)
    return see_other(f"/console/imports/{ref}", done="" if is_new else "twice")


def _check_again(
    request: Request,
    staff: Staff,
    session: Session,
    ref: str,
    **how: Any,  # noqa: ANN401 - passed
) -> Response:
    try:
        uploads.request_check(session, ref, **how)
    except (ConflictError, InvalidInputError) as error:
        return _shown(request, staff, session, uploads.get_import(session, ref), error)
    return see_other(f"/console/imports/{ref}")


def _start(
    request: Request, staff: Staff, session: Session, problem: InvalidInputError | None = None
) -> Response:
    runs = uploads.find_imports(session, limit=RUNS)
    megabytes = uploads.MAX_FILE_BYTES // 1_000_000
    return page(request, staff, "imports.html", problem=problem, runs=runs, megabytes=megabytes)


def _shown(
    request: Request,
    staff: Staff,
    session: Session,
    row: FilmImport,
    problem: ConflictError | InvalidInputError | None = None,
) -> Response:
    form = FileFormat(row.file_format)
    if row.waits_for_worker:
        return page(
            request,
            staff,
            "import_progress.html",
            problem=problem,
            row=row,
            format=form,
            # A guess until all lines are read. Without one, or if it was too low, none is told.
            most=row.line_count if row.done_count <= row.line_count else 0,
        )
    if row.state is ImportState.UNMAPPED:
        return _columns(request, staff, row, problem)
    lines: list[FilmImportLine] = []
    for outcome in ORDER:
        limit = MAX_SHOWN - len(lines)
        lines += uploads.find_lines(session, row, outcome=outcome, limit=limit) if limit else ()
    return page(
        request,
        staff,
        "import.html",
        problem=problem,
        row=row,
        format=form,
        lines=lines,
        unshown=max(0, row.line_count - len(lines)) if lines else 0,
        differences_of=_differences,
        field_of=_field,
    )


def _columns(
    request: Request,
    staff: Staff,
    row: FilmImport,
    problem: ConflictError | InvalidInputError | None = None,
) -> Response:
    return page(
        request,
        staff,
        "import_columns.html",
        problem=problem,
        row=row,
        format=FileFormat(row.file_format),
        fields=words.FIELDS,
    )


def _all_lines(readers: sessionmaker[Session], row: FilmImport) -> Iterator[FilmImportLine]:
    last = 0
    # A session of its own: the request's is closed before the answer begins.
    with readers() as session:
        while found := uploads.find_lines(session, row, after=last, limit=BATCH_SIZE):
            yield from found
            last = found[-1].number


def _differences(line: FilmImportLine) -> Sequence[FieldDifference]:
    """Return what a line changes, as a film's history shows it."""
    return differences(
        {name: before for name, before, _ in line.differences},
        {name: after for name, _, after in line.differences},
    )


def _report(lines: Iterable[FilmImportLine]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _row(REPORT)
    for each in lines:
        about = (str(each.number), each.outcome.value, each.slug, each.title)
        told = [
            *(
                (name, format_value(before), format_value(after), "")
                for name, before, after in each.differences
            ),
            *((_field(pointer), "", "", detail) for pointer, detail in each.problems),
        ]
        for line in told or [("", "", "", "")]:
            yield _row((*about, *line))


def _row(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(map(escape_formula, cells))
    return out.getvalue().encode()


def _field(pointer: str) -> str:
    """Return where in a line something is wrong, in words: ``credits.0.name``."""
    return pointer.removeprefix("#").removeprefix("/").replace("/", ".")
