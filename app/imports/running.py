"""An import from beginning to end: a file that was checked is applied, recorded and audited."""

import hashlib
import logging
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import reason_of
from app.core.numbers import new_number
from app.imports.applying import ImportActor, apply, retry_lines
from app.imports.formats import TABLES, format_of
from app.imports.headings import Reading
from app.imports.lines import (
    FileFormat,
    ImportFileError,
    ImportLine,
    LineOutcome,
    LineResult,
    Readers,
)
from app.imports.models import FilmImport, ImportState
from app.imports.scratch import Scratch
from app.imports.spool import Spool

log = logging.getLogger(__name__)
MAX_NAME_LENGTH = 200
# A command that gives no sign of life for so long was killed: the worker says so.
COMMAND_LEASE = timedelta(minutes=1)
HEARTBEAT_SECONDS = 15
COMMAND_STOPPED = (
    "The command was stopped before it finished. Applied lines are kept. Import the file again "
    "for the rest."
)
UNWRITTEN = "The import stopped before this {word}. Import the file again."


@dataclass(frozen=True, slots=True)
class ImportSource:
    """A file of films: as it is called, where it lies, and what it is."""

    name: str
    path: Path
    format: FileFormat
    sha256: str
    readers: Readers
    reading: Reading
    has_sure_titles: bool = False
    """Whether a person confirmed the titles that a spreadsheet may have changed."""

    @classmethod
    def of(
        cls,
        path: Path,
        readers: Readers,
        *,
        name: str = "",
        mapping: Mapping[str, str] | None = None,
        has_sure_titles: bool = False,
    ) -> "ImportSource":
        """Look at a file. ``mapping`` says which field each column of a table is, by heading.

        Raises:
            FileRefusedError: it is empty, or in a format that nobody here reads.
            OSError: it cannot be opened.
        """
        with path.open("rb") as file:
            found = format_of(file)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if found not in readers:
            msg = f"The file looks like {found.label}, which can't be imported here."
            raise ImportFileError(msg)
        called = (name or path.name)[:MAX_NAME_LENGTH]
        return cls(called, path, found, digest, readers, Reading(mapping or {}), has_sure_titles)

    def lines(self) -> Iterator[ImportLine]:
        """Yield the films of the file, from its beginning.

        Raises:
            FileRefusedError: it cannot be read on.
        """
        options = (self.reading,) if self.format in TABLES else ()
        self.reading.doubts = 0
        with self.path.open("rb") as file:
            for line in self.readers[self.format](file, *options):
                if not line.doubts:
                    yield line
                elif self.has_sure_titles:
                    yield replace(line, doubts=())
                else:
                    self.reading.doubts += 1
                    yield line


def run_import(
    sessions: sessionmaker[Session],
    source: ImportSource,
    spool: Spool,
    scratch: Scratch,
    *,
    actor: Actor,
) -> Iterator[LineResult]:
    """Apply what ``check`` found good and put into ``spool``; yield what became of each line.

    Results of lines that ``check`` refused, or left, do not come again; one of a line that was told
    already comes again where a film that it is related to has not come after all.
    """
    with sessions.begin() as session:
        ref = _begin(session, source, actor)
    by = ImportActor(actor, reason=f"import {ref} of {source.name}")
    try:
        with _signs_of_life(sessions, ref):
            yield from write_checked(sessions, source, spool, scratch, by=by)
            with sessions.begin() as session:
                _finish(session, ref, scratch.count(), actor)
    except BaseException as error:  # also Ctrl-C: whoever reads of this import must know
        with suppress(SQLAlchemyError), sessions.begin() as session:
            _fail(session, ref, scratch, actor, error)
        raise


def write_checked(
    sessions: sessionmaker[Session],
    source: ImportSource,
    spool: Spool,
    scratch: Scratch,
    *,
    by: ImportActor,
) -> Generator[LineResult]:
    """Write what ``check`` put into ``spool``. Yield results as ``run_import`` does."""
    done = chain(
        apply(sessions, spool, scratch, by=by),
        retry_lines(sessions, source.lines(), scratch, by=by, last=False),
        retry_lines(sessions, source.lines(), scratch, by=by, last=True),
    )
    for result in done:
        scratch.note(result.number, result.slug, result.title, result.outcome)
        scratch.note_written(result.number)
        yield result


def _begin(session: Session, source: ImportSource, actor: Actor) -> str:
    _end_stopped(session)
    ref = new_number("FI")
    session.add(
        FilmImport(
            ref=ref,
            file_name=source.name,
            file_format=source.format.value,
            file_bytes=source.path.stat().st_size,
            sha256=source.sha256,
            who=actor,
            started_at=clock.now(),
            state=ImportState.APPLYING,
            next_run_at=clock.now() + COMMAND_LEASE,
        )
    )
    told = {"file": source.name, "sha256": source.sha256}
    audit.record_action(session, "film_import", ref, "begun", actor, after=told)
    return ref


def _end_stopped(session: Session) -> None:
    """Say of commands that were killed that they are: where no worker runs, nobody else does."""
    stopped = update(FilmImport).where(
        FilmImport.state == ImportState.APPLYING,
        FilmImport.actor_via == "cli",
        FilmImport.next_run_at <= clock.now(),
    )
    now = {"state": ImportState.FAILED, "problem": COMMAND_STOPPED, "next_run_at": None}
    session.execute(stopped.values(now).execution_options(synchronize_session=False))


def failure_words(error: BaseException, *, applying: bool) -> str:
    """Return what is said of an import that an unexpected error ended."""
    reason = reason_of(error)
    if not applying:
        return f"An error stopped the check: {reason}. Nothing was changed."
    return (
        f"An error stopped the import: {reason}. Applied lines are kept. Import the file again "
        f"for the rest."
    )


def _fail(session: Session, ref: str, scratch: Scratch, actor: Actor, error: BaseException) -> None:
    row = session.scalars(select(FilmImport).where(FilmImport.ref == ref)).one()
    scratch.refuse_unwritten()
    row.state, row.next_run_at = ImportState.FAILED, None
    row.problem = failure_words(error, applying=True)
    set_counts(row, scratch.count())
    told = {"problem": row.problem, **{each.value: n for each, n in row.counts.items()}}
    audit.record_action(session, "film_import", ref, "failed", actor, after=told)


def set_counts(row: FilmImport, counts: Mapping[LineOutcome, int]) -> None:
    """Write into an import how many of its lines came to what."""
    for outcome in LineOutcome:
        setattr(row, outcome.value, counts.get(outcome, 0))


@contextmanager
def _signs_of_life(sessions: sessionmaker[Session], ref: str) -> Iterator[None]:
    """Say every few seconds that the command is at work, until the block ends."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            row = update(FilmImport).where(
                FilmImport.ref == ref, FilmImport.state == ImportState.APPLYING
            )
            try:
                with sessions.begin() as session:
                    session.execute(row.values(next_run_at=clock.now() + COMMAND_LEASE))
            except SQLAlchemyError as error:
                log.warning("import.heartbeat_failed", extra={"cause": str(error)})

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _finish(session: Session, ref: str, counts: Mapping[LineOutcome, int], actor: Actor) -> None:
    row = session.scalars(select(FilmImport).where(FilmImport.ref == ref)).one()
    row.finished_at, row.state = clock.now(), ImportState.APPLIED
    row.problem = row.next_run_at = None
    set_counts(row, counts)
    told = {each.value: counts[each] for each in LineOutcome}
    audit.record_action(session, "film_import", ref, "finished", actor, after=told)
