"""Files of films that were sent to the store: checked and applied by the worker, kept some days.

The bytes wait with the store's files under their hash; the row says what is to be done. Each step
can be repeated: a check begins anew, and of a file half applied the rest is applied.
"""

import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number
from app.core.storage import Storage
from app.core.work_queue import JobGroup, WorkQueue
from app.imports.formats import format_of
from app.imports.headings import FIELDS, IGNORE, heading_key
from app.imports.lines import FileFormat, ImportFileError, LineOutcome
from app.imports.models import FilmImport, FilmImportLine, ImportState
from app.imports.running import MAX_NAME_LENGTH, set_counts
from app.media.storage_names import digest

log = logging.getLogger(__name__)
MAX_FILE_BYTES = 50_000_000
RETENTION = timedelta(days=7)
# Longer than the worker takes from one sign of life to the next.
LEASE = timedelta(minutes=15)
WORK_QUEUE = WorkQueue(
    key=FilmImport.id,
    due_at=FilmImport.next_run_at,
    is_due=lambda at: FilmImport.next_run_at <= at,
    retry_after=LEASE,
    group=JobGroup.FILMS,
)
FOLDER = "imports/"
OPEN = (
    ImportState.CHECKING,
    ImportState.CHECKED,
    ImportState.UNMAPPED,
    ImportState.APPLYING,
)
MAX_REMEMBERED = 30
# What ends each film of a file, where that can be counted without reading it.
ENDS = {
    FileFormat.JSON_LINES: re.compile(rb"\n"),
    FileFormat.CSV: re.compile(rb"\n"),
    FileFormat.MARC: re.compile(rb"\x1d"),
    FileFormat.MARCXML: re.compile(rb"</(?:\w+:)?record>"),
}


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came, looked at from outside."""

    name: str
    data: bytes
    sha256: str
    format: FileFormat

    @classmethod
    def of(cls, name: str, data: bytes) -> "UploadedFile":
        """Look at a file.

        Raises:
            FileRefusedError: it is empty, too large, or in a format that nobody here reads.
        """
        if len(data) > MAX_FILE_BYTES:
            msg = (
                f"The file is larger than {MAX_FILE_BYTES // 1_000_000} MB. Use reelright catalog "
                f"import."
            )
            raise ImportFileError(msg)
        found = format_of(BytesIO(data))
        # A sender may call it anything, also what no database keeps.
        called = "".join(letter for letter in name if letter.isprintable())[-MAX_NAME_LENGTH:]
        return cls(called or "films", data, digest(data), found)

    @property
    def line_guess(self) -> int:
        """How many films it has, more or less; 0 where only reading it can tell."""
        end = ENDS.get(self.format)
        return sum(1 for _ in end.finditer(self.data)) if end else 0


def kept_name(sha256: str) -> str:
    """Return under which name the bytes of a file wait."""
    return f"{FOLDER}{sha256}"


def store_upload(storage: Storage, sent: UploadedFile) -> None:
    """Keep a file's bytes: before its row, and once more after it, in case a job removed them."""
    if not storage.exists(kept_name(sent.sha256)):
        storage.write(kept_name(sent.sha256), sent.data)


def create_import(session: Session, sent: UploadedFile, *, actor: Actor) -> FilmImport:
    """Have a file checked by the worker. Its bytes are kept already."""
    now = clock.now()
    row = FilmImport(
        ref=new_number("FI"),
        file_name=sent.name,
        file_format=sent.format.value,
        file_bytes=len(sent.data),
        sha256=sent.sha256,
        who=actor,
        started_at=now,
        state=ImportState.CHECKING,
        line_count=sent.line_guess,
        next_run_at=now,
        expires_at=now + RETENTION,
    )
    session.add(row)
    session.flush()
    return row


def import_of(session: Session, ref: str, *, for_change: bool = False) -> FilmImport:
    """Return an import; ``for_change`` locks its row.

    Raises:
        NotFoundError: there is none, or it was never applied and its days are over.
    """
    wanted = select(FilmImport).where(FilmImport.ref == ref)
    row = session.scalar(wanted.with_for_update() if for_change else wanted)
    if row is None:
        detail = "Import not found. Imports that are not applied are kept for seven days."
        raise NotFoundError(detail)
    return row


def find_imports(session: Session, *, below: int | None = None, limit: int) -> Sequence[FilmImport]:
    """Return imports, the last one first; ``below`` an id."""
    statement = select(FilmImport).order_by(FilmImport.id.desc()).limit(limit)
    if below is not None:
        statement = statement.where(FilmImport.id < below)
    return session.scalars(statement).all()


def lines_of(
    session: Session,
    row: FilmImport,
    *,
    outcome: LineOutcome | None = None,
    behind: int = 0,
    limit: int,
) -> Sequence[FilmImportLine]:
    """Return what becomes of lines, in their order: of one outcome, ``behind`` a number."""
    line = FilmImportLine
    wanted = select(line).where(line.import_id == row.id, line.number > behind)
    if outcome is not None:
        wanted = wanted.where(line.outcome == outcome)
    return session.scalars(wanted.order_by(line.number).limit(limit)).all()


def request_apply(
    session: Session, ref: str, *, skip_rejected: bool, actor: Actor
) -> tuple[FilmImport, bool]:
    """Have the worker apply a file that was checked; return it, and whether that is new.

    Asked again, nothing more is done.

    Raises:
        NotFoundError: there is no such import.
        ConflictError: it is still being checked, cannot be read, or has lines that are refused and
            these were not to be left out.
    """
    row = import_of(session, ref, for_change=True)
    if row.state in {ImportState.APPLYING, ImportState.APPLIED}:
        return row, False
    if row.state is not ImportState.CHECKED:
        detail = "The file is still being checked. Nothing was applied."
        raise ConflictError(detail if row.waits_for_worker else row.problem or detail)
    if row.rejected and not skip_rejected:
        detail = f"Rejected lines: {row.rejected:,}. Fix them, or apply only the valid lines."
        raise ConflictError(detail)
    row.state, row.skip_rejected, row.who = ImportState.APPLYING, skip_rejected, actor
    row.done_count, row.tries, row.problem = 0, 0, None
    row.line_count = row.created + row.changed
    row.next_run_at = clock.now()
    told = {"file": row.file_name, "sha256": row.sha256}
    audit.record_action(session, "film_import", ref, "begun", actor, after=told)
    return row, True


def have_checked_again(
    session: Session,
    ref: str,
    *,
    mapping: Mapping[str, str] | None = None,
    has_sure_titles: bool | None = None,
) -> FilmImport:
    """Have the worker check a file again: its columns chosen otherwise, or its titles confirmed.

    ``mapping`` gives fields by headings; what is not given stays. Later files whose columns have
    the same headings begin with it.

    Raises:
        NotFoundError: there is no such import.
        ConflictError: it is being checked or applied, was applied, or cannot be read.
        InvalidInputError: a field is none that a column can be, or the file has no such column.
    """
    row = import_of(session, ref, for_change=True)
    if row.state not in {ImportState.CHECKED, ImportState.UNMAPPED}:
        detail = "Only a checked file that is not applied can be checked again."
        raise ConflictError(detail)
    if mapping is not None:
        check_mapping(mapping, {heading_key(each["heading"]) for each in row.columns or ()})
        row.mapping = {heading_key(heading): field for heading, field in mapping.items()} | {
            name: field
            for name, field in (row.mapping or {}).items()
            if name not in {heading_key(heading) for heading in mapping}
        }
    if has_sure_titles is not None:
        row.has_sure_titles = has_sure_titles
    row.state, row.problem, row.tries, row.done_count = ImportState.CHECKING, None, 0, 0
    row.created = row.changed = row.unchanged = row.rejected = row.doubt_count = 0
    row.next_run_at = clock.now()
    return row


def check_mapping(mapping: Mapping[str, str], headings: Collection[str]) -> None:
    """Make sure that columns of a file are mapped to fields that there are.

    Raises:
        InvalidInputError: names each that is not.
    """
    problems = []
    for heading, field in mapping.items():
        if heading_key(heading) not in headings:
            problem = f"The file has no column {heading!r}."
            problems.append(FieldProblem("#/columns", problem))
        elif field not in {*FIELDS, IGNORE}:
            detail = f"Enter a field or {IGNORE}. Fields: {', '.join(FIELDS)}."
            problems.append(FieldProblem(f"#/columns/{escape(heading)}", detail))
    if problems:
        raise InvalidInputError.of(*problems)


def escape(heading: str) -> str:
    """Return a heading as a part of a JSON pointer."""
    return heading.replace("~", "~0").replace("/", "~1")


def remembered_mapping(session: Session) -> dict[str, str]:
    """Return which fields columns were chosen to be in earlier files, by heading."""
    chosen = select(FilmImport.mapping).where(FilmImport.mapping.is_not(None))
    latest = session.scalars(chosen.order_by(FilmImport.id.desc()).limit(MAX_REMEMBERED)).all()
    found: dict[str, str] = {}
    for mapping in reversed(latest):
        found |= mapping or {}
    return found


def count_lines(session: Session, row: FilmImport) -> None:
    """Write into an import how many of its lines came to what."""
    line = FilmImportLine
    wanted = select(line.outcome, func.count()).where(line.import_id == row.id)
    set_counts(row, dict(session.execute(wanted.group_by(line.outcome)).all()))


def forget_expired(session: Session) -> None:
    """Drop files that were never applied, and the lines of others, when their days are over.

    What failed may be applied in part, and stays.

    The bytes go with the next sweep of files.
    """
    now = clock.now()
    applied = FilmImport.state.in_((ImportState.APPLIED, ImportState.FAILED))
    expired = FilmImport.expires_at <= now
    idle = FilmImport.next_run_at.is_(None)
    session.execute(delete(FilmImport).where(expired, idle, ~applied))
    old = select(FilmImport.id).where(expired, applied)
    session.execute(delete(FilmImportLine).where(FilmImportLine.import_id.in_(old)))
    session.execute(update(FilmImport).where(expired, applied).values(expires_at=None))


def still_wanted(session: Session, hashes: Iterable[str]) -> set[str]:
    """Return those of these files that an import still has to read."""
    wanted = select(FilmImport.sha256).where(
        FilmImport.sha256.in_(list(hashes)), FilmImport.state.in_(OPEN)
    )
    return set(session.scalars(wanted))
