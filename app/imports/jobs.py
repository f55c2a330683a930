"""What the worker does with a file of films that was sent: look at it, or apply it."""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.catalog.models import Film
from app.core import clock
from app.core.db import reason_of, upsert
from app.core.storage import FileMissingError, Storage
from app.imports import uploads
from app.imports.applying import ImportActor
from app.imports.checking import batches, check
from app.imports.headings import Column, ColumnsUnclearError
from app.imports.lines import FileFormat, ImportFileError, LineOutcome, LineResult, Readers
from app.imports.models import FilmImport, FilmImportLine, ImportState
from app.imports.running import (
    COMMAND_STOPPED,
    UNWRITTEN,
    ImportSource,
    failure_words,
    write_checked,
)
from app.imports.scratch import Scratch
from app.imports.spool import Spool, helper_for

log = logging.getLogger(__name__)
GONE = "The file has expired. Upload it again."
# What is cut short so often is cut short again.
MAX_ATTEMPTS = 5
FAILED_TEXT = (
    "The import failed five times. See the log for the cause. Applied lines are kept. Import the "
    "file again for the rest."
)
RETRY = timedelta(seconds=30)
CUT_SHORT = (
    "The import stopped, and the catalog has changed since. Applied lines are kept. Check the "
    "other lines again."
)


class SupersededError(Exception):
    """Another worker has begun the same work anew, for it heard nothing of this one for long."""


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What the work is done with."""

    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    storage: Storage
    formats: Readers


def run_import_job(tools: ImportContext, *, import_id: int) -> str:
    """Check a file, or apply it; return the state that it is in then. Safe to repeat."""
    begun = _begin(tools, import_id)
    if begun is None:
        return "nothing to do"
    with Scratch() as scratch:
        try:
            with _source(tools, begun) as source:
                if begun.state is ImportState.CHECKING:
                    _check(tools, begun, source, scratch)
                else:
                    _apply(tools, begun, source, scratch)
        except ColumnsUnclearError as error:
            _end(tools, begun, ImportState.UNMAPPED, problem=str(error), columns=error.columns)
        except ImportFileError as error:
            _end(tools, begun, ImportState.UNREADABLE, problem=str(error))
        except FileMissingError:
            _end(tools, begun, ImportState.UNREADABLE, problem=GONE)
        except SupersededError:
            return "overtaken"
        except Exception as error:
            log.exception("import.failed", extra={"ref": begun.ref, "tries": begun.tries})
            if begun.tries < MAX_ATTEMPTS and isinstance(error, OperationalError | OSError):
                _put_off(tools, begun, error)
            else:
                _fail(tools, begun, scratch, error)
    return _let_go(tools, begun)


def _begin(tools: ImportContext, import_id: int) -> FilmImport | None:
    with tools.sessions.begin() as session:
        row = session.get(FilmImport, import_id, with_for_update=True)
        if row is None or not row.waits_for_worker:
            return None
        if row.is_by_command or row.tries >= MAX_ATTEMPTS:
            row.problem = COMMAND_STOPPED if row.is_by_command else FAILED_TEXT
            if row.state is ImportState.APPLYING and not row.is_by_command:
                _refuse_missing(session, row)
            row.state, row.next_run_at = ImportState.FAILED, None
            log.error("import.given_up", extra={"ref": row.ref, "tries": row.tries})
            return None
        row.tries += 1
        row.done_count = 0
        row.next_run_at = clock.now() + uploads.LEASE
        if row.state is ImportState.CHECKING and row.mapping is None:
            row.mapping = uploads.remembered_mapping(session)
        if row.state is ImportState.CHECKING:
            gone = delete(FilmImportLine).where(FilmImportLine.import_id == import_id)
            session.execute(gone)
    return row


def _refuse_missing(session: Session, row: FilmImport) -> None:
    """Correct those lines of an import given up whose new films are not there."""
    line = FilmImportLine
    word = FileFormat(row.file_format).line_word
    missing = update(line).where(
        line.import_id == row.id,
        line.outcome == LineOutcome.CREATED,
        line.slug.not_in(select(Film.slug)),
    )
    told = {"outcome": LineOutcome.REJECTED, "problems": [["#", UNWRITTEN.format(word=word)]]}
    session.execute(missing.values(told).execution_options(synchronize_session=False))
    uploads.count_lines(session, row)


def _check(tools: ImportContext, begun: FilmImport, source: ImportSource, scratch: Scratch) -> None:
    found = check(tools.readers, tools.sessions, source.lines(), scratch)
    for batch in batches(found):
        _keep(tools, begun, batch)
    reading = source.reading
    _end(tools, begun, ImportState.CHECKED, columns=reading.columns, doubt_count=reading.doubts)


def _apply(tools: ImportContext, begun: FilmImport, source: ImportSource, scratch: Scratch) -> None:
    with helper_for(begun.file_bytes) as helper:
        spool = Spool(tools.readers, scratch, helper)
        found = check(tools.readers, tools.sessions, source.lines(), scratch, spool)
        for batch in batches(found):
            _keep(tools, begun, _news(tools, begun, batch), done=0)
        refused = scratch.count()[LineOutcome.REJECTED]
        if refused and not begun.skip_rejected:
            # The catalog has changed since the file was checked.
            problem = CUT_SHORT if begun.tries > 1 else ""
            _end(tools, begun, ImportState.CHECKED, problem=problem)
            return
        by = ImportActor(begun.who, reason=f"import {begun.ref} of {begun.file_name}")
        # Closed before anything is told of a failure: a batch may be on its way beside.
        with closing(write_checked(tools.sessions, source, spool, scratch, by=by)) as written:
            for batch in batches(written):
                _keep(tools, begun, _news(tools, begun, batch), done=len(batch))
    _end(tools, begun, ImportState.APPLIED)


def _news(
    tools: ImportContext, begun: FilmImport, results: Sequence[LineResult]
) -> list[LineResult]:
    """Return those results that say something else than the lines did when they were checked.

    What a run that was cut short has written is left by the next one, and stays as it was told.
    """
    line = FilmImportLine
    # Of a line that a later one showed in another light, the last word.
    last = {each.number: each for each in results}
    numbers = list(last)
    wanted = select(line.number, line.outcome).where(
        line.import_id == begun.id, line.number.in_(numbers)
    )
    with tools.readers() as session:
        told = dict(session.execute(wanted).all())
    is_first = begun.tries == 1
    return [
        each
        for each in last.values()
        if each.outcome is not told.get(each.number)
        and (is_first or each.outcome is not LineOutcome.UNCHANGED)
    ]


def _keep(
    tools: ImportContext,
    begun: FilmImport,
    results: Sequence[LineResult],
    *,
    done: int | None = None,
) -> None:
    """Keep what becomes of lines; count as ``done`` all of them unless it says how many."""
    rows = {each.number: _row(begun.id, each) for each in results}
    with tools.sessions.begin() as session:
        row = _still_ours(session, begun)
        row.done_count += len(rows) if done is None else done
        row.next_run_at = clock.now() + uploads.LEASE
        upsert(session, FilmImportLine, list(rows.values()), index_elements=["import_id", "number"])


def _row(import_id: int, result: LineResult) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "number": result.number,
        "outcome": result.outcome,
        "slug": result.slug,
        "title": result.title,
        "differences": [[each.field, each.before, each.after] for each in result.differences],
        "problems": [[each.pointer, each.detail] for each in result.problems],
    }


def _still_ours(session: Session, begun: FilmImport) -> FilmImport:
    row = session.get(FilmImport, begun.id, with_for_update=True)
    if row is None or (row.state, row.tries) != (begun.state, begun.tries):
        raise SupersededError
    return row


def _end(
    tools: ImportContext,
    begun: FilmImport,
    state: ImportState,
    *,
    problem: str = "",
    columns: Sequence[Column] | None = None,
    doubt_count: int | None = None,
) -> None:
    with tools.sessions.begin() as session:
        row = _still_ours(session, begun)
        if columns is not None:
            row.columns = [column.as_json() for column in columns] or None
        if doubt_count is not None:
            row.doubt_count = doubt_count
        row.state, row.problem, row.next_run_at = state, problem or None, None
        uploads.count_lines(session, row)
        row.line_count = row.done_count = sum(row.counts.values())
        if state is ImportState.APPLIED:
            row.finished_at = clock.now()
            told = {outcome.value: count for outcome, count in row.counts.items()}
            audit.record_action(session, "film_import", row.ref, "finished", row.who, after=told)
    log.info("import.ended", extra={"ref": begun.ref, "state": state})


def _put_off(tools: ImportContext, begun: FilmImport, error: Exception) -> None:
    """Have the worker try again soon, and say why meanwhile."""
    with tools.sessions.begin() as session:
        row = _still_ours(session, begun)
        row.problem = f"An error stopped the import: {reason_of(error)}. We'll retry soon."
        row.next_run_at = clock.now() + RETRY * begun.tries


def _fail(tools: ImportContext, begun: FilmImport, scratch: Scratch, error: Exception) -> None:
    """End an import for good: say why, and of each line what really became of it."""
    is_applying = begun.state is ImportState.APPLYING
    if is_applying:
        word = FileFormat(begun.file_format).line_word
        told = {"outcome": LineOutcome.REJECTED, "problems": [["#", UNWRITTEN.format(word=word)]]}
        line = FilmImportLine
        for numbers in batches(scratch.refuse_unwritten()):
            unwritten = update(line).where(
                line.import_id == begun.id,
                line.number.in_(numbers),
                line.outcome != LineOutcome.REJECTED,
                # What was written beside the batch that failed is there.
                (line.outcome != LineOutcome.CREATED) | line.slug.not_in(select(Film.slug)),
            )
            with tools.sessions.begin() as session:
                _still_ours(session, begun)
                changes = unwritten.values({**told, "differences": []})
                session.execute(changes.execution_options(synchronize_session=False))
    problem = failure_words(error, applying=is_applying)
    _end(tools, begun, ImportState.FAILED, problem=problem)


def _let_go(tools: ImportContext, begun: FilmImport) -> str:
    """Remove the file's bytes when no import has to read them any more."""
    with tools.readers() as session:
        state = session.get_one(FilmImport, begun.id).state
        if uploads.still_wanted(session, [begun.sha256]):
            return state
    try:
        tools.storage.remove(uploads.kept_name(begun.sha256))
    except FileMissingError:
        log.info("import.file_gone", extra={"ref": begun.ref})
    return state


@contextmanager
def _source(tools: ImportContext, begun: FilmImport) -> Iterator[ImportSource]:
    with tempfile.NamedTemporaryFile() as file:
        for piece in _pieces(tools, begun):
            file.write(piece)
        file.flush()
        yield ImportSource.of(
            Path(file.name),
            tools.formats,
            name=begun.file_name,
            mapping=begun.mapping,
            has_sure_titles=begun.has_sure_titles,
        )


def _pieces(tools: ImportContext, begun: FilmImport) -> Iterable[bytes]:
    return tools.storage.chunks(uploads.kept_name(begun.sha256))
