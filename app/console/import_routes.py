"""Films from files: looked at line by line, before anything of one is applied."""

import csv
import hashlib
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from app.accounts.permissions import Scope
from app.catalog.differences import Difference, differences
from app.catalog.import_models import FilmImport
from app.catalog.transfer import running
from app.catalog.transfer.checking import check
from app.catalog.transfer.formats import READERS
from app.catalog.transfer.lines import FileRefusedError, Outcome, Result, said
from app.catalog.transfer.running import Source
from app.catalog.transfer.scratch import Scratch
from app.catalog.transfer.spool import Spool
from app.console.access import Staff, check_form, does, sees
from app.console.fields import Line
from app.console.pages import page, see_other
from app.console.submissions import first_time
from app.core.db import ReadSessionDep
from app.core.errors import FieldProblem, InvalidInputError
from app.core.forms import form_of
from app.core.requests import settings_of
from app.core.sheets import harmless
from app.core.storage import FileGoneError
from app.exports.marc_films import marc_readers

router = APIRouter(prefix="/imports")
Reader = Annotated[Staff, Depends(sees(Scope.CATALOG_WRITE))]
Editor = Annotated[Staff, Depends(does(Scope.CATALOG_WRITE))]
Digest = Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]
# Looked at while somebody waits; the command takes files of any size.
LARGEST = 20_000_000
MOST_SHOWN = 300
RUNS = 30
# What needs a person comes first.
ORDER = (Outcome.REFUSED, Outcome.CHANGED, Outcome.CREATED, Outcome.LEFT)
REPORT = ("line", "outcome", "slug", "title", "field", "before", "after", "reason")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form with a file, of the session that it was drawn for."""

    staff: Staff
    name: str
    data: bytes


async def _sent(request: Request, staff: Reader) -> AsyncIterator[Sent]:
    async with form_of(request, max_files=1, max_fields=5, max_part_bytes=1000) as form:
        check_form(staff, str(form.get("csrf", "")))
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            yield Sent(staff, "", b"")
        else:
            yield Sent(staff, file.filename[-running.LONGEST_NAME :], await file.read(LARGEST + 1))


SentDep = Annotated[Sent, Depends(_sent)]


@router.get("", summary="Films from files")
def imports_page(request: Request, staff: Reader, session: ReadSessionDep) -> Response:
    """Show where a file is sent, and what was applied before."""
    return _start(request, staff, session)


@router.post("", summary="Look at a file")
def look_at_file(request: Request, sent: SentDep) -> Response:
    """Show what a file would do, line by line; nothing of it is applied."""
    problem = ""
    if not sent.data:
        problem = "choose a file that is not empty"
    elif len(sent.data) > LARGEST:
        problem = f"it is larger than {LARGEST // 1_000_000} MB: use reelright catalog import"
    if problem:
        with request.app.state.readers() as session:
            return _refused(request, sent.staff, session, problem)
    digest = hashlib.sha256(sent.data).hexdigest()
    request.app.state.storage.write(_kept(digest), sent.data)
    return _looked_at(request, sent.staff, digest, sent.name)


@router.get("/{digest}/report.csv", summary="Every line of a file that was looked at")
def report(request: Request, staff: Reader, digest: Digest, name: str = "films") -> Response:
    """Return what each line would do, as a table; a formula in it is never run."""
    del staff
    with _source(request, digest, name) as source, Scratch() as scratch:
        found = list(_check(request, source, scratch))
    return StreamingResponse(
        _report(_latest(found)),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="import-report.csv"',
            "Cache-Control": "private, no-store",
        },
    )


@router.post("/{digest}", summary="Apply a file that was looked at")
def apply_file(
    request: Request,
    *,
    staff: Editor,
    digest: Digest,
    step: Annotated[Literal["all", "good"], Form()],
    name: Line = "films",
    once: Line = "",
) -> Response:
    """Apply all lines, or only the good ones; with ``all``, one line refused changes nothing."""
    state = request.app.state
    if not state.storage.has(_kept(digest)) and _was_applied(request, digest):
        return see_other("/console/imports", done="twice")
    with _source(request, digest, name) as source, Scratch() as scratch:
        spool = Spool(state.readers, scratch)
        for _ in _check(request, source, scratch, spool):
            pass
        if step == "all" and scratch.count()[Outcome.REFUSED]:
            # The catalog has changed since the page was drawn.
            return _looked_at(request, staff, digest, name)
        with state.sessions.begin() as session:
            if not first_time(session, once):
                return see_other("/console/imports", done="twice")
        for _ in running.run(state.sessions, source, spool, scratch, actor=staff.actor):
            pass
    state.storage.remove(_kept(digest))
    return see_other("/console/imports", done="imported", anchor="runs")


def _was_applied(request: Request, digest: str) -> bool:
    with request.app.state.readers() as session:
        applied = select(FilmImport.id).where(FilmImport.sha256 == digest)
        return session.scalars(applied).first() is not None


def _start(
    request: Request, staff: Staff, session: Session, problem: InvalidInputError | None = None
) -> Response:
    runs = session.scalars(select(FilmImport).order_by(FilmImport.id.desc()).limit(RUNS)).all()
    return page(
        request, staff, "imports.html", problem=problem, runs=runs, megabytes=LARGEST // 1_000_000
    )


def _refused(request: Request, staff: Staff, session: Session, reason: str) -> Response:
    return _start(request, staff, session, InvalidInputError.of(FieldProblem("#/file", reason)))


def _looked_at(request: Request, staff: Staff, digest: str, name: str) -> Response:
    try:
        with _source(request, digest, name) as source, Scratch() as scratch:
            results = _latest(_check(request, source, scratch))
            counts = scratch.count()
    except FileRefusedError as error:
        with request.app.state.readers() as session:
            return _refused(request, staff, session, str(error))
    told = [each for each in results if each.outcome is not Outcome.LEFT]
    told.sort(key=lambda each: (ORDER.index(each.outcome), each.number))
    told += [each for each in results if each.outcome is Outcome.LEFT]
    return page(
        request,
        staff,
        "import.html",
        source=source,
        digest=digest,
        counts=counts,
        results=told[:MOST_SHOWN],
        unshown=max(0, len(told) - MOST_SHOWN),
        differences_of=_differences,
        field_of=_field,
    )


def _check(
    request: Request, source: Source, scratch: Scratch, spool: Spool | None = None
) -> Iterator[Result]:
    state = request.app.state
    return check(state.readers, state.sessions, source.lines(), scratch, spool)


def _latest(results: Iterable[Result]) -> list[Result]:
    """Return one result a line: of a line that later ones showed in another light, the last."""
    return list({each.number: each for each in results}.values())


@contextmanager
def _source(request: Request, digest: str, name: str) -> Iterator[Source]:
    """Give a file that was sent before.

    Raises:
        InvalidInputError: it is not kept any more.
    """
    own = settings_of(request).marc_organization
    try:
        data = request.app.state.storage.read(_kept(digest))
    except FileGoneError as error:
        problem = FieldProblem("#/file", "the file is not kept any more: send it again")
        raise InvalidInputError.of(problem) from error
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Source.of(Path(file.name), {**READERS, **marc_readers(own)}, name=name)


def _kept(digest: str) -> str:
    return f"imports/{digest}"


def _differences(result: Result) -> list[Difference]:
    """Return what a line changes, as a film's history shows it."""
    return differences(
        {each.field: each.before for each in result.differences},
        {each.field: each.after for each in result.differences},
    )


def _report(results: list[Result]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _row(REPORT)
    for each in results:
        about = (str(each.number), each.outcome.value, each.slug, each.title)
        lines = [
            *(
                (found.field, said(found.before), said(found.after), "")
                for found in each.differences
            ),
            *((_field(wrong.pointer), "", "", wrong.detail) for wrong in each.problems),
        ]
        for line in lines or [("", "", "", "")]:
            yield _row((*about, *line))


def _row(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(map(harmless, cells))
    return out.getvalue().encode()


def _field(pointer: str) -> str:
    """Return where in a line something is wrong, in words: ``credits.0.name``."""
    return pointer.removeprefix("#").removeprefix("/").replace("/", ".")
