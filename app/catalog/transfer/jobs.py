"""What the worker does with a file of films that was sent: look at it, or apply it."""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.catalog.import_models import FilmImport, FilmImportLine, ImportState
from app.catalog.transfer import sent
from app.catalog.transfer.applying import By
from app.catalog.transfer.checking import batches, check
from app.catalog.transfer.lines import FileRefusedError, Outcome, Readers, Result
from app.catalog.transfer.running import Source, write_checked
from app.catalog.transfer.scratch import Scratch
from app.catalog.transfer.spool import Spool, helper_for
from app.core import clock
from app.core.db import upsert
from app.core.storage import FileGoneError, Storage

log = logging.getLogger(__name__)
GONE = "The file is not kept any more: send it again."
# What fails so often for a reason that nobody foresaw fails again.
MOST_TRIES = 5
GIVEN_UP = (
    "The store failed with it five times, for a reason that its log tells. What was applied before "
    "stays; the rest is not."
)
CUT_SHORT = (
    "The store stopped while it was applying this file, and the catalog has changed since. Lines "
    "that were applied before stay and are left alone; look at the others again."
)


class OvertakenError(Exception):
    """Another worker has begun the same work anew, for it heard nothing of this one for long."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the work is done with."""

    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    storage: Storage
    formats: Readers


def work(tools: Tools, *, import_id: int) -> str:
    """Check a file, or apply it; return the state that it is in then. Safe to repeat."""
    begun = _begin(tools, import_id)
    if begun is None:
        return "nothing to do"
    try:
        with _source(tools, begun) as source, Scratch() as scratch:
            if begun.state is ImportState.CHECKING:
                _check(tools, begun, source, scratch)
            else:
                _apply(tools, begun, source, scratch)
    except FileRefusedError as error:
        _end(tools, begun, ImportState.UNREADABLE, problem=str(error))
    except FileGoneError:
        _end(tools, begun, ImportState.UNREADABLE, problem=GONE)
    except OvertakenError:
        return "overtaken"
    return _let_go(tools, begun)


def _begin(tools: Tools, import_id: int) -> FilmImport | None:
    with tools.sessions.begin() as session:
        row = session.get(FilmImport, import_id, with_for_update=True)
        if row is None or not row.waits_for_worker:
            return None
        if row.tries >= MOST_TRIES:
            row.state, row.problem, row.next_run_at = ImportState.UNREADABLE, GIVEN_UP, None
            log.error("import.given_up", extra={"ref": row.ref, "tries": row.tries})
            return None
        row.tries += 1
        row.done_count = 0
        row.next_run_at = clock.now() + sent.LEASE
        if row.state is ImportState.CHECKING:
            gone = delete(FilmImportLine).where(FilmImportLine.import_id == import_id)
            session.execute(gone)
    return row


def _check(tools: Tools, begun: FilmImport, source: Source, scratch: Scratch) -> None:
    found = check(tools.readers, tools.sessions, source.lines(), scratch)
    for batch in batches(found):
        _keep(tools, begun, batch)
    _end(tools, begun, ImportState.CHECKED)


def _apply(tools: Tools, begun: FilmImport, source: Source, scratch: Scratch) -> None:
    with helper_for(begun.file_bytes) as helper:
        spool = Spool(tools.readers, scratch, helper)
        found = check(tools.readers, tools.sessions, source.lines(), scratch, spool)
        for batch in batches(found):
            _keep(tools, begun, _news(tools, begun, batch), done=0)
        refused = scratch.count()[Outcome.REFUSED]
        if refused and not begun.only_good:
            # The catalog has changed since the file was checked.
            problem = CUT_SHORT if begun.tries > 1 else ""
            _end(tools, begun, ImportState.CHECKED, problem=problem)
            return
        by = By(begun.who, reason=f"import {begun.ref} of {begun.file_name}")
        written = write_checked(tools.sessions, source, spool, scratch, by=by)
        for batch in batches(written):
            _keep(tools, begun, _news(tools, begun, batch), done=len(batch))
    _end(tools, begun, ImportState.APPLIED)


def _news(tools: Tools, begun: FilmImport, results: Sequence[Result]) -> list[Result]:
    """Return those results that say something else than the lines did when they were checked.

    What a run that was cut short has written is left by the next one, and stays as it was told.
    """
    line = FilmImportLine
    numbers = [each.number for each in results]
    wanted = select(line.number, line.outcome).where(
        line.import_id == begun.id, line.number.in_(numbers)
    )
    with tools.readers() as session:
        told = dict(session.execute(wanted).all())
    is_first = begun.tries == 1
    return [
        each
        for each in results
        if each.outcome is not told.get(each.number)
        and (is_first or each.outcome is not Outcome.LEFT)
    ]


def _keep(
    tools: Tools, begun: FilmImport, results: Sequence[Result], *, done: int | None = None
) -> None:
    """Keep what becomes of lines; count as ``done`` all of them unless it says how many."""
    rows = {each.number: _row(begun.id, each) for each in results}
    with tools.sessions.begin() as session:
        row = _still_ours(session, begun)
        row.done_count += len(rows) if done is None else done
        row.next_run_at = clock.now() + sent.LEASE
        upsert(session, FilmImportLine, list(rows.values()), index_elements=["import_id", "number"])


def _row(import_id: int, result: Result) -> dict[str, Any]:
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
        raise OvertakenError
    return row


def _end(tools: Tools, begun: FilmImport, state: ImportState, *, problem: str = "") -> None:
    with tools.sessions.begin() as session:
        row = _still_ours(session, begun)
        row.state, row.problem, row.next_run_at = state, problem or None, None
        sent.count_lines(session, row)
        row.line_count = row.done_count = sum(row.counts.values())
        if state is ImportState.APPLIED:
            row.finished_at = clock.now()
            told = {outcome.value: count for outcome, count in row.counts.items()}
            audit.record_verb(session, "film_import", row.ref, "finished", row.who, after=told)
    log.info("import.ended", extra={"ref": begun.ref, "state": state})


def _let_go(tools: Tools, begun: FilmImport) -> str:
    """Remove the file's bytes when no import has to read them any more."""
    with tools.readers() as session:
        state = session.get_one(FilmImport, begun.id).state
        if sent.still_wanted(session, [begun.sha256]):
            return state
    try:
        tools.storage.remove(sent.kept_name(begun.sha256))
    except FileGoneError:
        log.info("import.file_gone", extra={"ref": begun.ref})
    return state


@contextmanager
def _source(tools: Tools, begun: FilmImport) -> Iterator[Source]:
    with tempfile.NamedTemporaryFile() as file:
        for piece in _pieces(tools, begun):
            file.write(piece)
        file.flush()
        yield Source.of(Path(file.name), tools.formats, name=begun.file_name)


def _pieces(tools: Tools, begun: FilmImport) -> Iterable[bytes]:
    return tools.storage.chunks(sent.kept_name(begun.sha256))
