"""Imports by the command: a checked file is applied, recorded and audited."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import reason_of
from app.core.numbers import new_number
from app.imports.batch_writer import ImportActor, write_checked
from app.imports.formats import ImportSource
from app.imports.lines import (
    LineOutcome,
    LineResult,
)
from app.imports.models import FilmImport, ImportState
from app.imports.prepared_lines import Spool
from app.imports.scratch_database import ScratchDatabase

log = logging.getLogger(__name__)
# A command without a heartbeat for this long was killed, and its import fails.
COMMAND_LEASE = timedelta(minutes=1)
HEARTBEAT_SECONDS = 15
COMMAND_STOPPED_TEXT = (
    "The command was stopped before it finished. Applied lines are kept. Import the file again "
    "for the rest."
)
UNWRITTEN_TEXT = "The import stopped before this {word}. Import the file again."


def run_import(
    sessions: sessionmaker[Session],
    source: ImportSource,
    spool: Spool,
    scratch: ScratchDatabase,
    *,
    actor: Actor,
) -> Iterator[LineResult]:
    """Apply the lines in ``spool``; yield results as ``write_checked`` does."""
    with sessions.begin() as session:
        ref = _start(session, source, actor)
    by = ImportActor(actor, reason=f"import {ref} of {source.name}")
    try:
        with _heartbeat(sessions, ref):
            yield from write_checked(sessions, source, spool, scratch, by=by)
            with sessions.begin() as session:
                _finish(session, ref, scratch.count(), actor)
    except BaseException as error:  # also Ctrl-C: the row must show it
        with suppress(SQLAlchemyError), sessions.begin() as session:
            _fail(session, ref, scratch, actor, error)
        raise


def _start(session: Session, source: ImportSource, actor: Actor) -> str:
    _fail_stopped(session)
    ref = new_number("FI")
    session.add(
        FilmImport(
            ref=ref,
            file_name=source.name,
            file_format=source.format.value,
            file_bytes=source.path.stat().st_size,
            sha256=source.sha256,
            sender=actor,
            started_at=clock.now(),
            state=ImportState.APPLYING,
            next_run_at=clock.now() + COMMAND_LEASE,
        )
    )
    facts = {"file": source.name, "sha256": source.sha256}
    audit.record_action(session, "film_import", ref, "begun", actor, after=facts)
    return ref


def _fail_stopped(session: Session) -> None:
    """Fail imports whose command was killed. The worker does the same, but it may not run."""
    stopped = update(FilmImport).where(
        FilmImport.state == ImportState.APPLYING,
        FilmImport.actor_via == "cli",
        FilmImport.next_run_at <= clock.now(),
    )
    values = {"state": ImportState.FAILED, "problem": COMMAND_STOPPED_TEXT, "next_run_at": None}
    session.execute(stopped.values(values).execution_options(synchronize_session=False))


def failure_message(error: BaseException, *, applying: bool) -> str:
    """Return the message for an import that an unexpected error ended."""
    reason = reason_of(error)
    if not applying:
        return f"An error stopped the check: {reason}. Nothing was changed."
    return (
        f"An error stopped the import: {reason}. Applied lines are kept. Import the file again "
        f"for the rest."
    )


def _fail(
    session: Session, ref: str, scratch: ScratchDatabase, actor: Actor, error: BaseException
) -> None:
    row = session.scalars(select(FilmImport).where(FilmImport.ref == ref)).one()
    scratch.reject_unwritten()
    row.state, row.next_run_at = ImportState.FAILED, None
    row.problem = failure_message(error, applying=True)
    row.set_counts(scratch.count())
    facts = {"problem": row.problem, **{outcome.value: n for outcome, n in row.counts.items()}}
    audit.record_action(session, "film_import", ref, "failed", actor, after=facts)


@contextmanager
def _heartbeat(sessions: sessionmaker[Session], ref: str) -> Iterator[None]:
    """Renew the lease of the command in the background until the block ends."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            statement = update(FilmImport).where(
                FilmImport.ref == ref, FilmImport.state == ImportState.APPLYING
            )
            try:
                with sessions.begin() as session:
                    session.execute(statement.values(next_run_at=clock.now() + COMMAND_LEASE))
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
    row.set_counts(counts)
    facts = {outcome.value: counts[outcome] for outcome in LineOutcome}
    audit.record_action(session, "film_import", ref, "finished", actor, after=facts)
