"""Uploaded files of films, which the worker checks and applies.

The bytes are in the storage under their hash until then. Each step can be repeated: a check starts
over, and of a file that was partly applied the rest is applied.
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
from app.imports.formats import MAX_NAME_LENGTH, format_of
from app.imports.headings import FIELDS, IGNORE, heading_key
from app.imports.lines import FileFormat, ImportFileError, LineOutcome
from app.imports.models import FilmImport, FilmImportLine, ImportState
from app.media.storage_names import digest

log = logging.getLogger(__name__)
MAX_FILE_BYTES = 50_000_000
RETENTION = timedelta(days=7)
# Longer than the worker takes from one batch to the next.
LEASE = timedelta(minutes=15)
WORK_QUEUE = WorkQueue(
    key=FilmImport.id,
    due_at=FilmImport.next_run_at,
    is_due=lambda at: FilmImport.next_run_at <= at,
    retry_after=LEASE,
    group=JobGroup.FILMS,
)
STORAGE_FOLDER = "imports/"
UNFINISHED_STATES = (
    ImportState.CHECKING,
    ImportState.CHECKED,
    ImportState.UNMAPPED,
    ImportState.APPLYING,
)
MAX_REMEMBERED_MAPPINGS = 30
# The end of a film, where films can be counted without parsing the file.
RECORD_ENDS = {
    FileFormat.JSON_LINES: re.compile(rb"\n"),
    FileFormat.CSV: re.compile(rb"\n"),
    FileFormat.MARC: re.compile(rb"\x1d"),
    FileFormat.MARCXML: re.compile(rb"</(?:\w+:)?record>"),
}


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """The bytes of an uploaded file, and its detected format."""

    name: str
    data: bytes
    sha256: str
    format: FileFormat

    @classmethod
    def of(cls, name: str, data: bytes) -> "UploadedFile":
        """Detect the format of a file.

        Raises:
            ImportFileError: it is empty, too large, or in an unknown format.
        """
        if len(data) > MAX_FILE_BYTES:
            msg = (
                f"The file is larger than {MAX_FILE_BYTES // 1_000_000} MB. Use reelright catalog "
                f"import."
            )
            raise ImportFileError(msg)
        format_ = format_of(BytesIO(data))
        # A file name may hold characters that no database stores.
        printable_name = "".join(letter for letter in name if letter.isprintable())[
            -MAX_NAME_LENGTH:
        ]
        return cls(printable_name or "films", data, digest(data), format_)

    @property
    def estimated_lines(self) -> int:
        """About how many films it has; 0 if only parsing can tell."""
        end = RECORD_ENDS.get(self.format)
        return sum(1 for _ in end.finditer(self.data)) if end else 0


def storage_name(sha256: str) -> str:
    """Return the name of a file in the storage."""
    return f"{STORAGE_FOLDER}{sha256}"


def store_upload(storage: Storage, upload: UploadedFile) -> None:
    """Store the bytes of a file, before and after adding its row, as a job may delete them."""
    if not storage.exists(storage_name(upload.sha256)):
        storage.write(storage_name(upload.sha256), upload.data)


def create_import(session: Session, upload: UploadedFile, *, actor: Actor) -> FilmImport:
    """Add an import that the worker checks. The bytes must be stored already."""
    now = clock.now()
    row = FilmImport(
        ref=new_number("FI"),
        file_name=upload.name,
        file_format=upload.format.value,
        file_bytes=len(upload.data),
        sha256=upload.sha256,
        sender=actor,
        started_at=now,
        state=ImportState.CHECKING,
        line_count=upload.estimated_lines,
        next_run_at=now,
        expires_at=now + RETENTION,
    )
    session.add(row)
    session.flush()
    return row


def get_import(session: Session, ref: str, *, for_change: bool = False) -> FilmImport:
    """Return an import; ``for_change`` locks its row.

    Raises:
        NotFoundError: it does not exist, or it expired without being applied.
    """
    statement = select(FilmImport).where(FilmImport.ref == ref)
    row = session.scalar(statement.with_for_update() if for_change else statement)
    if row is None:
        detail = "Import not found. Imports that are not applied are kept for seven days."
        raise NotFoundError(detail)
    return row


def find_imports(session: Session, *, below: int | None = None, limit: int) -> Sequence[FilmImport]:
    """Return imports with IDs below ``below``, newest first."""
    statement = select(FilmImport).order_by(FilmImport.id.desc()).limit(limit)
    if below is not None:
        statement = statement.where(FilmImport.id < below)
    return session.scalars(statement).all()


def find_lines(
    session: Session,
    row: FilmImport,
    *,
    outcome: LineOutcome | None = None,
    after: int = 0,
    limit: int,
) -> Sequence[FilmImportLine]:
    """Return results of lines in their order, of one outcome, ``after`` a line number."""
    line = FilmImportLine
    statement = select(line).where(line.import_id == row.id, line.number > after)
    if outcome is not None:
        statement = statement.where(line.outcome == outcome)
    return session.scalars(statement.order_by(line.number).limit(limit)).all()


def request_apply(
    session: Session, ref: str, *, skip_rejected: bool, actor: Actor
) -> tuple[FilmImport, bool]:
    """Have the worker apply a checked file; return it, and whether this request started that.

    Raises:
        NotFoundError: there is no such import.
        ConflictError: it is still being checked, is unreadable, or has rejected lines that are not
            to be skipped.
    """
    row = get_import(session, ref, for_change=True)
    if row.state in {ImportState.APPLYING, ImportState.APPLIED}:
        return row, False
    if row.state is not ImportState.CHECKED:
        detail = "The file is still being checked. Nothing was applied."
        raise ConflictError(detail if row.waits_for_worker else row.problem or detail)
    if row.rejected and not skip_rejected:
        detail = f"Rejected lines: {row.rejected:,}. Fix them, or apply only the valid lines."
        raise ConflictError(detail)
    row.state, row.skip_rejected, row.sender = ImportState.APPLYING, skip_rejected, actor
    row.done_count, row.tries, row.problem = 0, 0, None
    row.line_count = row.created + row.changed
    row.next_run_at = clock.now()
    facts = {"file": row.file_name, "sha256": row.sha256}
    audit.record_action(session, "film_import", ref, "begun", actor, after=facts)
    return row, True


def request_check(
    session: Session,
    ref: str,
    *,
    mapping: Mapping[str, str] | None = None,
    has_sure_titles: bool | None = None,
) -> FilmImport:
    """Have the worker check a file again, with other columns or with confirmed titles.

    ``mapping`` gives fields by headings; other headings keep theirs. Later files with the same
    headings start with it.

    Raises:
        NotFoundError: there is no such import.
        ConflictError: it is being checked or applied, was applied, or is unreadable.
        InvalidInputError: a field does not exist, or the file has no such column.
    """
    row = get_import(session, ref, for_change=True)
    if row.state not in {ImportState.CHECKED, ImportState.UNMAPPED}:
        detail = "Only a checked file that is not applied can be checked again."
        raise ConflictError(detail)
    if mapping is not None:
        check_mapping(mapping, {heading_key(column["heading"]) for column in row.columns or ()})
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
    """Check that a mapping names columns of the file and fields of films.

    Raises:
        InvalidInputError: names each unknown one.
    """
    problems = []
    for heading, field in mapping.items():
        if heading_key(heading) not in headings:
            problem = f"The file has no column {heading!r}."
            problems.append(FieldProblem("#/columns", problem))
        elif field not in {*FIELDS, IGNORE}:
            detail = f"Enter a field or {IGNORE}. Fields: {', '.join(FIELDS)}."
            problems.append(FieldProblem(f"#/columns/{escape_pointer(heading)}", detail))
    if problems:
        raise InvalidInputError.of(*problems)


def escape_pointer(heading: str) -> str:
    """Return a heading as a part of a JSON pointer."""
    return heading.replace("~", "~0").replace("/", "~1")


def find_last_mapping(session: Session) -> dict[str, str]:
    """Return the fields that staff chose for headings of earlier files."""
    statement = select(FilmImport.mapping).where(FilmImport.mapping.is_not(None))
    latest = session.scalars(
        statement.order_by(FilmImport.id.desc()).limit(MAX_REMEMBERED_MAPPINGS)
    ).all()
    fields: dict[str, str] = {}
    for mapping in reversed(latest):
        fields |= mapping or {}
    return fields


def count_lines(session: Session, row: FilmImport) -> None:
    """Set the counts of an import from its lines."""
    line = FilmImportLine
    statement = select(line.outcome, func.count()).where(line.import_id == row.id)
    row.set_counts(dict(session.execute(statement.group_by(line.outcome)).all()))


def delete_expired(session: Session) -> None:
    """Delete expired imports that were never applied, and the expired lines of others.

    An import that failed may be partly applied, so its row stays. The orphan cleanup deletes the
    bytes.
    """
    now = clock.now()
    applied = FilmImport.state.in_((ImportState.APPLIED, ImportState.FAILED))
    expired = FilmImport.expires_at <= now
    idle = FilmImport.next_run_at.is_(None)
    session.execute(delete(FilmImport).where(expired, idle, ~applied))
    old = select(FilmImport.id).where(expired, applied)
    session.execute(delete(FilmImportLine).where(FilmImportLine.import_id.in_(old)))
    session.execute(update(FilmImport).where(expired, applied).values(expires_at=None))


def find_needed(session: Session, hashes: Iterable[str]) -> set[str]:
    """Return those of these hashes whose files an import still has to read."""
    statement = select(FilmImport.sha256).where(
        FilmImport.sha256.in_(list(hashes)), FilmImport.state.in_(UNFINISHED_STATES)
    )
    return set(session.scalars(statement))
