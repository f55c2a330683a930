"""Uploads of masters that may be cut short and go on: tus 1.0, with creation and termination.

How much has come is the length of a file of the spool folder, and nothing else, so no crash can
leave the two different. When all has come, the master is received and its packaging is due.
"""

import fcntl
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from fastapi.concurrency import run_in_threadpool
from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core.errors import AppError, ConflictError, FieldProblem, InvalidInputError
from app.core.numbers import new_token
from app.media import master_service
from app.media.master_models import Master
from app.media.master_states import MasterRole, MasterState
from app.media.uploads import plain_name

TUS_VERSION = "1.0.0"
CONTENT_TYPE = "application/offset+octet-stream"
GIGABYTE = 1_000_000_000
# Written to the disk in pieces of at least this size.
WRITE_BYTES = 4 * 1024 * 1024
# An upload without new bytes for this long is canceled.
GIVEN_UP_AFTER = timedelta(days=7)


class OffsetError(ConflictError):
    """The bytes do not start at the end of the upload."""

    type = "upload-offset"
    title = "The upload is at another offset"


class UploadBusyError(ConflictError):
    """Another request sends bytes of the same upload."""

    type = "upload-busy"
    title = "Another request is sending this upload"


class UploadCutError(AppError):
    """The connection ended before all bytes of the request had come."""

    type = "upload-cut"
    title = "The connection ended early"
    status = HTTPStatus.BAD_REQUEST


def begin(
    session: Session,
    version_id: int,
    *,
    name: str,
    size_bytes: int,
    max_gb: int,
    role: MasterRole,
    language: str | None,
    actor: Actor,
) -> Master:
    """Add a master whose bytes are still to come.

    Raises:
        InvalidInputError: it would be empty or too large.
    """
    if not 0 < size_bytes <= max_gb * GIGABYTE:
        problem = FieldProblem("#/file", f"Choose a file of up to {max_gb} GB that is not empty.")
        raise InvalidInputError.of(problem)
    master = Master(
        version_id=version_id,
        role=role,
        state=MasterState.UPLOADING,
        language=language,
        original_name=plain_name(name) or "master",
        size_bytes=size_bytes,
        spool_name=new_token(),
    )
    session.add(master)
    session.flush()
    after: dict[str, JsonValue] = {"name": master.original_name, "bytes": size_bytes}
    audit.record_action(session, master_service.MASTER, master.ref, "announced", actor, after=after)
    return master


def read_offset(spool: Path, master: Master) -> int:
    """Return how many bytes of an upload have come."""
    if master.state is not MasterState.UPLOADING:
        return master.size_bytes
    path = spool / (master.spool_name or "")
    return path.stat().st_size if path.is_file() else 0


async def append(spool: Path, master: Master, offset: int, stream: AsyncIterator[bytes]) -> int:
    """Write what comes at the end of an upload. Return how many bytes have come by then.

    What came before the connection ended is kept.

    Raises:
        OffsetError: the upload is at another byte.
        UploadBusyError: another request is at it.
        InvalidInputError: more came than was announced.
    """
    if master.state is not MasterState.UPLOADING:
        detail = f"The upload is complete: {master.size_bytes} bytes."
        raise OffsetError(detail)
    with _held(spool / (master.spool_name or "")) as path:
        present = path.stat().st_size
        if offset != present:
            detail = f"The upload is at byte {present}, not {offset}."
            raise OffsetError(detail, headers={"Upload-Offset": str(present)})
        with path.open("ab") as file:
            pending = bytearray()
            async for piece in stream:
                pending += piece
                if present + len(pending) > master.size_bytes:
                    problem = FieldProblem("#/file", "More bytes came than Upload-Length says.")
                    raise InvalidInputError.of(problem)
                if len(pending) >= WRITE_BYTES:
                    present += await run_in_threadpool(file.write, bytes(pending))
                    pending.clear()
            present += await run_in_threadpool(file.write, bytes(pending))
        return present


def finish(session: Session, ref: str, *, actor: Actor) -> Master:
    """Receive a master whose bytes have all come. Safe to repeat."""
    master = master_service.get_master(session, ref)
    if master.state is not MasterState.UPLOADING:
        return master
    master_service.move_master(
        session, master, MasterState.RECEIVED, actor=actor, reason="all bytes have come"
    )
    master_service.want_package_of(session, master, actor=actor)
    return master


def give_up(session: Session, spool: Path, ref: str, *, actor: Actor) -> None:
    """End an upload and remove what has come.

    Raises:
        ConflictError: it is complete; withdraw the master instead.
    """
    master = master_service.get_master(session, ref)
    if master.state is MasterState.WITHDRAWN:
        return
    if master.state is not MasterState.UPLOADING:
        detail = "The upload is complete. Withdraw the master instead."
        raise ConflictError(detail)
    master_service.move_master(
        session, master, MasterState.WITHDRAWN, actor=actor, reason="upload given up"
    )
    (spool / (master.spool_name or "")).unlink(missing_ok=True)


def give_up_silent(session: Session, spool: Path, *, at: datetime) -> int:
    """End uploads without new bytes for a week. Return how many."""
    rows = session.scalars(
        select(Master).where(
            Master.state == MasterState.UPLOADING, Master.created_at < at - GIVEN_UP_AFTER
        )
    ).all()
    ended = 0
    for master in rows:
        path = spool / (master.spool_name or "")
        is_recent = path.is_file() and path.stat().st_mtime > (at - GIVEN_UP_AFTER).timestamp()
        if not is_recent:
            give_up(session, spool, master.ref, actor=Actor.system("uploads"))
            ended += 1
    _remove_strays(session, spool, at)
    return ended


def _remove_strays(session: Session, spool: Path, at: datetime) -> None:
    """Remove the files of the spool that no master names and no process writes."""
    named = set(session.scalars(select(Master.spool_name).where(Master.spool_name.is_not(None))))
    for path in spool.glob("*"):
        is_old = path.stat().st_mtime < (at - GIVEN_UP_AFTER).timestamp()
        if is_old and path.is_file() and path.name not in named:
            path.unlink(missing_ok=True)


def parse_metadata(header: str) -> Mapping[str, str]:
    """Return the names and values of ``Upload-Metadata``.

    Raises:
        InvalidInputError: a value is no Base64 of a text.

    >>> parse_metadata("filename ZmlsbS5tcDQ=,film YQ==")
    {'filename': 'film.mp4', 'film': 'a'}
    """
    found = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = b64decode(value, validate=True).decode()
        except (Base64Error, UnicodeDecodeError) as error:
            problem = FieldProblem("#/Upload-Metadata", f"The value of {name} is not Base64.")
            raise InvalidInputError.of(problem) from error
    return found


@contextmanager
def _held(path: Path) -> Iterator[Path]:
    """Hold an upload's file, which other processes may want too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            detail = "Wait until the other request ends, then ask for the offset."
            raise UploadBusyError(detail) from error
        yield path
