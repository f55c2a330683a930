"""Imports of films: check a file line by line, then apply it."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session, sessionmaker
from starlette.datastructures import UploadFile

from app.catalog.differences import FieldDifference, differences
from app.console.access import CatalogEditor, Staff
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import ConflictError, FieldProblem, InvalidInputError
from app.core.forms import open_form
from app.core.spreadsheets import escape_formula
from app.imports import uploads
from app.imports.headings import COLUMNS, DATE_COLUMN, IGNORE, NUMBER_COLUMNS, ROLE_COLUMNS
from app.imports.lines import FileFormat, ImportFileError, LineOutcome, format_value
from app.imports.models import FilmImport, FilmImportLine, ImportState

_LABELS: Mapping[str, str] = {
    DATE_COLUMN: "Release date (year only)",
    "runtime_minutes": "Running time",
    "spoken": "Spoken languages",
    "subtitles": "Subtitle languages",
    "credits": "Credits (director: Name | editor: Name)",
    "versions": "Versions (Feature: 90 | Short: 52)",
    "identifiers": "Identifiers (isbn: … | oclc: …)",
    "slug": "Slug",
    "status": "Status (draft, published, or withdrawn)",
    "color": "Color or black and white",
}
_FIRST = (
    *("title", "original_title", "release_year", DATE_COLUMN, "runtime_minutes", "countries"),
    *("spoken", "subtitles", "genre", "synopsis", "tagline", "subjects", "color", "status", "slug"),
)


def _label(name: str) -> str:
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


# Fields with their labels, by group.
FIELD_GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Not imported", ((IGNORE, "Ignore this column"),)),
    ("Film", tuple((name, _label(name)) for name in _FIRST)),
    ("People", tuple((name, role.label) for name, role in ROLE_COLUMNS.items())),
    ("Numbers", tuple((name, kind.label) for name, kind in NUMBER_COLUMNS.items())),
    ("More", tuple((name, _label(name)) for name in COLUMNS if name not in _FIRST)),
)


router = APIRouter(prefix="/imports")
Ref = Annotated[str, InPath(pattern=r"^FI-[0-9A-Z]{8}$")]
MAX_SHOWN = 300
MAX_IMPORTS = 30
# The prefix of a form field's name, before the position of its column.
COLUMN_PREFIX = "column-"
BATCH_SIZE = 500
# Lines that need a person come first.
OUTCOME_ORDER = (
    LineOutcome.REJECTED,
    LineOutcome.CHANGED,
    LineOutcome.CREATED,
    LineOutcome.UNCHANGED,
)
REPORT_COLUMNS = ("line", "outcome", "slug", "title", "field", "before", "after", "reason")


async def _file(request: Request, staff: CatalogEditor) -> AsyncIterator[UploadFile | None]:
    del staff  # known before the file is read
    async with open_form(request, max_files=1, max_fields=5, max_part_bytes=1000) as form:
        file = form.get("file")
        yield file if isinstance(file, UploadFile) and file.filename else None


@router.get("", summary="Import films")
def imports_page(request: Request, staff: CatalogEditor, session: ReadSessionDep) -> Response:
    """Show the upload form and the last imports."""
    return _draw_list(request, staff, session)


@router.post("", summary="Check a file")
def upload_file(
    request: Request, staff: CatalogEditor, file: Annotated[UploadFile | None, Depends(_file)]
) -> Response:
    """Store a file and queue its check."""
    state = app_state(request)
    try:
        data = file.file.read(uploads.MAX_FILE_BYTES + 1) if file else b""
        upload = uploads.UploadedFile.of(file.filename or "" if file else "", data)
    except ImportFileError as error:
        with state.readers() as session:
            wrong = InvalidInputError.of(FieldProblem("#/file", str(error)))
            return _draw_list(request, staff, session, wrong)
    uploads.store_upload(state.storage, upload)
    with state.sessions.begin() as session:
        ref = uploads.create_import(session, upload, actor=staff.actor).ref
    uploads.store_upload(state.storage, upload)
    return see_other(f"/console/imports/{ref}")


@router.get("/{ref}", summary="One import")
def import_page(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, ref: Ref
) -> Response:
    """Show the progress of an import, then the outcome of line line."""
    return _draw_import(request, staff, session, uploads.get_import(session, ref))


@router.get("/{ref}/report.csv", summary="All lines of an import as CSV")
def report(request: Request, session: ReadSessionDep, staff: CatalogEditor, ref: Ref) -> Response:
    """Return the outcome of line line as CSV, with formulas escaped."""
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
    """Return the chosen field of line column, by its position from 0."""
    form = await request.form()
    return {
        int(name.removeprefix(COLUMN_PREFIX)): str(value)
        for name, value in form.items()
        if name.startswith(COLUMN_PREFIX) and name.removeprefix(COLUMN_PREFIX).isdecimal() and value
    }


@router.get("/{ref}/columns", summary="The columns of a file")
def columns_page(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, ref: Ref
) -> Response:
    """Show the columns of a table with examples and their fields."""
    row = uploads.get_import(session, ref)
    if row.state is not ImportState.CHECKED or not row.columns:
        return _draw_import(request, staff, session, row)
    return _columns(request, staff, row)


@router.post("/{ref}/columns", summary="Match columns to fields")
def choose_columns(
    request: Request,
    *,
    staff: CatalogEditor,
    session: SessionDep,
    ref: Ref,
    choices: Annotated[dict[int, str], Depends(_choices)],
) -> Response:
    """Check a table again with the chosen columns."""
    row = uploads.get_import(session, ref)
    headings = [column["heading"] for column in row.columns or ()]
    mapping = {
        heading: choices[position]
        for position, heading in enumerate(headings)
        if position in choices
    }
    return _check_again(request, staff, session, ref, mapping=mapping)


@router.post("/{ref}/titles", summary="Confirm the titles of a file")
def confirm_titles(
    request: Request, *, staff: CatalogEditor, session: SessionDep, ref: Ref
) -> Response:
    """Check a table again with its titles confirmed."""
    return _check_again(request, staff, session, ref, has_sure_titles=True)


@router.post("/{ref}", summary="Apply a checked file")
def apply_file(
    request: Request,
    *,
    staff: CatalogEditor,
    session: SessionDep,
    ref: Ref,
    step: Annotated[Literal["all", "good"], Form()],
) -> Response:
    """Apply all lines, or only the valid ones. Repeating it changes nothing."""
    try:
        _, is_new = uploads.request_apply(
            session, ref, skip_rejected=step == "good", actor=staff.actor
        )
    except ConflictError as error:
        return _draw_import(request, staff, session, uploads.get_import(session, ref), error)
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
        return _draw_import(request, staff, session, uploads.get_import(session, ref), error)
    return see_other(f"/console/imports/{ref}")


def _draw_list(
    request: Request, staff: Staff, session: Session, problem: InvalidInputError | None = None
) -> Response:
    runs = uploads.find_imports(session, limit=MAX_IMPORTS)
    megabytes = uploads.MAX_FILE_BYTES // 1_000_000
    return draw_page(
        request, staff, "imports.html", problem=problem, runs=runs, megabytes=megabytes
    )


def _draw_import(
    request: Request,
    staff: Staff,
    session: Session,
    row: FilmImport,
    problem: ConflictError | InvalidInputError | None = None,
) -> Response:
    form = FileFormat(row.file_format)
    if row.waits_for_worker:
        return draw_page(
            request,
            staff,
            "import_progress.html",
            problem=problem,
            row=row,
            format=form,
            # An estimate until all lines are read; hidden if it was too low.
            line_estimate=row.line_count if row.done_count <= row.line_count else 0,
        )
    if row.state is ImportState.UNMAPPED:
        return _columns(request, staff, row, problem)
    lines: list[FilmImportLine] = []
    for outcome in OUTCOME_ORDER:
        limit = MAX_SHOWN - len(lines)
        lines += uploads.find_lines(session, row, outcome=outcome, limit=limit) if limit else ()
    return draw_page(
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
    return draw_page(
        request,
        staff,
        "import_columns.html",
        problem=problem,
        row=row,
        format=FileFormat(row.file_format),
        fields=FIELD_GROUPS,
    )


def _all_lines(readers: sessionmaker[Session], row: FilmImport) -> Iterator[FilmImportLine]:
    last = 0
    # Its own session, because the request's is closed before the response starts.
    with readers() as session:
        while lines := uploads.find_lines(session, row, after=last, limit=BATCH_SIZE):
            yield from lines
            last = lines[-1].number


def _differences(line: FilmImportLine) -> Sequence[FieldDifference]:
    """Return the changes of a line, as in a film's history."""
    return differences(
        {name: before for name, before, _ in line.differences},
        {name: after for name, _, after in line.differences},
    )


def _report(lines: Iterable[FilmImportLine]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _row(REPORT_COLUMNS)
    for line in lines:
        facts = (str(line.number), line.outcome.value, line.slug, line.title)
        details = [
            *(
                (name, format_value(before), format_value(after), "")
                for name, before, after in line.differences
            ),
            *((_field(pointer), "", "", detail) for pointer, detail in line.problems),
        ]
        for detail in details or [("", "", "", "")]:
            yield _row((*facts, *detail))


def _row(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(map(escape_formula, cells))
    return out.getvalue().encode()


def _field(pointer: str) -> str:
    """Return a pointer as a path such as ``credits.0.name``."""
    return pointer.removeprefix("#").removeprefix("/").replace("/", ".")
