"""An import from beginning to end: a file that was checked is applied, recorded and audited."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog.import_models import FilmImport, ImportState
from app.catalog.transfer.applying import By, apply, settle
from app.catalog.transfer.formats import format_of
from app.catalog.transfer.lines import FileFormat, FileRefusedError, Line, Outcome, Readers, Result
from app.catalog.transfer.scratch import Scratch
from app.catalog.transfer.spool import Spool
from app.core import clock
from app.core.numbers import new_number

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Source:
    """A file of films: as it is called, where it lies, and what it is."""

    name: str
    path: Path
    format: FileFormat
    sha256: str
    readers: Readers

    @classmethod
    def of(cls, path: Path, readers: Readers, *, name: str = "") -> "Source":
        """Look at a file.

        Raises:
            FileRefusedError: it is empty, or in a format that nobody here reads.
            OSError: it cannot be opened.
        """
        with path.open("rb") as file:
            found = format_of(file)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if found not in readers:
            msg = f"The file looks like {found.label}, which cannot be read here."
            raise FileRefusedError(msg)
        return cls((name or path.name)[:LONGEST_NAME], path, found, digest, readers)

    def lines(self) -> Iterator[Line]:
        """Yield the films of the file, from its beginning.

        Raises:
            FileRefusedError: it cannot be read on.
        """
        with self.path.open("rb") as file:
            yield from self.readers[self.format](file)


def run(
    sessions: sessionmaker[Session],
    source: Source,
    spool: Spool,
    scratch: Scratch,
    *,
    actor: Actor,
) -> Iterator[Result]:
    """Apply what ``check`` found good and put into ``spool``; yield what became of each line.

    Results of lines that ``check`` refused, or left, do not come again; one of a line that was told
    already comes again where a film that it is related to has not come after all.
    """
    with sessions.begin() as session:
        ref = _begin(session, source, actor)
    by = By(actor, reason=f"import {ref} of {source.name}")
    yield from write_checked(sessions, source, spool, scratch, by=by)
    with sessions.begin() as session:
        _finish(session, ref, scratch.count(), actor)


def write_checked(
    sessions: sessionmaker[Session], source: Source, spool: Spool, scratch: Scratch, *, by: By
) -> Iterator[Result]:
    """Write what ``check`` put into ``spool``; results are those of ``run``, and also noted."""
    done = chain(
        apply(sessions, spool, scratch, by=by),
        settle(sessions, source.lines(), scratch, by=by, last=False),
        settle(sessions, source.lines(), scratch, by=by, last=True),
    )
    for result in done:
        scratch.note(result.number, result.slug, result.title, result.outcome)
        yield result


def _begin(session: Session, source: Source, actor: Actor) -> str:
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
        )
    )
    told = {"file": source.name, "sha256": source.sha256}
    audit.record_verb(session, "film_import", ref, "begun", actor, after=told)
    return ref


def _finish(session: Session, ref: str, counts: Mapping[Outcome, int], actor: Actor) -> None:
    row = session.scalars(select(FilmImport).where(FilmImport.ref == ref)).one()
    row.finished_at, row.state = clock.now(), ImportState.APPLIED
    for outcome in Outcome:
        setattr(row, outcome.value, counts[outcome])
    told = {each.value: counts[each] for each in Outcome}
    audit.record_verb(session, "film_import", ref, "finished", actor, after=told)
