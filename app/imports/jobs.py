"""The worker's job for an uploaded file of films: check it, or apply it."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
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
from app.imports.batch_writer import ImportActor, write_checked
from app.imports.command_imports import (
    COMMAND_STOPPED_TEXT,
    UNWRITTEN_TEXT,
    failure_message,
)
from app.imports.dry_run import batches, check
from app.imports.formats import ImportSource
from app.imports.headings import Column, ColumnsUnclearError
from app.imports.lines import FileFormat, ImportFileError, LineOutcome, LineResult, Readers
from app.imports.models import FilmImport, FilmImportLine, ImportState
from app.imports.prepared_lines import Spool, helper_for
from app.imports.scratch_database import ScratchDatabase

log = logging.getLogger(__name__)
FILE_MISSING_TEXT = "The file has expired. Upload it again."
MAX_ATTEMPTS = 5
FAILED_TEXT = (
    "The import failed five times. See the log for the cause. Applied lines are kept. Import the "
    "file again for the rest."
)
RETRY_DELAY = timedelta(seconds=30)
INTERRUPTED_TEXT = (
    "The import stopped, and the catalog has changed since. Applied lines are kept. Check the "
    "other lines again."
)


class SupersededError(Exception):
    """Another worker has restarted this job, because the lease of this one ended."""


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What the job needs: sessions, the storage and the readers of formats."""

    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    storage: Storage
    formats: Readers


def run_import_job(context: ImportContext, *, import_id: int) -> str:
    """Check a file, or apply it; return its new state. Safe to repeat."""
    film_import = _start(context, import_id)
    if film_import is None:
        return "nothing to do"
    with ScratchDatabase() as scratch:
        try:
            with _open_source(context, film_import) as source:
                if film_import.state is ImportState.CHECKING:
                    _check(context, film_import, source, scratch)
                else:
                    _apply(context, film_import, source, scratch)
        except ColumnsUnclearError as error:
            _finish(
                context,
                film_import,
                ImportState.UNMAPPED,
                problem=str(error),
                columns=error.columns,
            )
        except ImportFileError as error:
            _finish(context, film_import, ImportState.UNREADABLE, problem=str(error))
        except FileMissingError:
            _finish(context, film_import, ImportState.UNREADABLE, problem=FILE_MISSING_TEXT)
        except SupersededError:
            return "overtaken"
        except Exception as error:
            log.exception(
                "import.failed", extra={"ref": film_import.ref, "tries": film_import.tries}
            )
            if film_import.tries < MAX_ATTEMPTS and isinstance(error, OperationalError | OSError):
                _postpone(context, film_import, error)
            else:
                _fail(context, film_import, scratch, error)
    return _delete_unneeded_file(context, film_import)


def _start(context: ImportContext, import_id: int) -> FilmImport | None:
    with context.sessions.begin() as session:
        row = session.get(FilmImport, import_id, with_for_update=True)
        if row is None or not row.waits_for_worker:
            return None
        if row.is_by_command or row.tries >= MAX_ATTEMPTS:
            row.problem = COMMAND_STOPPED_TEXT if row.is_by_command else FAILED_TEXT
            if row.state is ImportState.APPLYING and not row.is_by_command:
                _reject_missing(session, row)
            row.state, row.next_run_at = ImportState.FAILED, None
            log.error("import.abandoned", extra={"ref": row.ref, "tries": row.tries})
            return None
        row.tries += 1
        row.done_count = 0
        row.next_run_at = clock.now() + uploads.LEASE
        if row.state is ImportState.CHECKING and row.mapping is None:
            row.mapping = uploads.find_last_mapping(session)
        if row.state is ImportState.CHECKING:
            statement = delete(FilmImportLine).where(FilmImportLine.import_id == import_id)
            session.execute(statement)
    return row


def _reject_missing(session: Session, row: FilmImport) -> None:
    """Reject the lines of an abandoned import whose new films do not exist."""
    line = FilmImportLine
    word = FileFormat(row.file_format).line_word
    missing = update(line).where(
        line.import_id == row.id,
        line.outcome == LineOutcome.CREATED,
        line.slug.not_in(select(Film.slug)),
    )
    values = {
        "outcome": LineOutcome.REJECTED,
        "problems": [["#", UNWRITTEN_TEXT.format(word=word)]],
    }
    session.execute(missing.values(values).execution_options(synchronize_session=False))
    uploads.count_lines(session, row)


def _check(
    context: ImportContext, film_import: FilmImport, source: ImportSource, scratch: ScratchDatabase
) -> None:
    results = check(context.readers, context.sessions, source.lines(), scratch)
    for batch in batches(results):
        _store_results(context, film_import, batch)
    reading = source.reading
    _finish(
        context,
        film_import,
        ImportState.CHECKED,
        columns=reading.columns,
        doubt_count=reading.doubts,
    )


def _apply(
    context: ImportContext, film_import: FilmImport, source: ImportSource, scratch: ScratchDatabase
) -> None:
    with helper_for(film_import.file_bytes) as helper:
        spool = Spool(context.readers, scratch, helper)
        results = check(context.readers, context.sessions, source.lines(), scratch, spool)
        for batch in batches(results):
            _store_results(context, film_import, _new_results(context, film_import, batch), done=0)
        refused = scratch.count()[LineOutcome.REJECTED]
        if refused and not film_import.skip_rejected:
            # The catalog has changed since the file was checked.
            problem = INTERRUPTED_TEXT if film_import.tries > 1 else ""
            _finish(context, film_import, ImportState.CHECKED, problem=problem)
            return
        by = ImportActor(
            film_import.sender, reason=f"import {film_import.ref} of {film_import.file_name}"
        )
        # Closed before a failure is recorded: another thread may still be writing a batch.
        with closing(
            write_checked(context.sessions, source, spool, scratch, by=by)
        ) as write_results:
            for batch in batches(write_results):
                _store_results(
                    context, film_import, _new_results(context, film_import, batch), done=len(batch)
                )
    _finish(context, film_import, ImportState.APPLIED)


def _new_results(
    context: ImportContext, film_import: FilmImport, results: Sequence[LineResult]
) -> list[LineResult]:
    """Return the results that differ from those of the check.

    After an interruption, lines that are now unchanged keep the results of the earlier attempt.
    """
    line = FilmImportLine
    # A line can have several results; the last one counts.
    last = {result.number: result for result in results}
    numbers = list(last)
    statement = select(line.number, line.outcome).where(
        line.import_id == film_import.id, line.number.in_(numbers)
    )
    with context.readers() as session:
        outcomes = dict(session.execute(statement).all())
    is_first = film_import.tries == 1
    return [
        result
        for result in last.values()
        if result.outcome is not outcomes.get(result.number)
        and (is_first or result.outcome is not LineOutcome.UNCHANGED)
    ]


def _store_results(
    context: ImportContext,
    film_import: FilmImport,
    results: Sequence[LineResult],
    *,
    done: int | None = None,
) -> None:
    """Store results of lines, and add ``done``, or else their number, to the progress."""
    rows = {result.number: _row(film_import.id, result) for result in results}
    with context.sessions.begin() as session:
        row = _lock_row(session, film_import)
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
        "differences": [[item.field, item.before, item.after] for item in result.differences],
        "problems": [[item.pointer, item.detail] for item in result.problems],
    }


def _lock_row(session: Session, film_import: FilmImport) -> FilmImport:
    row = session.get(FilmImport, film_import.id, with_for_update=True)
    if row is None or (row.state, row.tries) != (film_import.state, film_import.tries):
        raise SupersededError
    return row


def _finish(
    context: ImportContext,
    film_import: FilmImport,
    state: ImportState,
    *,
    problem: str = "",
    columns: Sequence[Column] | None = None,
    doubt_count: int | None = None,
) -> None:
    with context.sessions.begin() as session:
        row = _lock_row(session, film_import)
        if columns is not None:
            row.columns = [column.as_json() for column in columns] or None
        if doubt_count is not None:
            row.doubt_count = doubt_count
        row.state, row.problem, row.next_run_at = state, problem or None, None
        uploads.count_lines(session, row)
        row.line_count = row.done_count = sum(row.counts.values())
        if state is ImportState.APPLIED:
            row.finished_at = clock.now()
            facts = {outcome.value: count for outcome, count in row.counts.items()}
            audit.record_action(
                session, "film_import", row.ref, "finished", row.sender, after=facts
            )
    log.info("import.ended", extra={"ref": film_import.ref, "state": state})


def _postpone(context: ImportContext, film_import: FilmImport, error: Exception) -> None:
    """Have the worker retry soon, and show the reason until then."""
    with context.sessions.begin() as session:
        row = _lock_row(session, film_import)
        row.problem = f"An error stopped the import: {reason_of(error)}. We'll retry soon."
        row.next_run_at = clock.now() + RETRY_DELAY * film_import.tries


def _fail(
    context: ImportContext, film_import: FilmImport, scratch: ScratchDatabase, error: Exception
) -> None:
    """Fail an import, and reject the lines that were not written."""
    is_applying = film_import.state is ImportState.APPLYING
    if is_applying:
        word = FileFormat(film_import.file_format).line_word
        values = {
            "outcome": LineOutcome.REJECTED,
            "problems": [["#", UNWRITTEN_TEXT.format(word=word)]],
        }
        line = FilmImportLine
        for numbers in batches(scratch.reject_unwritten()):
            unwritten = update(line).where(
                line.import_id == film_import.id,
                line.number.in_(numbers),
                line.outcome != LineOutcome.REJECTED,
                # Another thread may have written it.
                (line.outcome != LineOutcome.CREATED) | line.slug.not_in(select(Film.slug)),
            )
            with context.sessions.begin() as session:
                _lock_row(session, film_import)
                changes = unwritten.values({**values, "differences": []})
                session.execute(changes.execution_options(synchronize_session=False))
    problem = failure_message(error, applying=is_applying)
    _finish(context, film_import, ImportState.FAILED, problem=problem)


def _delete_unneeded_file(context: ImportContext, film_import: FilmImport) -> str:
    """Delete the bytes if no import needs them, and return the state of this one."""
    with context.readers() as session:
        state = session.get_one(FilmImport, film_import.id).state
        if uploads.find_needed(session, [film_import.sha256]):
            return state
    try:
        context.storage.remove(uploads.storage_name(film_import.sha256))
    except FileMissingError:
        log.info("import.file_gone", extra={"ref": film_import.ref})
    return state


@contextmanager
def _open_source(context: ImportContext, film_import: FilmImport) -> Iterator[ImportSource]:
    with tempfile.NamedTemporaryFile() as file:
        for chunk in context.storage.chunks(uploads.storage_name(film_import.sha256)):
            file.write(chunk)
        file.flush()
        yield ImportSource.of(
            Path(file.name),
            context.formats,
            name=film_import.file_name,
            mapping=film_import.mapping,
            has_sure_titles=film_import.has_sure_titles,
        )
